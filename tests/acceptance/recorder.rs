//! The recorder against a plain model: what was sent to it is in the record, once and in
//! order, and what was not acked comes again, whatever is closed or cut off in between.

use crate::app::{Folder, in_time};
use diagram::DiagramState;
use futures_util::StreamExt;
use kit::{Clock, Delivery, FromHost, Shipment, ToHost};
use proptest::prelude::*;
use protocol::{Command, Envelope, Isolation, Name, Observation, Observed, Recorded, Topology, TraceContext, Uuid};
use server::recorder::{self, Entry, Recorder, storage};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

#[derive(Clone, Debug)]
enum Step {
    Observe(u8),
    /// Orders publishes its next message.
    Ship,
    /// Orders did not hear that this one arrived, and sends it again.
    ShipAgain(prop::sample::Index),
    /// Inventory is there, with room for so many messages at a time.
    Connect(usize),
    Disconnect,
    Ack(prop::sample::Index),
    /// Together with a transaction of its own.
    AckByShipment(prop::sample::Index),
    Accept,
    AcceptAgain(prop::sample::Index),
    AcceptAnother(prop::sample::Index),
    Flush,
    Reopen(End),
}

#[derive(Clone, Copy, Debug)]
enum End {
    InGoodOrder,
    /// Cut off after the last commit.
    Killed,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (1..40_u8).prop_map(Step::Observe),
        5 => Just(Step::Ship),
        2 => any::<prop::sample::Index>().prop_map(Step::ShipAgain),
        2 => (1..6_usize).prop_map(Step::Connect),
        1 => Just(Step::Disconnect),
        4 => any::<prop::sample::Index>().prop_map(Step::Ack),
        3 => any::<prop::sample::Index>().prop_map(Step::AckByShipment),
        2 => Just(Step::Accept),
        1 => any::<prop::sample::Index>().prop_map(Step::AcceptAgain),
        1 => any::<prop::sample::Index>().prop_map(Step::AcceptAnother),
        4 => Just(Step::Flush),
        2 => prop_oneof![Just(End::InGoodOrder), Just(End::Killed)].prop_map(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_is_sent_is_recorded_once_and_what_is_unacked_comes_again(
        steps in prop::collection::vec(step(), 1..120),
        end in prop_oneof![Just(End::InGoodOrder), Just(End::Killed)],
        from in any::<prop::sample::Index>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut run = Run::new().await;
            for step in steps {
                run.step(step).await;
            }
            run.reopen(end).await;
            run.everything_unacked_comes_again().await;
            run.check().await;
            run.a_stream_is_the_record_from(from).await;
        });
    }
}

/// A recorder, and what it should have by now.
struct Run {
    folder: Folder,
    topology: Topology,
    clock: Clock,
    recorder: Recorder,
    task: JoinHandle<()>,
    /// Inventory's connection.
    consumer: Option<(u64, mpsc::UnboundedReceiver<FromHost>)>,
    consumers: u64,
    /// With the consumer now.
    held: Vec<Delivery>,

    /// Paths of requests, each of its own.
    observed: Vec<String>,
    /// Messages that orders published: 1 to this.
    shipped: u64,
    shipped_by_inventory: u64,
    acked: BTreeSet<u64>,
    delivered: BTreeSet<u64>,
    commands: Vec<Uuid>,
    correlations: BTreeMap<Uuid, Uuid>,
    /// The lines as they were last seen.
    lines: Vec<String>,
}

impl Run {
    async fn new() -> Self {
        let (folder, topology) = (Folder::new(), protocol::topology("saga-choreography").expect("exists"));
        let clock = Clock::starting_now();
        let (recorder, task) = open(folder.path().join("sandbox.db"), &topology, clock).await;
        let run = Run {
            folder,
            topology,
            clock,
            recorder,
            task,
            consumer: None,
            consumers: 0,
            held: vec![],
            observed: vec![],
            shipped: 0,
            shipped_by_inventory: 0,
            acked: BTreeSet::new(),
            delivered: BTreeSet::new(),
            commands: vec![],
            correlations: BTreeMap::new(),
            lines: vec![],
        };
        let limits = protocol::Limits { commands_per_second: 1, command_burst: 1, record_bytes: 1, faults: 1 };
        let topology = Box::new(run.topology.clone());
        let started = Observation::SandboxStarted { format: protocol::RECORD_FORMAT, topology, seed: 7, limits };
        run.send(Entry::Observe(vec![run.observe("terrarium", started)]));
        run
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Observe(count) => {
                let mut observed = vec![];
                for _ in 0..count {
                    let path = format!("/{}", self.observed.len());
                    self.observed.push(path.clone());
                    let (to, protocol, method) = ("orders".into(), "http".into(), "GET".into());
                    let sent = Observation::RequestSent { to, protocol, method, path: path.into() };
                    observed.push(self.observe("terrarium", sent));
                }
                self.send(Entry::Observe(observed));
            }
            Step::Ship => {
                self.shipped += 1;
                self.ship(self.shipped);
            }
            Step::ShipAgain(which) if self.shipped > 0 => self.ship(which.index(self.shipped as usize) as u64 + 1),
            Step::Connect(room) => {
                self.disconnect().await;
                self.connect(room);
            }
            Step::Disconnect => self.disconnect().await,
            Step::Ack(which) => {
                if let Some((consumer, delivery)) = self.take(which).await {
                    // Twice: the second one finds nothing.
                    for _ in 0..2 {
                        self.of_service(consumer, "inventory", ToHost::Ack { position: delivery.position });
                    }
                }
            }
            Step::AckByShipment(which) => {
                if let Some((consumer, delivery)) = self.take(which).await {
                    self.shipped_by_inventory += 1;
                    let n = self.shipped_by_inventory;
                    let committed =
                        Observation::TransactionCommitted { transaction_id: n, rows: vec![], batch_size: 1 };
                    let observed = vec![self.observe("inventory", committed)];
                    let shipment = Shipment { n, observed, unstored: vec![], acks: vec![delivery.position] };
                    self.of_service(consumer, "inventory", ToHost::Ship(shipment));
                }
            }
            Step::Accept => {
                let id = Uuid::from_u128(self.commands.len() as u128 + 1);
                let correlation = self.recorder.accept(command(id, 1)).await.expect("open").expect("a new id");
                self.commands.push(id);
                self.correlations.insert(id, correlation);
            }
            Step::AcceptAgain(which) if !self.commands.is_empty() => {
                let id = *which.get(&self.commands);
                let again = self.recorder.accept(command(id, 1)).await.expect("open");
                assert_eq!(again.ok(), Some(self.correlations[&id]));
            }
            Step::AcceptAnother(which) if !self.commands.is_empty() => {
                let other = self.recorder.accept(command(*which.get(&self.commands), 2)).await.expect("open");
                assert!(other.is_err(), "another command under the same id");
            }
            Step::Flush => self.flush().await,
            Step::Reopen(end) => {
                self.reopen(end).await;
                self.check().await;
            }
            Step::ShipAgain(_) | Step::AcceptAgain(_) | Step::AcceptAnother(_) => {}
        }
    }

    fn observe(&self, service: &str, observation: Observation) -> Observed {
        Observed {
            at: self.clock.now_us(),
            trace: TraceContext::default(),
            parent_span_id: None,
            service: service.into(),
            replica: 0,
            code: None,
            correlation_id: None,
            observation,
        }
    }

    fn send(&self, entry: Entry) {
        self.recorder.send(entry).expect("it is open");
    }

    fn of_service(&self, consumer: u64, service: &str, message: ToHost) {
        self.send(Entry::Service { consumer, service: service.into(), message });
    }

    /// The n-th transaction of orders, the same each time.
    fn ship(&self, n: u64) {
        let envelope = Envelope {
            specversion: "1.0".into(),
            id: Uuid::from_u128(u128::from(n)),
            source: "orders".into(),
            kind: "OrderCreated".into(),
            subject: format!("order/{n}").into(),
            time: String::new(),
            traceparent: String::new(),
            correlationid: Uuid::nil(),
            causationid: Uuid::nil(),
            commandordinal: n,
            fencingtoken: None,
            data: serde_json::Value::Null,
        };
        let published = Observation::MessagePublished { topic: "orders".into(), envelope: Arc::new(envelope) };
        let committed = Observation::TransactionCommitted { transaction_id: n, rows: vec![], batch_size: 1 };
        let observed = vec![self.observe("orders", committed), self.observe("orders", published)];
        let shipment = Shipment { n, observed, unstored: vec![], acks: vec![] };
        self.of_service(u64::MAX, "orders", ToHost::Ship(shipment));
    }

    fn connect(&mut self, room: usize) {
        self.consumers += 1;
        let (sender, receiver) = mpsc::unbounded_channel();
        let address = "127.0.0.1:1".to_owned();
        let started = Observation::ServiceStarted { isolation: Isolation::Task, address, pid: None };
        let started = self.observe("inventory", started);
        self.send(Entry::Connect { consumer: self.consumers, room, sender, started });
        self.consumer = Some((self.consumers, receiver));
    }

    async fn disconnect(&mut self) {
        self.flush().await;
        if let Some((consumer, _)) = self.consumer.take() {
            let crashed = Observation::ServiceCrashed { reason: "as asked".to_owned() };
            self.send(Entry::Disconnect { consumer, ended: self.observe("inventory", crashed) });
        }
        self.held.clear();
    }

    /// A message inventory has and has not acked yet: it acks it now.
    async fn take(&mut self, which: prop::sample::Index) -> Option<(u64, Delivery)> {
        self.flush().await;
        let (consumer, _) = self.consumer.as_ref()?;
        if self.held.is_empty() {
            return None;
        }
        let delivery = self.held.remove(which.index(self.held.len()));
        assert!(self.acked.insert(number(&delivery.envelope.subject)), "delivered after its ack");
        Some((*consumer, delivery))
    }

    /// All that was sent is durable, and what followed from it has arrived.
    async fn flush(&mut self) {
        self.recorder.flush().await.expect("it is open");
        let Some((_, receiver)) = &mut self.consumer else { return };
        while let Ok(message) = receiver.try_recv() {
            let FromHost::Deliver(delivery) = message else { continue };
            let n = number(&delivery.envelope.subject);
            assert!(!self.acked.contains(&n), "{n} was acked");
            assert!(self.held.iter().all(|held| held.position != delivery.position), "{n} is with it already");
            assert_eq!(delivery.attempt > 1, !self.delivered.insert(n), "{n}, attempt {}", delivery.attempt);
            self.held.push(delivery);
        }
    }

    async fn reopen(&mut self, end: End) {
        self.flush().await;
        self.consumer = None;
        self.held.clear();
        match end {
            End::InGoodOrder => {
                let (reply, done) = oneshot::channel();
                self.send(Entry::End(reply));
                in_time("it ends", done).await.expect("its file is closed");
                assert!(self.recorder.history.is_closed() && self.recorder.flush().await.is_err());
            }
            End::Killed => self.task.abort(),
        }
        let _ = (&mut self.task).await;
        (self.recorder, self.task) = open(self.folder.path().join("sandbox.db"), &self.topology, self.clock).await;
    }

    /// The record is the model: gapless, each thing once and in order, nothing rewritten.
    async fn check(&mut self) {
        self.flush().await;
        let lines = lines(&self.recorder).await;
        assert_eq!(lines[..self.lines.len()], self.lines[..], "what was recorded has changed");
        let record: Vec<Recorded> = lines.iter().map(|line| serde_json::from_str(line).expect("a line")).collect();
        self.lines = lines;

        assert!(record.iter().map(|event| event.position).eq(1..=record.len() as u64));
        assert!(record.is_sorted_by_key(|event| event.at));
        let (mut observed, mut published, mut acked, mut accepted) = (vec![], vec![], BTreeSet::new(), vec![]);
        let mut state = DiagramState::default();
        for event in &record {
            state.evolve(event);
            match &event.observation {
                Observation::RequestSent { path, .. } => observed.push(path.to_string()),
                Observation::MessagePublished { envelope, .. } => published.push(number(&envelope.subject)),
                Observation::MessageAcked { message_id, .. } => {
                    assert!(acked.insert(u64::try_from(message_id.as_u128()).expect("small")), "acked twice");
                }
                Observation::CommandAccepted { command } => accepted.push(command.id),
                _ => {}
            }
        }
        assert_eq!(observed, self.observed);
        assert!(published.iter().copied().eq(1..=self.shipped), "{published:?}");
        assert_eq!(acked, self.acked);
        assert_eq!(accepted, self.commands);
        assert_eq!(self.recorder.history.state(), state);
    }

    async fn everything_unacked_comes_again(&mut self) {
        self.connect(100_000);
        self.flush().await;
        let came: Vec<u64> = self.held.iter().map(|delivery| number(&delivery.envelope.subject)).collect();
        let unacked: Vec<u64> = (1..=self.shipped).filter(|n| !self.acked.contains(n)).collect();
        assert_eq!(came, unacked);
    }

    async fn a_stream_is_the_record_from(&self, from: prop::sample::Index) {
        let after = from.index(self.lines.len());
        let mut stream = pin!(self.recorder.history.clone().events(after as u64));
        let wanted: String =
            (after + 1..).zip(&self.lines[after..]).map(|(n, line)| format!("id: {n}\ndata: {line}\n\n")).collect();
        let mut got = Vec::new();
        while got.len() < wanted.len() {
            got.extend_from_slice(&in_time("more of the stream", stream.next()).await.expect("it is open"));
        }
        assert!(got == wanted.as_bytes(), "the stream from {after} is not the record");
    }
}

async fn open(path: PathBuf, topology: &Topology, clock: Clock) -> (Recorder, JoinHandle<()>) {
    let stored = storage::open(&path, topology).await.expect("the file opens");
    let opened = recorder::open(stored, path, clock, Uuid::nil());
    let task = tokio::spawn(opened.task.run());
    (opened.recorder, task)
}

async fn lines(recorder: &Recorder) -> Vec<String> {
    let pieces = recorder.history.ndjson(0, usize::MAX).await.expect("it can be read").concat();
    String::from_utf8(pieces).expect("UTF-8").lines().map(str::to_owned).collect()
}

fn command(id: Uuid, quantity: u32) -> Command {
    Command { id, kind: "PlaceOrder".to_owned(), data: serde_json::json!({ "quantity": quantity }) }
}

fn number(subject: &Name) -> u64 {
    subject.strip_prefix("order/").and_then(|n| n.parse().ok()).expect("order/n")
}
