//! The reads of a load: so many for each command, at their planned times, whatever becomes of
//! those before.

use super::super::dispatch::Client;
use super::super::queries::Asking;
use super::super::replicas::Replicas;
use super::meter::Meter;
use crate::recorder::Recorder;
use kit::Clock;
use protocol::{Name, ServiceSpec, Topology};
use serde::Deserialize;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Connections to one replica: its readers queue behind them, in order.
const CONNECTIONS: usize = 64;
/// After so long a reader gives up, in microseconds from its planned time.
const PATIENCE_US: u64 = 5_000_000;
const SECOND_US: u64 = 1_000_000;

/// How the reads of a load find their way.
#[derive(Clone)]
pub struct Readers {
    pub client: Client,
    pub clock: Clock,
    pub recorder: Recorder,
    pub topology: Arc<Topology>,
    pub services: Arc<Vec<Replicas>>,
    pub meter: Arc<Meter>,
    doors: Arc<Mutex<HashMap<SocketAddr, Arc<Semaphore>>>>,
}

/// What is read of an answer here.
#[derive(Deserialize)]
struct Position {
    position: i64,
}

impl Readers {
    pub fn new(
        client: Client,
        clock: Clock,
        recorder: Recorder,
        topology: Arc<Topology>,
        services: Arc<Vec<Replicas>>,
    ) -> Self {
        let (meter, doors) = (Arc::default(), Arc::default());
        Readers { client, clock, recorder, topology, services, meter, doors }
    }

    /// The service that a load reads from, and its query: the first that has one of its own.
    pub fn read(topology: &Topology) -> Option<(&ServiceSpec, &Name)> {
        topology.services.iter().find_map(|service| {
            let reads = service.reads.as_ref().filter(|reads| reads.instead.is_some())?;
            Some((service, reads.queries.first()?))
        })
    }

    /// Reads until it is dropped; what is under way then ends with it.
    pub async fn run(self, rate: NonZeroU32) -> String {
        let (mut under_way, clock) = (JoinSet::new(), self.clock);
        kit::load::run(clock, rate, |planned_us| {
            while under_way.try_join_next().is_some() {}
            under_way.spawn(self.clone().one(planned_us));
            ControlFlow::<String>::Continue(())
        })
        .await
    }

    async fn one(self, planned_us: u64) {
        let expected = self.meter.newest();
        let patience = (planned_us + PATIENCE_US).saturating_sub(self.clock.now_us());
        let position = tokio::time::timeout(Duration::from_micros(patience), self.ask()).await.ok().flatten();
        self.meter.read(planned_us, expected, position, self.clock.now_us());
    }

    /// How far the answer has come; `None` where there is none.
    async fn ask(&self) -> Option<i64> {
        let (service, query) = self.reader()?;
        let address = service.next()?;
        let door = self.door(address);
        let _turn = door.acquire().await.ok()?;
        let asking = Asking { client: &self.client, clock: self.clock, service, query, params: "" };
        let answer = asking.unrecorded(address).await.filter(|answer| answer.status.is_success())?;
        Some(serde_json::from_slice::<Position>(&answer.body).ok()?.position)
    }

    /// Who answers as the switches stand.
    fn reader(&self) -> Option<(&Replicas, &str)> {
        let (service, query) = Self::read(&self.topology)?;
        let switches = self.recorder.history.switches();
        let reader = self.topology.reader_of(service, query, &switches)?;
        Some((self.services.iter().find(|service| service.name == reader.name)?, query))
    }

    fn door(&self, address: SocketAddr) -> Arc<Semaphore> {
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        doors.entry(address).or_insert_with(|| Arc::new(Semaphore::new(CONNECTIONS))).clone()
    }

    /// Has the record say each second what was measured. `writes`: who takes the commands, and
    /// how many a second.
    pub async fn tell(self, reads_rate: u32, writes: (Name, u32), observe: impl Fn(protocol::Observation)) {
        let mut at_us = self.clock.now_us();
        loop {
            at_us += SECOND_US;
            self.clock.sleep_until(at_us).await;
            let Some(reader) = self.reader().map(|(reader, _)| reader.name.clone()) else { return };
            self.meter.windows((&reader, reads_rate), (&writes.0, writes.1)).into_iter().for_each(&observe);
        }
    }
}
