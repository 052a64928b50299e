//! A sandbox while it is awake: its record and broker, and the keepers of its services.

use super::dispatch;
use super::error::SandboxError;
use super::faults::{self, FaultStanding};
use super::keeper::{Keeper, Keeping};
use super::load::{Bounds, Loader, Readers};
use super::queries::Asking;
use super::replicas::Replicas;
use super::{Env, look};
use crate::recorder::{self, Entry, Recorder, by_server, storage};
use crate::store::SandboxRow;
use bytes::Bytes;
use diagram::{DiagramState, Health, Load};
use futures_util::future::join_all;
use kit::Clock;
use kit::tables::{TableRows, TableSummary};
use protocol::Uuid;
use protocol::{
    Fault, FaultKind, FaultSpec, Limits, Name, Observation, Observed, Position, RECORD_FORMAT, TERRARIUM, Target,
    Topology,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// The file of a sandbox's record, in its folder.
pub const RECORD: &str = "sandbox.db";

/// Commands that a load may leave without an answer.
const UNANSWERED_MAX: usize = 10_000;

pub struct Live {
    pub recorder: Recorder,
    pub loader: Loader,
    clock: Clock,
    folder: PathBuf,
    faults_max: usize,
    /// Where its waking began.
    woken_at: Position,
    services: Arc<Vec<Replicas>>,
    replicas_max: usize,
    dispatcher: JoinHandle<()>,
    fault_timer: JoinHandle<()>,
}

/// A sandbox's clock: microseconds since it was created.
pub fn clock(row: &SandboxRow, rate: u32) -> Clock {
    Clock::new(row.created.cast_unsigned() * 1000, rate)
}

fn is_one_of(keepers: &[Arc<Keeper>], keeper: &Keeper) -> bool {
    keepers.iter().any(|one| one.replica == keeper.replica)
}

impl Live {
    /// Opens its files and starts its services, but for those that crashed and were not restarted.
    pub async fn start(env: &Env, row: &SandboxRow, topology: &Topology) -> anyhow::Result<Arc<Self>> {
        let (folder, clock) = (env.folder(&row.id), clock(row, env.config.clock_rate));
        tokio::fs::create_dir_all(&folder).await?;
        let path = folder.join(RECORD);
        let stored = storage::open(&path, topology).await?;
        let namespace = Uuid::new_v5(&Uuid::NAMESPACE_OID, row.id.to_string().as_bytes());
        let recorder::Opened { recorder, task, unanswered, dispatch } = recorder::open(stored, path, clock, namespace);
        let before = recorder.history.state();
        tokio::spawn(task.run());

        recorder.send(Entry::Observe(first_words(env, row, topology, &before, clock)))?;
        let services = topology.services.iter().map(|spec| {
            let keeping = Keeping {
                runner: env.runner.clone(),
                recorder: recorder.clone(),
                clock,
                folder: folder.clone(),
                spec: spec.clone(),
                replica: 0,
                batch: env.config.service_batch as usize,
                lease: Duration::from_millis(env.config.lease_ms.into()),
                addresses: Arc::default(),
            };
            let count = before.node(&spec.name).map_or(1 + spec.standbys, |node| node.replicas.max(1));
            Replicas::new(keeping, count)
        });
        let services: Arc<Vec<Replicas>> = Arc::new(services.collect());
        join_all(services.iter().map(|service| service.wake(&before))).await;
        recorder.flush().await?;

        let shared = Arc::new(topology.clone());
        let readers = Readers::new(env.client.clone(), clock, recorder.clone(), shared, services.clone());
        let dispatcher = tokio::spawn(dispatch::run(
            env.client.clone(),
            recorder.clone(),
            clock,
            topology.clone(),
            services.clone(),
            readers.meter.clone(),
            unanswered,
            dispatch,
        ));
        let fault_timer = tokio::spawn(faults::run(recorder.clone(), clock, services.clone()));
        let bounds = Bounds {
            turns: env.loads.clone(),
            longest: Duration::from_secs(60 * u64::from(env.config.load_minutes)),
            record_bytes: env.config.record_bytes,
            unanswered: UNANSWERED_MAX,
            commands: env.commands.clone(),
        };
        Ok(Arc::new(Live {
            loader: Loader::new(recorder.clone(), clock, bounds, readers),
            recorder,
            clock,
            folder,
            faults_max: env.config.faults as usize,
            woken_at: before.position,
            services,
            replicas_max: env.config.replicas as usize,
            dispatcher,
            fault_timer,
        }))
    }

    /// Events recorded since it woke.
    pub fn observed(&self) -> u64 {
        self.recorder.history.position() - self.woken_at
    }

    /// Stops everything in good order; its files stay.
    pub async fn stop(&self) {
        self.loader.stop(TERRARIUM.into(), "the sandbox goes to sleep").await;
        self.dispatcher.abort();
        self.fault_timer.abort();
        join_all(self.keepers().iter().map(|keeper| keeper.stop("the sandbox goes to sleep"))).await;
        let asleep = by_server(self.clock, TERRARIUM.into(), Observation::SandboxHibernated);
        let _ = self.recorder.send(Entry::Observe(vec![asleep]));
        self.recorder.end().await;
    }

    /// Its record has failed: ends what still runs without another word.
    pub async fn abandon(&self) {
        self.dispatcher.abort();
        self.fault_timer.abort();
        join_all(self.keepers().iter().map(|keeper| keeper.crash("its record failed"))).await;
    }

    fn keepers(&self) -> Vec<Arc<Keeper>> {
        self.services.iter().flat_map(Replicas::all).collect()
    }

    fn service(&self, name: &str) -> Result<&Replicas, SandboxError> {
        self.services.iter().find(|service| &*service.name == name).ok_or(SandboxError::NoSuchService)
    }

    /// One replica, or all of them.
    pub async fn crash(&self, service: &str, replica: Option<u32>) -> Result<(), SandboxError> {
        let keepers = self.service(service)?.named(replica)?;
        join_all(keepers.iter().map(|keeper| keeper.crash("crashed by the learner"))).await;
        Ok(self.recorder.flush().await?)
    }

    /// Clears what holds it down or still, too; for all that the same fault holds.
    pub async fn restart(&self, service: &str, replica: Option<u32>) -> Result<(), SandboxError> {
        let service = self.service(service)?;
        let keepers = service.named(replica)?;
        for fault in self.recorder.faults().iter() {
            let (named, others): (Vec<_>, Vec<_>) = faults::struck(std::slice::from_ref(service), fault)
                .into_iter()
                .partition(|it| is_one_of(&keepers, it));
            if !named.is_empty() {
                self.over(fault, "the service was restarted").await?;
                join_all(others.iter().map(|keeper| keeper.release(&fault.id))).await;
            }
        }
        join_all(keepers.iter().map(|keeper| async move {
            keeper.stop("restarted by the learner").await;
            keeper.start().await;
        }))
        .await;
        Ok(self.recorder.flush().await?)
    }

    /// Clears what holds it still, under whatever name; for all that the same fault holds.
    pub async fn resume(&self, service: &str, replica: Option<u32>) -> Result<(), SandboxError> {
        let service = self.service(service)?;
        let keepers = service.named(replica)?;
        let faults = self.recorder.faults();
        let holds = |fault: &&Fault| {
            fault.spec.kind == FaultKind::Pause && service.struck_by(fault).iter().any(|it| is_one_of(&keepers, it))
        };
        for fault in faults.iter().filter(holds) {
            self.end_fault(fault).await?;
        }
        Ok(())
    }

    /// So many replicas of it run from now on.
    pub async fn scale(&self, service: &str, count: u32) -> Result<(), SandboxError> {
        let service = self.service(service)?;
        let others: usize = self.services.iter().filter(|other| other.name != service.name).map(Replicas::count).sum();
        if count == 0 || others + count as usize > self.replicas_max {
            let most = self.replicas_max.saturating_sub(others);
            return Err(SandboxError::Invalid(format!(
                "There may be 1 to {most} replicas of {}: all services of a sandbox have at most {} together.",
                service.name, self.replicas_max
            )));
        }
        let scaled = by_server(self.clock, service.name.clone(), Observation::ServiceScaled { replicas: count });
        // Once the record has ended the flush says so.
        service.scale(count, || drop(self.recorder.send(Entry::Observe(vec![scaled])))).await;
        Ok(self.recorder.flush().await?)
    }

    pub async fn observe(&self, observation: Observation) -> Result<(), SandboxError> {
        self.say(TERRARIUM.into(), observation).await
    }

    /// Puts it into the record; it is durable once this returns.
    async fn say(&self, by: Name, observation: Observation) -> Result<(), SandboxError> {
        self.recorder.send(Entry::Observe(vec![by_server(self.clock, by, observation)]))?;
        Ok(self.recorder.flush().await?)
    }

    pub async fn set_switch(&self, name: &str, on: bool) -> Result<(), SandboxError> {
        let known = self.recorder.history.switches();
        let switch = known.iter().find(|switch| &*switch.name == name).ok_or(SandboxError::NoSuchSwitch)?;
        if switch.on != on {
            let set = Observation::SwitchSet { name: switch.name.clone(), enabled: on };
            return self.say("learner".into(), set).await;
        }
        Ok(self.recorder.flush().await?)
    }

    pub async fn put_fault(&self, id: &str, spec: FaultSpec) -> Result<FaultStanding, SandboxError> {
        let faults = self.recorder.faults();
        let known = faults.iter().find(|fault| &*fault.id == id);
        if known.is_none() && faults.len() >= self.faults_max {
            return Err(SandboxError::TooManyFaults);
        }
        if let Target::Replica(name, replica) = Target::parse(&spec.target) {
            self.service(name)?.named(Some(replica))?;
        }
        if let Some(known) = known {
            self.end_fault(known).await?;
        }
        let fault = Fault { id: id.into(), spec, installed_at: self.clock.now_us() };
        let standing = FaultStanding::of(&fault, fault.installed_at);
        let installed = Observation::FaultInstalled { fault: Box::new(fault) };
        self.say("learner".into(), installed).await?;
        Ok(standing)
    }

    pub async fn clear_fault(&self, id: &str) -> Result<(), SandboxError> {
        let faults = self.recorder.faults();
        let fault = faults.iter().find(|fault| &*fault.id == id).ok_or(SandboxError::NoSuchFault)?;
        self.end_fault(fault).await
    }

    /// All of them.
    pub async fn heal(&self) -> Result<(), SandboxError> {
        for fault in self.recorder.faults().iter() {
            self.end_fault(fault).await?;
        }
        Ok(())
    }

    /// It may have run out just now: then this changes nothing.
    async fn end_fault(&self, fault: &Fault) -> Result<(), SandboxError> {
        self.over(fault, "cleared by the learner").await?;
        for keeper in faults::struck(&self.services, fault) {
            keeper.release(&fault.id).await;
        }
        Ok(self.recorder.flush().await?)
    }

    async fn over(&self, fault: &Fault, reason: &str) -> Result<(), SandboxError> {
        Ok(faults::over(&self.recorder, self.clock, "learner".into(), fault, reason).await?)
    }

    /// What a service answers to a read.
    pub async fn query(
        &self,
        client: &dispatch::Client,
        service: &str,
        query: &str,
        params: &str,
    ) -> Result<Bytes, SandboxError> {
        let asking = Asking { client, clock: self.clock, service: self.service(service)?, query, params };
        let observe = |observed| drop(self.recorder.send(Entry::Observe(vec![observed])));
        let answer = asking.recorded(observe).await;
        self.recorder.flush().await?;
        let answer = answer.ok_or_else(|| SandboxError::NoAnswer(format!("{service} does not answer.")))?;
        match answer.status.as_u16() {
            200 => Ok(answer.body),
            404 => Err(SandboxError::NoSuchQuery),
            503 => Err(SandboxError::NoAnswer(answer.reason())),
            _ => Err(SandboxError::Invalid(answer.reason())),
        }
    }

    pub async fn tables(&self, service: &str, at: Option<Position>) -> Result<Vec<TableSummary>, SandboxError> {
        self.service(service)?;
        let present = kit::tables::list(&kit::ctx::database(&self.folder, service)).await?;
        let Some(at) = at else { return Ok(present) };
        look::tables_at(&self.recorder.history, service, present, at).await
    }

    /// `under`: only rows whose keys begin so.
    pub async fn table(
        &self,
        service: &str,
        table: &str,
        at: Option<Position>,
        under: Option<&str>,
    ) -> Result<TableRows, SandboxError> {
        self.service(service)?;
        let present = kit::tables::read(&kit::ctx::database(&self.folder, service), table, under).await?;
        let present = present.ok_or(SandboxError::NoSuchTable)?;
        let Some(at) = at else { return Ok(present) };
        look::table_at(&self.recorder.history, service, table, present.columns, at, under).await
    }
}

/// A new record explains itself at position 1. An old one says how its services ended, where
/// the server ended without a word.
fn first_words(env: &Env, row: &SandboxRow, topology: &Topology, before: &DiagramState, clock: Clock) -> Vec<Observed> {
    if before.position == 0 {
        let config = &env.config;
        let limits = Limits {
            commands_per_second: config.commands_per_second,
            command_burst: config.command_burst,
            record_bytes: config.record_bytes,
            faults: config.faults,
        };
        let topology = Box::new(topology.clone());
        let started = Observation::SandboxStarted { format: RECORD_FORMAT, topology, seed: row.seed, limits };
        return vec![by_server(clock, TERRARIUM.into(), started)];
    }
    let mut words: Vec<Observed> = before
        .nodes
        .iter()
        .flat_map(|node| node.instances.iter().map(move |instance| (node, instance)))
        .filter(|(_, instance)| matches!(instance.health, Health::Up | Health::Paused))
        .map(|(node, instance)| {
            let reason = "the server ended without a word".to_owned();
            let stopped = by_server(clock, node.name.clone(), Observation::ServiceStopped { reason });
            Observed { replica: instance.replica, ..stopped }
        })
        .collect();
    if let Some(Load { command_type, sent, .. }) = &before.load {
        let (command_type, sent, reason) = (command_type.clone(), *sent, "the server ended without a word".to_owned());
        words.push(by_server(clock, TERRARIUM.into(), Observation::LoadStopped { command_type, sent, reason }));
    }
    words.push(by_server(clock, TERRARIUM.into(), Observation::SandboxWoken));
    words
}
