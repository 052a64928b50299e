//! The keeper of one replica of a service: starts it, crashes it, stops it, and notices when it ends by itself.

use crate::recorder::{Entry, Recorder, by_server};
use kit::broker::ConsumerId;
use kit::{Clock, FromHost, Host, Start, ToHost};
use protocol::{Isolation, Observation, Observed, ServiceSpec, Target};
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

/// Where a service's replicas listen, those that are up, by number.
pub type Addresses = BTreeMap<u32, SocketAddr>;

enum Order {
    /// Nothing happens when it is up.
    Start,
    /// Nothing happens when it is down.
    Crash(String),
    Stop(String),
    /// Nothing happens when it stands still already, or is down.
    Pause(String),
    /// Nothing happens unless it stands still.
    Resume(String),
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

    pub async fn pause(&self, reason: &str) {
        self.order(Order::Pause(reason.to_owned())).await;
    }

    pub async fn resume(&self, reason: &str) {
        self.order(Order::Resume(reason.to_owned())).await;
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
    /// Why it asks to be crashed, once it does.
    last_word: oneshot::Receiver<String>,
}

/// How a service came to its end.
enum End {
    /// By itself.
    Ended(String),
    /// It has asked to be crashed here.
    LastWord(String),
}

impl Keeping {
    /// The same for another replica.
    pub fn replica(&self, replica: u32) -> Self {
        Keeping { replica, ..self.clone() }
    }

    async fn run(self, mut orders: mpsc::UnboundedReceiver<(Order, oneshot::Sender<()>)>) {
        let mut kept: Option<Kept> = None;
        loop {
            let order = tokio::select! {
                order = orders.recv() => order,
                end = ended(&mut kept) => {
                    let struck = matches!(end, End::LastWord(_));
                    self.ended(&mut kept, end).await;
                    // It may have been cleared while it struck: then nobody else would.
                    if struck && !self.is_held_down() {
                        kept = self.start().await;
                    }
                    continue;
                }
            };
            let Some((order, done)) = order else { break };
            match order {
                Order::Start if kept.is_none() => kept = self.start().await,
                Order::Start => {}
                Order::Crash(reason) => {
                    if let Some(kept) = &mut kept {
                        kept.running.crash().await;
                    }
                    self.gone(&mut kept, Observation::ServiceCrashed { reason });
                }
                Order::Pause(reason) => {
                    if let Some(kept) = kept.as_mut().filter(|kept| !kept.paused) {
                        kept.running.pause();
                        kept.paused = true;
                        self.observe(Observation::ServicePaused { reason });
                    }
                }
                Order::Resume(reason) => {
                    if let Some(kept) = kept.as_mut().filter(|kept| kept.paused) {
                        // First the word, then what it does.
                        self.observe(Observation::ServiceResumed { reason });
                        kept.paused = false;
                        kept.running.resume();
                    }
                }
                Order::Stop(reason) => {
                    if let Some(kept) = &mut kept {
                        kept.running.resume();
                        kept.running.stop().await;
                    }
                    self.gone(&mut kept, Observation::ServiceStopped { reason });
                }
            }
            let _ = done.send(());
        }
        if let Some(mut kept) = kept {
            kept.running.crash().await;
        }
    }

    async fn start(&self) -> Option<Kept> {
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
            faults: self.recorder.history.faults(),
            switches: self.recorder.history.switches(),
        };
        let mut kept = match self.runner.start(start, link, Arc::new(host)).await {
            Ok(running) => Some(Kept { running, consumer, paused: false, last_word }),
            Err(error) => {
                tracing::error!(service = %self.spec.name, error = ?error, "a service did not start");
                let reason = "it did not start".to_owned();
                self.gone(&mut Some(consumer), Observation::ServiceCrashed { reason });
                return None;
            }
        };
        tokio::select! {
            _ = ready => kept,
            end = ended(&mut kept) => {
                self.ended(&mut kept, end).await;
                None
            }
        }
    }

    /// Whether a fault that stands leaves it down.
    fn is_held_down(&self) -> bool {
        let now = self.clock.now_us();
        self.recorder.history.faults().iter().any(|fault| {
            let aimed = match Target::parse(&fault.spec.target) {
                Target::Service(name) => name == &*self.spec.name,
                Target::Replica(name, replica) => name == &*self.spec.name && replica == self.replica,
                _ => false,
            };
            aimed && fault.spec.kind.takes_down() && fault.begins_at() <= now
        })
    }

    async fn ended(&self, kept: &mut Option<Kept>, end: End) {
        let reason = match end {
            End::Ended(reason) => reason,
            End::LastWord(reason) => {
                if let Some(kept) = kept {
                    kept.running.crash().await;
                }
                reason
            }
        };
        self.gone(kept, Observation::ServiceCrashed { reason });
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
        Ok(reason) = last_word => End::LastWord(reason),
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
    crash: std::sync::Mutex<Option<oneshot::Sender<String>>>,
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
                    room: if keeping.spec.standbys > 0 { 0 } else { keeping.spec.workers.max(1) as usize },
                    sender: self.to_service.clone(),
                    started: keeping.observed(started),
                }
            }
            ToHost::Crash { reason } => {
                if let Ok(Some(crash)) = self.crash.lock().map(|mut crash| crash.take()) {
                    let _ = crash.send(reason);
                }
                return;
            }
            message => Entry::Service { consumer: self.consumer, service: keeping.spec.name.clone(), message },
        };
        // Once the recorder has ended the service ends, too; until then nobody hears it.
        let _ = keeping.recorder.send(entry);
    }
}
