//! The keeper of one replica of a service: starts it, crashes it, stops it, and notices when it ends by itself.

use crate::recorder::{Entry, Recorder, by_server};
use kit::broker::ConsumerId;
use kit::fault::is_among;
use kit::{Clock, FromHost, Host, Start, ToHost};
use protocol::{Fault, FaultKind, Isolation, Name, Observation, Observed, ServiceSpec, Target};
use runner::{Link, Runner, Running};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// The way to a keeper. It ends its service when dropped.
pub struct Keeper {
    pub replica: u32,
    orders: mpsc::UnboundedSender<(Order, oneshot::Sender<()>)>,
}

/// How the record says which fault did something to a service.
const BY: &str = "by the fault ";

/// Where a service's replicas listen, those that are up, by number.
pub type Addresses = BTreeMap<u32, SocketAddr>;

enum Order {
    /// Nothing happens when it is up, or as long as a fault holds it down.
    Start,
    /// Down until it is started; nothing else gets it up.
    Crash(String),
    Stop(String),
    /// A crash or a pause begins. Nothing happens where it is over by now, or has nothing to take.
    Strike(Fault),
    /// The fault of this name is over: what it took is given back, unless another one holds it.
    Release(Name),
    /// It was left behind like that: down, for this reason, or by the crash that stands.
    Left(Option<String>),
}

impl Keeper {
    pub fn new(keeping: Keeping) -> Self {
        let (orders, inbox) = mpsc::unbounded_channel();
        let replica = keeping.replica;
        tokio::spawn(keeping.run(inbox));
        Keeper { replica, orders }
    }

    /// Returns once it is up, or its start has failed (which the record says).
    pub async fn start(&self) {
        self.order(Order::Start).await;
    }

    pub async fn crash(&self, reason: &str) {
        self.order(Order::Crash(reason.to_owned())).await;
    }

    pub async fn stop(&self, reason: &str) {
        self.order(Order::Stop(reason.to_owned())).await;
    }

    pub async fn strike(&self, fault: &Fault) {
        self.order(Order::Strike(fault.clone())).await;
    }

    pub async fn release(&self, fault: &Name) {
        self.order(Order::Release(fault.clone())).await;
    }

    /// It had crashed before the sandbox woke; the record says why.
    pub async fn left_down(&self, reason: Option<String>) {
        self.order(Order::Left(reason)).await;
    }

    async fn order(&self, order: Order) {
        let (done, carried_out) = oneshot::channel();
        if self.orders.send((order, done)).is_ok() {
            let _ = carried_out.await;
        }
    }
}

/// All that it takes to run a service's replica.
#[derive(Clone)]
pub struct Keeping {
    pub runner: Runner,
    pub recorder: Recorder,
    pub clock: Clock,
    pub folder: PathBuf,
    pub spec: ServiceSpec,
    pub replica: u32,
    pub batch: usize,
    pub lease: Duration,
    pub addresses: Arc<watch::Sender<Addresses>>,
}

/// A service under way and its name at the broker.
struct Kept {
    running: Running,
    consumer: ConsumerId,
    /// It stands still.
    paused: bool,
    /// The fault that crashes it at its work, once one does.
    last_word: oneshot::Receiver<Name>,
}

/// What a keeper has to keep.
#[derive(Default)]
struct State {
    /// Up, or standing still.
    kept: Option<Kept>,
    /// The fault that took it down, where one did.
    down_by: Option<Name>,
}

/// How a service came to its end.
enum End {
    /// By itself.
    Ended(String),
    /// This fault has struck it at its work.
    Struck(Name),
}

impl Keeping {
    /// The same for another replica.
    pub fn replica(&self, replica: u32) -> Self {
        Keeping { replica, ..self.clone() }
    }

    async fn run(self, mut orders: mpsc::UnboundedReceiver<(Order, oneshot::Sender<()>)>) {
        let mut state = State::default();
        loop {
            let order = tokio::select! {
                order = orders.recv() => order,
                end = ended(&mut state.kept) => {
                    self.ended(&mut state, end).await;
                    // It may have been cleared while it struck: then nobody else would.
                    self.get_up(&mut state).await;
                    continue;
                }
            };
            let Some((order, done)) = order else { break };
            self.carry_out(order, &mut state).await;
            let _ = done.send(());
        }
        if let Some(mut kept) = state.kept {
            kept.running.crash().await;
        }
    }

    async fn carry_out(&self, order: Order, state: &mut State) {
        match order {
            Order::Start if state.kept.is_none() => {
                state.down_by = self.holder(None);
                if state.down_by.is_none() {
                    self.start(state).await;
                }
            }
            Order::Start => {}
            Order::Crash(reason) => {
                self.crash(state, reason).await;
                state.down_by = None;
            }
            Order::Stop(reason) => {
                if let Some(kept) = &mut state.kept {
                    kept.running.resume();
                    kept.running.stop().await;
                }
                self.gone(&mut state.kept, Observation::ServiceStopped { reason });
                state.down_by = None;
            }
            Order::Strike(fault) if state.kept.is_some() && is_among(&self.recorder.faults(), &fault) => {
                if fault.spec.kind == FaultKind::Pause {
                    self.pause(state, &fault.id);
                } else {
                    self.struck(&fault.id);
                    self.crash(state, format!("crashed {BY}{}", fault.id)).await;
                    state.down_by = Some(fault.id);
                }
            }
            Order::Strike(_) => {}
            Order::Release(fault) => {
                if state.kept.is_none() {
                    self.get_up(state).await;
                } else if self.standing(|fault| fault.spec.kind == FaultKind::Pause).is_none() {
                    self.resume(state, format!("the fault {fault} is over"));
                }
            }
            Order::Left(reason) => {
                state.down_by = match &reason {
                    Some(reason) => reason.rsplit_once(BY).map(|(_, fault)| fault.into()).or_else(|| self.holder(None)),
                    // Of several replicas nobody has kept it: any fault that stands may have been the one.
                    None => self.standing(|fault| fault.spec.kind.takes_down()),
                };
                self.get_up(state).await;
            }
        }
    }

    /// Starts it, if a fault took it down and none holds it there any more.
    async fn get_up(&self, state: &mut State) {
        if state.kept.is_none() && state.down_by.is_some() && self.holder(state.down_by.as_ref()).is_none() {
            self.start(state).await;
        }
    }

    async fn crash(&self, state: &mut State, reason: String) {
        if let Some(kept) = &mut state.kept {
            kept.running.crash().await;
        }
        self.gone(&mut state.kept, Observation::ServiceCrashed { reason });
    }

    /// Nothing happens when it stands still already.
    fn pause(&self, state: &mut State, fault: &Name) {
        let Some(kept) = state.kept.as_mut().filter(|kept| !kept.paused) else { return };
        self.struck(fault);
        kept.running.pause();
        kept.paused = true;
        self.observe(Observation::ServicePaused { reason: format!("held still {BY}{fault}") });
    }

    /// Nothing happens unless it stands still.
    fn resume(&self, state: &mut State, reason: String) {
        let Some(kept) = state.kept.as_mut().filter(|kept| kept.paused) else { return };
        // First the word, then what it does.
        self.observe(Observation::ServiceResumed { reason });
        kept.paused = false;
        kept.running.resume();
    }

    /// The fault strikes it as a whole.
    fn struck(&self, fault: &Name) {
        self.observe(Observation::FaultTriggered { fault_id: fault.clone(), on: self.spec.name.to_string() });
    }

    /// The fault that keeps it down: a crash, or the one that has taken it down at its work.
    fn holder(&self, down_by: Option<&Name>) -> Option<Name> {
        let holds = |fault: &Fault| match fault.spec.kind {
            FaultKind::Crash => true,
            kind => kind.takes_down() && down_by == Some(&fault.id),
        };
        self.standing(holds)
    }

    /// The first of those faults that has begun here.
    fn standing(&self, such: impl Fn(&Fault) -> bool) -> Option<Name> {
        let now = self.clock.now_us();
        let faults = self.recorder.faults();
        let here = |fault: &&Fault| {
            Target::parse(&fault.spec.target).hits(&self.spec.name, self.replica) && fault.begins_at() <= now
        };
        faults.iter().filter(here).find(|fault| such(fault)).map(|fault| fault.id.clone())
    }

    /// A pause that stands holds it again.
    async fn start(&self, state: &mut State) {
        state.down_by = None;
        self.start_up(state).await;
        if let Some(fault) = self.standing(|fault| fault.spec.kind == FaultKind::Pause) {
            self.pause(state, &fault);
        }
    }

    async fn start_up(&self, state: &mut State) {
        let consumer = next_consumer();
        let link = Link::default();
        let (ready_tx, ready) = oneshot::channel();
        let (crash, last_word) = oneshot::channel();
        let host = ServiceHost {
            consumer,
            keeping: self.clone(),
            to_service: link.to_service.clone(),
            ready: std::sync::Mutex::new(Some(ready_tx)),
            crash: std::sync::Mutex::new(Some(crash)),
        };
        let start = Start {
            spec: self.spec.clone(),
            replica: self.replica,
            folder: self.folder.clone(),
            clock: self.clock,
            batch: self.batch,
            lease_us: u64::try_from(self.lease.as_micros()).unwrap_or(u64::MAX),
            faults: self.recorder.faults().to_vec(),
            switches: self.recorder.history.switches(),
        };
        match self.runner.start(start, link, Arc::new(host)).await {
            Ok(running) => state.kept = Some(Kept { running, consumer, paused: false, last_word }),
            Err(error) => {
                tracing::error!(service = %self.spec.name, error = ?error, "a service did not start");
                let reason = "it did not start".to_owned();
                self.gone(&mut Some(consumer), Observation::ServiceCrashed { reason });
                return;
            }
        }
        tokio::select! {
            _ = ready => {}
            end = ended(&mut state.kept) => self.ended(state, end).await,
        }
    }

    async fn ended(&self, state: &mut State, end: End) {
        match end {
            End::Ended(reason) => self.gone(&mut state.kept, Observation::ServiceCrashed { reason }),
            End::Struck(fault) => {
                self.crash(state, format!("crashed before publishing, {BY}{fault}")).await;
                state.down_by = Some(fault);
            }
        }
    }

    fn observe(&self, observation: Observation) {
        let _ = self.recorder.send(Entry::Observe(vec![self.observed(observation)]));
    }

    fn observed(&self, observation: Observation) -> Observed {
        Observed { replica: self.replica, ..by_server(self.clock, self.spec.name.clone(), observation) }
    }

    /// It is down: nobody calls it any more, its messages are offered again, the record says why.
    fn gone<T: Consumer>(&self, kept: &mut Option<T>, ended: Observation) {
        let Some(kept) = kept.take() else { return };
        self.addresses.send_modify(|addresses| {
            addresses.remove(&self.replica);
        });
        let ended = self.observed(ended);
        let _ = self.recorder.send(Entry::Disconnect { consumer: kept.consumer(), ended });
    }
}

trait Consumer {
    fn consumer(&self) -> ConsumerId;
}

impl Consumer for Kept {
    fn consumer(&self) -> ConsumerId {
        self.consumer
    }
}

impl Consumer for ConsumerId {
    fn consumer(&self) -> ConsumerId {
        *self
    }
}

/// Resolves at its end. Cancel safe.
async fn ended(kept: &mut Option<Kept>) -> End {
    let Some(Kept { running, last_word, .. }) = kept else { return std::future::pending().await };
    tokio::select! {
        Ok(fault) = last_word => End::Struck(fault),
        reason = running.ended() => End::Ended(reason),
    }
}

fn next_consumer() -> ConsumerId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The sandbox, as one start of one service reaches it.
struct ServiceHost {
    consumer: ConsumerId,
    keeping: Keeping,
    to_service: mpsc::UnboundedSender<FromHost>,
    ready: std::sync::Mutex<Option<oneshot::Sender<()>>>,
    crash: std::sync::Mutex<Option<oneshot::Sender<Name>>>,
}

impl Host for ServiceHost {
    fn send(&self, message: ToHost) {
        let keeping = &self.keeping;
        let entry = match message {
            ToHost::Ready { address, pid } => {
                let isolation = keeping.runner.isolation;
                let pid = (isolation == Isolation::Process).then_some(pid);
                let started = Observation::ServiceStarted { isolation, address: address.to_string(), pid };
                keeping.addresses.send_modify(|addresses| {
                    addresses.insert(keeping.replica, address);
                });
                let ready = self.ready.lock().map(|mut ready| ready.take());
                if let Ok(Some(ready)) = ready {
                    let _ = ready.send(());
                }
                Entry::Connect {
                    consumer: self.consumer,
                    // Where one leads, that one says so.
                    room: if keeping.spec.is_led() { 0 } else { keeping.spec.workers.max(1) as usize },
                    sender: self.to_service.clone(),
                    started: keeping.observed(started),
                }
            }
            ToHost::Crash { fault } => {
                if let Ok(Some(crash)) = self.crash.lock().map(|mut crash| crash.take()) {
                    let _ = crash.send(fault);
                }
                return;
            }
            message => Entry::Service { consumer: self.consumer, service: keeping.spec.name.clone(), message },
        };
        // Once the recorder has ended the service ends, too; until then nobody hears it.
        let _ = keeping.recorder.send(entry);
    }
}
