//! A sandbox's load: commands at a steady rate, by the server in the learner's name. Only so
//! many run at once on a server; the others wait for their turn.

use crate::recorder::{Entry, Recorder, by_server};
use futures_util::future::BoxFuture;
use kit::Clock;
use protocol::{Command, Name, Observation, TERRARIUM, Uuid, Value};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
}

/// Commands left without an answer: past it a load is of no use to anyone, and only fills memory.
const UNANSWERED_MAX: usize = 10_000;

/// What bounds a load, and what it shares with those of other sandboxes.
#[derive(Clone)]
pub struct Bounds {
    /// One permit for each load that may run on this server.
    pub turns: Arc<Semaphore>,
    pub minutes: u32,
    pub record_bytes: u64,
    /// Counts accepted commands.
    pub commands: Arc<AtomicU64>,
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
    pub fn new(recorder: Recorder, clock: Clock, bounds: Bounds) -> Self {
        let (orders, inbox) = mpsc::unbounded_channel();
        let standing = Arc::<Mutex<Standing>>::default();
        let loading = Loading { recorder, clock, bounds, standing: standing.clone(), state: State::Off };
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
        let view = LoadView { kind: spec.kind.clone(), rate: spec.rate, sent };
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
        let run = Box::pin(self.commands(spec.clone(), sent));
        self.state = State::Running(spec, turn, run);
    }

    fn stop(&mut self, by: Name, reason: String) {
        if let State::Running(spec, _, _) = std::mem::replace(&mut self.state, State::Off) {
            self.observe_stopped(&spec, by, reason);
        }
        self.stands(None);
    }

    /// Shown from now on, with nothing sent yet.
    fn stands(&self, spec: Option<&LoadSpec>) -> Arc<AtomicU64> {
        let mut standing = guard(&self.standing);
        *standing = Standing { spec: spec.cloned(), ..Standing::default() };
        standing.sent.clone()
    }

    /// Sends commands until there is a reason not to.
    fn commands(&self, spec: LoadSpec, sent: Arc<AtomicU64>) -> impl Future<Output = String> + use<> {
        let (recorder, clock, bounds) = (self.recorder.clone(), self.clock, self.bounds.clone());
        let until = clock.now_us() + u64::from(bounds.minutes) * 60_000_000;
        kit::load::run(clock, spec.rate, move || {
            if clock.now_us() >= until {
                let minutes = bounds.minutes;
                return ControlFlow::Break(format!("it ran for {minutes} minutes, as long as a load may"));
            }
            if recorder.history.bytes() >= bounds.record_bytes {
                return ControlFlow::Break("the record is full".to_owned());
            }
            if recorder.history.with_picture(|picture| picture.state.commands_waiting.len()) >= UNANSWERED_MAX {
                return ControlFlow::Break(format!("{UNANSWERED_MAX} commands wait for an answer"));
            }
            let command = Command { id: Uuid::new_v4(), kind: spec.kind.to_string(), data: spec.data.clone() };
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
