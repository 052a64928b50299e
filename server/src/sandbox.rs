//! One learner's running system, and all of them.
//!
//! A [`Sandbox`] is awake ([`live::Live`]: services, broker, recorder) or asleep (files). It
//! goes to sleep when nobody looks and nothing is under way, and wakes on the next request.

mod beside;
mod dispatch;
mod error;
mod faults;
mod keeper;
mod live;
mod load;
mod look;
mod queries;
mod replicas;

pub use beside::Beside;
pub use error::SandboxError;
pub use faults::{FaultStanding, validate as validate_fault};
pub use kit::tables::{TableRows, TableSummary};
pub use load::{LoadSpec, LoadStanding, ReadsSpec};
pub use look::table_at;
pub use runner::invariants::Invariant;

use crate::config::Config;
use crate::ids::{SandboxId, SessionId};
use crate::recorder::{History, Picture, storage};
use crate::store::{SandboxRow, Store, now_ms};
use anyhow::Context;
use bytes::Bytes;
use diagram::{DiagramState, Strata};
use futures_util::Stream;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::Clock as _};
use live::Live;
use protocol::{Command, FaultSpec, Observation, Position, SwitchSpec, Topology, Uuid, Value};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Semaphore;

type Result<T> = std::result::Result<T, SandboxError>;

/// What all sandboxes of a server share.
pub struct Env {
    pub config: Arc<Config>,
    pub store: Store,
    pub runner: runner::Runner,
    pub client: dispatch::Client,
    shutting_down: std::sync::atomic::AtomicBool,
    commands: Arc<AtomicU64>,
    /// A permit for each load that may run.
    loads: Arc<Semaphore>,
    observations: AtomicU64,
}

/// All sandboxes of this server.
pub struct Sandboxes {
    env: Arc<Env>,
    known: Mutex<HashMap<SandboxId, Arc<Sandbox>>>,
}

/// For `/metrics`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub live: u64,
    pub hibernated: u64,
    pub streams: u64,
    pub observations_total: u64,
    pub commands_total: u64,
}

impl Sandboxes {
    /// Knows all sandboxes of the store. Those in which something was under way wake in the background.
    pub async fn open(config: Arc<Config>, store: Store) -> anyhow::Result<Arc<Self>> {
        let runner = runner::Runner { isolation: config.isolation, program: std::env::current_exe()? };
        let loads = Arc::new(Semaphore::new(config.loads as usize));
        let env = Arc::new(Env {
            config,
            store,
            runner,
            client: dispatch::client(),
            shutting_down: false.into(),
            commands: Arc::default(),
            loads,
            observations: AtomicU64::new(0),
        });
        sweep(&env).await?;
        let sandboxes = Arc::new(Sandboxes { env, known: Mutex::default() });
        tokio::spawn(resume(Arc::downgrade(&sandboxes)));
        tokio::spawn(forget(Arc::downgrade(&sandboxes)));
        Ok(sandboxes)
    }

    /// A new sandbox, its services up.
    pub async fn create(self: &Arc<Self>, owner: &SessionId, topology: Topology, seed: u64) -> Result<Arc<Sandbox>> {
        let row = self.new_row(owner, &topology, seed)?;
        // Listed first: what is not listed is swept away at the next start. The list is also the quota.
        let listed = self.env.store.insert_sandbox(row.clone(), self.env.config.sandboxes as usize).await;
        if !listed.map_err(anyhow::Error::from)? {
            return Err(SandboxError::ServerFull);
        }
        self.begin(row, &topology).await
    }

    /// A new sandbox that nobody is shown: it is on no list, so the next start sweeps it away.
    pub async fn aside(self: &Arc<Self>, owner: &SessionId, topology: Topology, seed: u64) -> Result<Arc<Sandbox>> {
        let row = self.new_row(owner, &topology, seed)?;
        let unlisted = self.known().keys().filter(|id| self.env.store.sandbox(id).is_none()).count();
        if self.env.store.sandbox_count() + unlisted >= self.env.config.sandboxes as usize {
            return Err(SandboxError::ServerFull);
        }
        self.begin(row, &topology).await
    }

    fn new_row(&self, owner: &SessionId, topology: &Topology, seed: u64) -> Result<SandboxRow> {
        self.env.running()?;
        if topology.services.len() > self.env.config.services as usize {
            let (has, may) = (topology.services.len(), self.env.config.services);
            return Err(SandboxError::Invalid(format!("This topology has {has} services; a sandbox may have {may}.")));
        }
        let now = now_ms();
        Ok(SandboxRow {
            id: SandboxId::random(),
            session: *owner,
            topology: topology.name.to_string(),
            seed,
            created: now,
            used: now,
        })
    }

    async fn begin(self: &Arc<Self>, row: SandboxRow, topology: &Topology) -> Result<Arc<Sandbox>> {
        let sandbox = Sandbox::new(self.env.clone(), row.clone(), Arc::new(DiagramState::new(topology)));
        self.known().insert(row.id, sandbox.clone());
        if let Err(error) = sandbox.wake().await {
            self.delete(&row.id).await?;
            return Err(error);
        }
        Ok(sandbox)
    }

    /// The sandbox, awake or asleep. Whether the asker may see it is the asker's business.
    pub async fn get(&self, id: &SandboxId) -> Result<Option<Arc<Sandbox>>> {
        let known = self.known().get(id).cloned();
        if let Some(sandbox) = known {
            sandbox.touch();
            return Ok(Some(sandbox));
        }
        let Some(row) = self.env.store.sandbox(id) else { return Ok(None) };
        let state = Arc::new(stored_picture(&self.env, &row).await?.state);
        let sandbox = Sandbox::new(self.env.clone(), row, state);
        // Somebody else may have been quicker.
        Ok(Some(self.known().entry(*id).or_insert(sandbox).clone()))
    }

    /// The present picture of a sandbox that was asked for before; this reads no file.
    pub fn known_state(&self, id: &SandboxId) -> Option<Arc<DiagramState>> {
        self.known().get(id).map(|sandbox| sandbox.state())
    }

    /// Ends it and removes everything of it, even if whoever asked goes away meanwhile.
    pub async fn delete(self: &Arc<Self>, id: &SandboxId) -> Result<()> {
        let (all, id) = (self.clone(), *id);
        to_its_end(async move { all.delete_now(&id).await }).await?
    }

    async fn delete_now(&self, id: &SandboxId) -> Result<()> {
        let Some(sandbox) = self.get(id).await? else { return Err(SandboxError::Deleted) };
        sandbox.end(End::ForGood).await;
        sandbox.beside.end().await;
        self.env.store.delete_sandbox(id).await.map_err(anyhow::Error::from)?;
        self.known().remove(id);
        Ok(remove(&self.env.folder(id)).await?)
    }

    pub fn counts(&self) -> Counts {
        let known: Vec<Arc<Sandbox>> = self.known().values().cloned().collect();
        let live: Vec<Arc<Live>> = known.iter().filter_map(|sandbox| sandbox.running()).collect();
        let is_listed = |sandbox: &&Arc<Sandbox>| self.env.store.sandbox(sandbox.id()).is_some();
        let listed = known.iter().filter(is_listed).filter(|sandbox| sandbox.running().is_some()).count() as u64;
        Counts {
            live: live.len() as u64,
            hibernated: (self.env.store.sandbox_count() as u64).saturating_sub(listed),
            streams: live.iter().map(|live| live.recorder.history.viewers() as u64).sum(),
            observations_total: self.env.observations.load(Ordering::Relaxed)
                + live.iter().map(|live| live.observed()).sum::<u64>(),
            commands_total: self.env.commands.load(Ordering::Relaxed),
        }
    }

    /// Puts all of them to sleep.
    pub async fn shutdown(&self) {
        self.env.shutting_down.store(true, Ordering::SeqCst);
        let known: Vec<Arc<Sandbox>> = self.known().values().cloned().collect();
        let mut ending = tokio::task::JoinSet::new();
        for sandbox in known {
            ending.spawn(async move { sandbox.end(End::UntilAsked).await });
        }
        while ending.join_next().await.is_some() {}
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<SandboxId, Arc<Sandbox>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Env {
    fn folder(&self, id: &SandboxId) -> PathBuf {
        self.config.data_dir.join("sandboxes").join(id.to_string())
    }

    fn running(&self) -> Result<()> {
        if self.shutting_down.load(Ordering::SeqCst) { Err(SandboxError::ShuttingDown) } else { Ok(()) }
    }
}

/// Removes a sandbox's folder; that it is gone already is fine.
async fn remove(folder: &std::path::Path) -> anyhow::Result<()> {
    match tokio::fs::remove_dir_all(folder).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Folders that no sandbox owns: a kill came between the list and the folder.
async fn sweep(env: &Env) -> anyhow::Result<()> {
    let Ok(mut folders) = tokio::fs::read_dir(env.config.data_dir.join("sandboxes")).await else { return Ok(()) };
    while let Some(folder) = folders.next_entry().await? {
        let id = folder.file_name().to_str().and_then(|name| name.parse::<SandboxId>().ok());
        if id.is_some_and(|id| env.store.sandbox(&id).is_none()) {
            remove(&folder.path()).await?;
        }
    }
    Ok(())
}

const DAY_MS: i64 = 24 * 3600 * 1000;

/// Looks once a day for sandboxes nobody opens any more.
async fn forget(sandboxes: Weak<Sandboxes>) {
    loop {
        let Some(all) = sandboxes.upgrade() else { return };
        let before = now_ms() - i64::from(all.env.config.forget_after_days) * DAY_MS;
        for row in all.env.store.all_sandboxes() {
            // The list says when it last woke. One that is awake knows better when it was last used.
            let known = all.known().get(&row.id).cloned();
            if row.used >= before || known.is_some_and(|sandbox| sandbox.was_used_since(before)) {
                continue;
            }
            if let Err(error) = all.delete(&row.id).await {
                tracing::error!(sandbox.id = %row.id, %error, "a forgotten sandbox could not be deleted");
            }
        }
        drop(all);
        tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    }
}

/// After a start of the server: whatever was under way goes on.
async fn resume(sandboxes: Weak<Sandboxes>) {
    let Some(rows) = sandboxes.upgrade().map(|sandboxes| sandboxes.env.store.all_sandboxes()) else { return };
    for row in rows {
        let Some(sandboxes) = sandboxes.upgrade() else { return };
        let result = async {
            let Some(sandbox) = sandboxes.get(&row.id).await? else { return Ok(()) };
            let state = sandbox.state();
            // A clean end left a mark and took nothing away; without it services must be seen to stop.
            let unclean = !state.hibernated && state.position > 0;
            if unclean || !is_quiet(&state) { sandbox.wake().await } else { Ok(()) }
        };
        if let Err(error) = result.await {
            tracing::error!(sandbox.id = %row.id, %error, "a sandbox could not go on");
        }
    }
}

async fn stored_picture(env: &Env, row: &SandboxRow) -> anyhow::Result<Picture> {
    if !env.folder(&row.id).join(live::RECORD).exists() {
        // A kill came before its first word: it begins when it is first asked for something.
        let topology = protocol::topology(&row.topology);
        let state = topology.as_ref().map(DiagramState::new).unwrap_or_default();
        return Ok(Picture { state, ..Picture::default() });
    }
    let mut reader = storage::Reader::open(&env.folder(&row.id).join(live::RECORD)).await?;
    let picture = reader.picture().await;
    reader.close().await;
    picture
}

/// One learner's running system.
pub struct Sandbox {
    env: Arc<Env>,
    row: SandboxRow,
    topology: Topology,
    /// Of commands and reads.
    limiter: DefaultDirectRateLimiter,
    /// Of faults, switches, crashes, restarts and replicas.
    hand: DefaultDirectRateLimiter,
    mode: Mutex<Mode>,
    /// Whoever changes the mode has the turn while doing so.
    turn: tokio::sync::Mutex<()>,
    used: AtomicI64,
    beside: Beside,
    this: Weak<Sandbox>,
}

#[derive(Clone)]
enum Mode {
    Asleep(Arc<DiagramState>),
    Awake(Arc<Live>),
    /// Takes nothing new, and cannot wake before it is asleep.
    FallingAsleep(Arc<Live>),
    /// For good.
    Deleted(Arc<DiagramState>),
}

/// How a sandbox ends.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// Until somebody asks for it again.
    UntilAsked,
    /// The same, unless somebody has asked meanwhile.
    IfIdle,
    ForGood,
}

impl Sandbox {
    fn new(env: Arc<Env>, row: SandboxRow, state: Arc<DiagramState>) -> Arc<Self> {
        let per_second = NonZeroU32::new(env.config.commands_per_second).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(env.config.command_burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(per_second).allow_burst(burst);
        let topology = state.topology.clone().unwrap_or_else(|| Topology {
            name: row.topology.as_str().into(),
            title: row.topology.as_str().into(),
            services: vec![],
            switches: vec![],
            saga: None,
        });
        Arc::new_cyclic(|this| Sandbox {
            limiter: RateLimiter::direct(quota),
            hand: RateLimiter::direct(quota),
            mode: Mutex::new(Mode::Asleep(state)),
            turn: tokio::sync::Mutex::default(),
            used: AtomicI64::new(now_ms()),
            beside: Beside::default(),
            this: this.clone(),
            env,
            row,
            topology,
        })
    }

    pub fn id(&self) -> &SandboxId {
        &self.row.id
    }

    pub fn owner(&self) -> &SessionId {
        &self.row.session
    }

    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    pub fn seed(&self) -> u64 {
        self.row.seed
    }

    /// Milliseconds since 1970.
    pub fn created(&self) -> i64 {
        self.row.created
    }

    /// What its `at` counts by.
    pub fn clock(&self) -> kit::Clock {
        live::clock(&self.row, self.env.config.clock_rate)
    }

    /// The present picture, awake or asleep.
    pub fn state(&self) -> Arc<DiagramState> {
        match self.mode() {
            Mode::Asleep(state) | Mode::Deleted(state) => state,
            Mode::Awake(live) | Mode::FallingAsleep(live) => Arc::new(live.recorder.history.state()),
        }
    }

    /// The picture at a position.
    pub async fn state_at(&self, position: Position) -> Result<DiagramState> {
        let live = self.live().await?;
        let history = &live.recorder.history;
        self.check_cursor(&live, position)?;
        Ok(history.picture_at(position).await?.state)
    }

    /// The file of its record. That it sleeps, or goes on meanwhile, is no matter to who reads it.
    pub fn record_path(&self) -> PathBuf {
        self.folder().join(live::RECORD)
    }

    /// Where all of its files are, as long as it is there.
    pub fn folder(&self) -> PathBuf {
        self.env.folder(&self.row.id)
    }

    /// Leave to work on files of one's own in that folder.
    pub fn beside(&self) -> Beside {
        self.beside.clone()
    }

    pub async fn record(&self) -> Result<Arc<History>> {
        Ok(self.live().await?.recorder.history.clone())
    }

    /// Whether one may ask for something more now: not too often, and with room in the record.
    pub async fn allow(&self) -> Result<()> {
        self.env.running()?;
        self.admitted().await.map(drop)
    }

    async fn admitted(&self) -> Result<Arc<Live>> {
        self.within(&self.limiter).await
    }

    /// Something may be done to the system by hand. Counted apart, so that commands leave room for it.
    pub async fn may_be_touched(&self) -> Result<()> {
        self.env.running()?;
        self.within(&self.hand).await.map(drop)
    }

    /// The same for what gives back what was taken, which a full record does not keep from anybody.
    pub fn may_be_put_right(&self) -> Result<()> {
        self.env.running()?;
        check_rate(&self.hand)
    }

    async fn within(&self, limiter: &DefaultDirectRateLimiter) -> Result<Arc<Live>> {
        check_rate(limiter)?;
        let live = self.live().await?;
        self.check_room(&live)?;
        Ok(live)
    }

    /// Puts into the record what was seen of work [beside](Self::beside) it.
    pub async fn observe(&self, observation: Observation) -> Result<()> {
        self.live().await?.observe(observation).await
    }

    /// Makes sure that it runs.
    pub async fn wake(&self) -> Result<()> {
        self.live().await.map(drop)
    }

    /// Durable when it returns; what comes of it is in the record.
    pub async fn accept(&self, command: Command) -> Result<Uuid> {
        self.env.running()?;
        self.check_command(&command.kind, &command.data)?;
        let live = self.admitted().await?;
        let accepted = live.recorder.accept(command).await?;
        self.env.commands.fetch_add(1, Ordering::Relaxed);
        accepted.map_err(|_| SandboxError::CommandIdReused)
    }

    /// What a service answers to a read, as JSON. It is in the record by then.
    pub async fn query(&self, service: &str, query: &str, params: &str) -> Result<Bytes> {
        self.env.running()?;
        let service = self.topology.service(service).ok_or(SandboxError::NoSuchService)?;
        self.topology.reader_of(service, query, &[]).ok_or(SandboxError::NoSuchQuery)?;
        let live = self.admitted().await?;
        let switches = live.recorder.history.switches();
        let reader = self.topology.reader_of(service, query, &switches).ok_or(SandboxError::NoSuchQuery)?;
        live.query(&self.env.client, &reader.name, query, params).await
    }

    /// The rules that every command keeps.
    fn check_command(&self, kind: &str, data: &Value) -> Result<()> {
        if self.topology.owner_of(kind).is_none() {
            return Err(SandboxError::UnknownCommand(kind.to_owned()));
        }
        protocol::check_command(kind, data).map_err(SandboxError::Invalid)
    }

    fn check_room(&self, live: &Live) -> Result<()> {
        let full = live.recorder.history.bytes() >= self.env.config.record_bytes;
        if full { Err(SandboxError::RecordFull) } else { Ok(()) }
    }

    /// Starts a load, or changes the one there is.
    pub async fn put_load(&self, spec: LoadSpec) -> Result<LoadStanding> {
        self.env.running()?;
        self.check_command(&spec.kind, &spec.data)?;
        let (rate, most) = (spec.rate, self.env.config.load_rate);
        if rate.get() > most {
            return Err(SandboxError::Invalid(format!(
                "The rate {rate} is out of range. A load sends 1 to {most} commands a second."
            )));
        }
        self.check_reads(&spec)?;
        let live = self.live().await?;
        self.check_room(&live)?;
        live.loader.put(spec).await;
        Ok(live.loader.standing())
    }

    fn check_reads(&self, spec: &LoadSpec) -> Result<()> {
        let (Some(reads), Some(rate)) = (&spec.reads, spec.read_rate()) else { return Ok(()) };
        let invalid = |sentence: String| Err(SandboxError::Invalid(sentence));
        if load::Readers::read(&self.topology).is_none() {
            return invalid("Nothing can be read in this sandbox. Leave reads out.".into());
        }
        let (per_write, most) = (reads.per_write, self.env.config.load_reads);
        if per_write.get() > load::PER_WRITE_MAX {
            let most = load::PER_WRITE_MAX;
            return invalid(format!("{per_write} reads for each command are out of range. There may be 1 to {most}."));
        }
        if rate.get() > most {
            return invalid(format!("That makes {rate} reads a second. A load sends {most} at most."));
        }
        Ok(())
    }

    /// Where there is a load, its sandbox is awake.
    pub fn load(&self) -> LoadStanding {
        self.running().map_or(LoadStanding::Off, |live| live.loader.standing())
    }

    pub async fn stop_load(&self) {
        if let Some(live) = self.live_now() {
            live.loader.stop("learner".into(), "stopped by the learner").await;
        }
    }

    /// Ready server-sent events from behind `after`; ends when the sandbox does.
    pub async fn events(&self, after: Position) -> Result<impl Stream<Item = Bytes> + Send + 'static + use<>> {
        let live = self.live().await?;
        self.check_cursor(&live, after)?;
        Ok(live.recorder.history.clone().events(after))
    }

    /// At most `limit` lines of the record behind `after`, as NDJSON in pieces.
    pub async fn history(&self, after: Position, limit: usize) -> Result<Vec<Bytes>> {
        let live = self.live().await?;
        self.check_cursor(&live, after)?;
        Ok(live.recorder.history.ndjson(after, limit).await?)
    }

    fn check_cursor(&self, live: &Live, after: Position) -> Result<()> {
        let position = live.recorder.history.position();
        if after > position { Err(SandboxError::CursorAhead { position }) } else { Ok(()) }
    }

    /// Installs a fault, or replaces the one of this id.
    pub async fn put_fault(&self, id: &str, spec: FaultSpec) -> Result<FaultStanding> {
        faults::validate(&self.topology, &spec)?;
        self.live().await?.put_fault(id, spec).await
    }

    pub fn faults(&self) -> Vec<FaultStanding> {
        let now_us = self.clock().now_us();
        self.state().faults.iter().map(|fault| FaultStanding::of(fault, now_us)).collect()
    }

    pub async fn clear_fault(&self, id: &str) -> Result<()> {
        self.live().await?.clear_fault(id).await
    }

    pub async fn heal_all(&self) -> Result<()> {
        self.live().await?.heal().await
    }

    /// Switches a protection on or off.
    pub async fn set_switch(&self, name: &str, on: bool) -> Result<()> {
        self.live().await?.set_switch(name, on).await
    }

    /// The protections that can be switched here, as they stand.
    pub fn switches(&self) -> Vec<SwitchSpec> {
        self.state().switches.clone()
    }

    /// Until restarted.
    pub async fn crash(&self, service: &str, replica: Option<u32>) -> Result<()> {
        self.live().await?.crash(service, replica).await
    }

    pub async fn restart(&self, service: &str, replica: Option<u32>) -> Result<()> {
        self.live().await?.restart(service, replica).await
    }

    /// Clears what holds a service still.
    pub async fn resume(&self, service: &str, replica: Option<u32>) -> Result<()> {
        self.live().await?.resume(service, replica).await
    }

    /// So many replicas of a service run from now on.
    pub async fn scale(&self, service: &str, replicas: u32) -> Result<()> {
        self.live().await?.scale(service, replicas).await
    }

    /// A service's own tables, whether it is up or not.
    /// At a position: without the kit's bookkeeping, and counted from the record.
    pub async fn tables(&self, service: &str, at: Option<Position>) -> Result<Vec<TableSummary>> {
        let live = self.live().await?;
        if let Some(at) = at {
            self.check_cursor(&live, at)?;
        }
        live.tables(service, at).await
    }

    /// A table's rows: as they stand, or as the record says they stood at a position. `under`: only
    /// those whose keys begin so.
    pub async fn table(
        &self,
        service: &str,
        table: &str,
        at: Option<Position>,
        under: Option<&str>,
    ) -> Result<TableRows> {
        let live = self.live().await?;
        if let Some(at) = at {
            self.check_cursor(&live, at)?;
        }
        live.table(service, table, at, under).await
    }

    /// Where in the record something stands out.
    pub async fn strata(&self) -> Result<Strata> {
        let live = self.live().await?;
        Ok(live.recorder.history.with_picture(|picture| picture.strata.clone()))
    }

    pub async fn invariants(&self) -> Result<Vec<Invariant>> {
        let live = self.live().await?;
        Ok(live.recorder.history.with_picture(|picture| picture.checks.report().to_vec()))
    }

    /// Awake, and used since then, or looked at now.
    fn was_used_since(&self, then_ms: i64) -> bool {
        self.live_now()
            .is_some_and(|live| self.used.load(Ordering::Relaxed) >= then_ms || live.recorder.history.viewers() > 0)
    }

    fn touch(&self) {
        self.used.store(now_ms(), Ordering::Relaxed);
    }

    fn mode(&self) -> Mode {
        self.mode.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_mode(&self, mode: Mode) {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }

    fn live_now(&self) -> Option<Arc<Live>> {
        match self.mode() {
            Mode::Awake(live) => Some(live),
            Mode::Asleep(_) | Mode::FallingAsleep(_) | Mode::Deleted(_) => None,
        }
    }

    /// What is not asleep yet, whether it takes anything new or not.
    fn running(&self) -> Option<Arc<Live>> {
        match self.mode() {
            Mode::Awake(live) | Mode::FallingAsleep(live) => Some(live),
            Mode::Asleep(_) | Mode::Deleted(_) => None,
        }
    }

    /// The running system, woken if need be; opened again from its files if its record failed.
    async fn live(&self) -> Result<Arc<Live>> {
        self.touch();
        if let Mode::Awake(live) = self.mode()
            && !live.recorder.history.is_closed()
        {
            return Ok(live);
        }
        let sandbox = self.this.upgrade().context("the sandbox is gone")?;
        to_its_end(async move { sandbox.start().await }).await?
    }

    async fn start(&self) -> Result<Arc<Live>> {
        let turn = self.turn.lock().await;
        match self.mode() {
            Mode::Awake(live) if !live.recorder.history.is_closed() => return Ok(live),
            Mode::Awake(live) | Mode::FallingAsleep(live) => live.abandon().await,
            Mode::Asleep(_) => {}
            Mode::Deleted(_) => return Err(SandboxError::Deleted),
        }
        self.env.running()?;
        let live = Live::start(&self.env, &self.row, &self.topology).await?;
        self.set_mode(Mode::Awake(live.clone()));
        drop(turn);
        if let Err(error) = self.env.store.touch_sandbox(&self.row.id).await {
            tracing::warn!(sandbox.id = %self.row.id, %error, "its use could not be noted");
        }
        tokio::spawn(hibernate_when_idle(self.this.clone(), Arc::downgrade(&live), self.hibernate_after()));
        Ok(live)
    }

    async fn end(&self, when: End) {
        let Some(sandbox) = self.this.upgrade() else { return };
        if let Err(error) = to_its_end(async move { sandbox.stop(when).await }).await {
            tracing::error!(sandbox.id = %self.row.id, %error, "a sandbox did not end");
        }
    }

    async fn stop(&self, when: End) {
        let _turn = self.turn.lock().await;
        if let Mode::Awake(live) = self.mode() {
            if when == End::IfIdle && !self.is_idle() {
                return;
            }
            self.set_mode(Mode::FallingAsleep(live.clone()));
            live.stop().await;
            self.env.observations.fetch_add(live.observed(), Ordering::Relaxed);
            self.set_mode(Mode::Asleep(Arc::new(live.recorder.history.state())));
        }
        if when == End::ForGood {
            self.set_mode(Mode::Deleted(self.state()));
        }
    }

    fn hibernate_after(&self) -> Duration {
        Duration::from_secs(self.env.config.hibernate_after_s)
    }

    /// Nobody looks, nothing is under way, and nothing will happen by itself.
    fn is_idle(&self) -> bool {
        let quiet_ms = u64::try_from(now_ms() - self.used.load(Ordering::Relaxed)).unwrap_or(0);
        self.live_now().is_some_and(|live| {
            Duration::from_millis(quiet_ms) >= self.hibernate_after()
                && live.recorder.history.viewers() == 0
                && live.loader.standing() == LoadStanding::Off
                && live.recorder.history.with_picture(|picture| is_quiet(&picture.state))
        })
    }
}

fn check_rate(limiter: &DefaultDirectRateLimiter) -> Result<()> {
    limiter.check().map_err(|until| {
        let wait = until.wait_time_from(limiter.clock().now());
        SandboxError::TooManyCommands { retry_after_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) }
    })
}

/// Runs as a task of its own: whoever asks may go away in the middle, and half a change of
/// mode would be left.
async fn to_its_end<T: Send + 'static>(change: impl Future<Output = T> + Send + 'static) -> anyhow::Result<T> {
    Ok(tokio::spawn(change).await?)
}

/// Nothing is under way, and no fault will end by itself.
fn is_quiet(state: &DiagramState) -> bool {
    state.at_rest() && state.faults.iter().all(|fault| fault.spec.ttl_ms.is_none())
}

/// Sleeps until it is time to look, looks, and ends with the sandbox's waking life.
async fn hibernate_when_idle(sandbox: Weak<Sandbox>, live: Weak<Live>, after: Duration) {
    loop {
        tokio::time::sleep(after).await;
        let Some(sandbox) = sandbox.upgrade() else { return };
        if live.strong_count() == 0 {
            return;
        }
        sandbox.end(End::IfIdle).await;
    }
}
