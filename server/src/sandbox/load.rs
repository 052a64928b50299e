//! A sandbox's load: commands at a steady rate, by the server in the learner's name, and if wanted
//! so many reads for each of them. Only so many run at once on a server; the others wait for their
//! turn.

mod meter;
mod reading;

pub use meter::Meter;
pub use reading::Readers;

use crate::recorder::{Entry, Recorder, by_server};
use futures_util::future::BoxFuture;
use kit::Clock;
use protocol::{Command, Name, Observation, TERRARIUM, Uuid, Value};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// What `PUT …/load` takes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadSpec {
    #[serde(rename = "type")]
    pub kind: Name,
    /// Commands a second.
    pub rate: NonZeroU32,
    /// Of each command.
    #[serde(default = "one_piece")]
    pub data: Value,
    /// What is read meanwhile.
    #[serde(default)]
    pub reads: Option<ReadsSpec>,
}

/// Reads beside the commands of a load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadsSpec {
    /// For each command, 1 to [`PER_WRITE_MAX`].
    pub per_write: NonZeroU32,
}

pub const PER_WRITE_MAX: u32 = 100;

impl LoadSpec {
    /// Reads a second.
    pub fn read_rate(&self) -> Option<NonZeroU32> {
        self.reads.as_ref().map(|reads| self.rate.saturating_mul(reads.per_write))
    }
}

fn one_piece() -> Value {
    serde_json::json!({ "item_id": protocol::ITEM, "quantity": 1, "user_id": protocol::USER })
}

/// A load as it stands, for the API.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum LoadStanding {
    Off,
    /// As many run on this server as may; it starts when one of them ends.
    Queued(LoadView),
    Running(LoadView),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LoadView {
    #[serde(rename = "type")]
    kind: Name,
    rate: NonZeroU32,
    /// Commands accepted since it runs at this rate.
    sent: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reads: Option<ReadsSpec>,
}

impl LoadView {
    /// Commands a second, and reads for each of them, where it reads.
    pub fn reads(&self) -> Option<(u32, u32)> {
        Some((self.rate.get(), self.reads.as_ref()?.per_write.get()))
    }
}

/// What bounds a load, and what it shares with those of other sandboxes.
#[derive(Clone)]
pub struct Bounds {
    /// One permit for each load that may run on this server.
    pub turns: Arc<Semaphore>,
    /// How long one runs at most.
    pub longest: Duration,
    pub record_bytes: u64,
    /// Commands left without an answer: past it a load teaches nothing more and only fills memory.
    pub unanswered: usize,
    /// Counts accepted commands.
    pub commands: Arc<AtomicU64>,
}

impl Bounds {
    /// Why a load that ran for so long must not go on.
    fn past(&self, ran: Duration, recorder: &Recorder) -> Option<String> {
        if ran >= self.longest {
            return Some(format!("it ran for {} minutes, as long as a load may", self.longest.as_secs() / 60));
        }
        if recorder.history.bytes() >= self.record_bytes {
            return Some("the record is full".to_owned());
        }
        let unanswered = recorder.history.with_picture(|picture| picture.state.commands_waiting.len());
        (unanswered >= self.unanswered).then(|| format!("{unanswered} commands wait for an answer"))
    }
}

/// The way to a sandbox's load. It ends when this is dropped.
pub struct Loader {
    orders: mpsc::UnboundedSender<(Order, oneshot::Sender<()>)>,
    standing: Arc<Mutex<Standing>>,
}

enum Order {
    Put(LoadSpec),
    Stop { by: Name, reason: &'static str },
}

impl Loader {
    pub fn new(recorder: Recorder, clock: Clock, bounds: Bounds, readers: Readers) -> Self {
        let (orders, inbox) = mpsc::unbounded_channel();
        let standing = Arc::<Mutex<Standing>>::default();
        let loading = Loading { recorder, clock, bounds, readers, standing: standing.clone(), state: State::Off };
        tokio::spawn(loading.run(inbox));
        Loader { orders, standing }
    }

    /// Starts a load or changes the one there is; returns once that is in the record.
    pub async fn put(&self, spec: LoadSpec) {
        self.order(Order::Put(spec)).await;
    }

    /// Stops the load, if there is one.
    pub async fn stop(&self, by: Name, reason: &'static str) {
        self.order(Order::Stop { by, reason }).await;
    }

    pub fn standing(&self) -> LoadStanding {
        let standing = guard(&self.standing);
        let Some(spec) = &standing.spec else { return LoadStanding::Off };
        let sent = standing.sent.load(Ordering::Relaxed);
        let view = LoadView { kind: spec.kind.clone(), rate: spec.rate, sent, reads: spec.reads.clone() };
        if standing.runs { LoadStanding::Running(view) } else { LoadStanding::Queued(view) }
    }

    async fn order(&self, order: Order) {
        let (done, carried_out) = oneshot::channel();
        if self.orders.send((order, done)).is_ok() {
            let _ = carried_out.await;
        }
    }
}

#[derive(Default)]
struct Standing {
    spec: Option<LoadSpec>,
    runs: bool,
    sent: Arc<AtomicU64>,
}

fn guard(standing: &Mutex<Standing>) -> MutexGuard<'_, Standing> {
    standing.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Loading {
    recorder: Recorder,
    clock: Clock,
    bounds: Bounds,
    readers: Readers,
    standing: Arc<Mutex<Standing>>,
    state: State,
}

/// What comes next is the future; a turn is kept until its permit is dropped.
enum State {
    Off,
    Queued(LoadSpec, BoxFuture<'static, Option<OwnedSemaphorePermit>>),
    Running(LoadSpec, OwnedSemaphorePermit, BoxFuture<'static, String>),
}

enum Next {
    Turn(Option<OwnedSemaphorePermit>),
    Over(String),
}

impl State {
    async fn next(&mut self) -> Next {
        match self {
            State::Off => std::future::pending().await,
            State::Queued(_, turn) => Next::Turn(turn.await),
            State::Running(_, _, run) => Next::Over(run.await),
        }
    }
}

impl Loading {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<(Order, oneshot::Sender<()>)>) {
        loop {
            tokio::select! {
                // Whoever stops a load comes before its next command.
                biased;
                order = inbox.recv() => {
                    let Some((order, done)) = order else { return };
                    match order {
                        Order::Put(spec) => self.put(spec),
                        Order::Stop { by, reason } => self.stop(by, reason.to_owned()),
                    }
                    // When the record has ended there is nothing more to wait for.
                    let _ = self.recorder.flush().await;
                    let _ = done.send(());
                }
                next = self.state.next() => match (next, std::mem::replace(&mut self.state, State::Off)) {
                    (Next::Turn(Some(turn)), State::Queued(spec, _)) => self.start(spec, turn),
                    (Next::Over(reason), state) => {
                        self.state = state;
                        self.stop(TERRARIUM.into(), reason);
                    }
                    // There are no more turns: the server ends.
                    (Next::Turn(_), _) => drop(self.stands(None)),
                },
            }
        }
    }

    fn put(&mut self, spec: LoadSpec) {
        match std::mem::replace(&mut self.state, State::Off) {
            State::Running(same, turn, run) if same == spec => self.state = State::Running(same, turn, run),
            State::Running(before, turn, _) => {
                self.observe_stopped(&before, "learner".into(), "changed by the learner".to_owned());
                self.start(spec, turn);
            }
            // It keeps its place.
            State::Queued(_, turn) => self.queue(spec, turn),
            State::Off => {
                let turns = self.bounds.turns.clone();
                match turns.clone().try_acquire_owned() {
                    Ok(turn) => self.start(spec, turn),
                    Err(_) => self.queue(spec, Box::pin(async move { turns.acquire_owned().await.ok() })),
                }
            }
        }
    }

    fn queue(&mut self, spec: LoadSpec, turn: BoxFuture<'static, Option<OwnedSemaphorePermit>>) {
        self.stands(Some(&spec));
        self.state = State::Queued(spec, turn);
    }

    fn start(&mut self, spec: LoadSpec, turn: OwnedSemaphorePermit) {
        let started = Observation::LoadStarted { command_type: spec.kind.clone(), rate: spec.rate.get() };
        self.observe("learner".into(), started);
        let sent = self.stands(Some(&spec));
        guard(&self.standing).runs = true;
        let run = self.all(&spec, sent);
        self.state = State::Running(spec, turn, run);
    }

    fn stop(&mut self, by: Name, reason: String) {
        if let State::Running(spec, _, _) = std::mem::replace(&mut self.state, State::Off) {
            self.observe_stopped(&spec, by, reason);
        }
        self.readers.meter.end();
        self.stands(None);
    }

    /// Shown from now on, with nothing sent yet.
    fn stands(&self, spec: Option<&LoadSpec>) -> Arc<AtomicU64> {
        let mut standing = guard(&self.standing);
        *standing = Standing { spec: spec.cloned(), ..Standing::default() };
        standing.sent.clone()
    }

    /// Sends all that is to be sent until there is a reason not to.
    fn all(&self, spec: &LoadSpec, sent: Arc<AtomicU64>) -> BoxFuture<'static, String> {
        let commands = self.commands(spec.clone(), sent);
        let Some(rate) = spec.read_rate() else {
            self.readers.meter.end();
            return Box::pin(commands);
        };
        self.readers.meter.begin();
        let (recorder, clock, readers) = (self.recorder.clone(), self.clock, self.readers.clone());
        let observe =
            move |window| drop(recorder.send(Entry::Observe(vec![by_server(clock, TERRARIUM.into(), window)])));
        let owner =
            self.readers.topology.owner_of(&spec.kind).map_or_else(|| TERRARIUM.into(), |owner| owner.name.clone());
        let telling = readers.clone().tell(rate.get(), (owner, spec.rate.get()), observe);
        Box::pin(async move {
            tokio::select! {
                why = commands => why,
                why = readers.run(rate) => why,
                () = telling => std::future::pending().await,
            }
        })
    }

    /// Sends commands until there is a reason not to.
    fn commands(&self, spec: LoadSpec, sent: Arc<AtomicU64>) -> impl Future<Output = String> + use<> {
        let (recorder, clock, bounds) = (self.recorder.clone(), self.clock, self.bounds.clone());
        let (began, meter) = (clock.now_us(), self.readers.meter.clone());
        kit::load::run(clock, spec.rate, move |planned_us| {
            let ran = Duration::from_micros(clock.now_us().saturating_sub(began));
            if let Some(reason) = bounds.past(ran, &recorder) {
                return ControlFlow::Break(reason);
            }
            let command = Command { id: Uuid::new_v4(), kind: spec.kind.to_string(), data: spec.data.clone() };
            meter.write(command.id, planned_us);
            // Nobody waits for the answer: the id is new, so it is accepted unless the record ends.
            let (reply, _) = oneshot::channel();
            if recorder.send(Entry::Accept { by: TERRARIUM.into(), command, reply }).is_err() {
                return ControlFlow::Break("the record has ended".to_owned());
            }
            sent.fetch_add(1, Ordering::Relaxed);
            bounds.commands.fetch_add(1, Ordering::Relaxed);
            ControlFlow::Continue(())
        })
    }

    fn observe_stopped(&self, spec: &LoadSpec, by: Name, reason: String) {
        let sent = guard(&self.standing).sent.load(Ordering::Relaxed);
        self.observe(by, Observation::LoadStopped { command_type: spec.kind.clone(), sent, reason });
    }

    /// Behind all commands it has sent.
    fn observe(&self, by: Name, observation: Observation) {
        let _ = self.recorder.send(Entry::Observe(vec![by_server(self.clock, by, observation)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{self, storage};
    use crate::testing::TempDir;

    fn bounds() -> Bounds {
        Bounds {
            turns: Arc::new(Semaphore::new(1)),
            longest: Duration::from_secs(15 * 60),
            record_bytes: 1 << 30,
            unanswered: 1000,
            commands: Arc::default(),
        }
    }

    /// A load whose commands nobody answers: how many it sent, and why it ended.
    async fn ended(bounds: Bounds) -> (u64, String) {
        let (dir, topology) = (TempDir::new(), protocol::topology("saga-choreography").expect("exists"));
        let path = dir.path().join("sandbox.db");
        let stored = storage::open(&path, &topology).await.expect("opens");
        let clock = Clock::starting_now();
        let recorder::Opened { recorder, task, .. } = recorder::open(stored, path, clock, Uuid::nil());
        tokio::spawn(task.run());
        let (client, services) = (crate::sandbox::dispatch::client(), Arc::default());
        let readers = Readers::new(client, clock, recorder.clone(), Arc::new(topology), services);
        let loader = Loader::new(recorder.clone(), clock, bounds.clone(), readers);
        let rate = NonZeroU32::new(10_000).expect("not 0");
        loader.put(LoadSpec { kind: "PlaceOrder".into(), rate, data: one_piece(), reads: None }).await;
        let turn = tokio::time::timeout(Duration::from_secs(30), bounds.turns.acquire()).await;
        drop(turn.expect("it ends in time"));
        recorder.flush().await.expect("it is open");
        assert_eq!(loader.standing(), LoadStanding::Off);
        let pieces = recorder.history.ndjson(0, usize::MAX).await.expect("it can be read").concat();
        let last = pieces.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().expect("a line");
        let last: protocol::Recorded = serde_json::from_slice(last).expect("reads");
        let Observation::LoadStopped { sent, reason, .. } = last.observation else { panic!("{last:?}") };
        assert_eq!(sent, last.position - 2, "all but its start and its end are its commands");
        recorder.end().await;
        (sent, reason)
    }

    #[tokio::test]
    async fn a_load_ends_when_its_time_is_up() {
        let (_, reason) = ended(Bounds { longest: Duration::from_millis(20), ..bounds() }).await;
        assert_eq!(reason, "it ran for 0 minutes, as long as a load may");
    }

    #[tokio::test]
    async fn a_load_ends_when_nobody_answers_it() {
        let (sent, reason) = ended(Bounds { unanswered: 50, ..bounds() }).await;
        assert!(sent >= 50 && reason.ends_with("commands wait for an answer"), "{sent}: {reason}");
    }

    #[tokio::test]
    async fn a_load_ends_when_the_record_is_full() {
        let (_, reason) = ended(Bounds { record_bytes: 10_000, ..bounds() }).await;
        assert_eq!(reason, "the record is full");
    }
}
