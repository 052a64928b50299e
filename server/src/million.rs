//! A million events: what replaying costs, with snapshots and without, measured live.
//!
//! The store is made once per server, when it is first asked for, and then only read, by
//! everybody; it is outside quotas and records. What a sandbox makes of it, [`copies`], lies in
//! its own folder and goes with it. Loads and checks are short and wait for each other; building a
//! read model is long, so few run at a time, one of each learner's, on a thread of its own.

mod account;
mod building;
mod changes;
mod copies;
mod error;
mod making;
mod reads;
mod replay;
mod storage;

pub use changes::{Built, Told};
pub use copies::{CopiesView, ModelView, Reads, State};
pub use error::MillionError;
pub use replay::{Checked, Damage, Loaded};
pub use storage::models::Model;
pub use storage::{Kept, Timed};

use crate::config::Config;
use crate::ids::{SandboxId, SessionId};
use crate::sandbox::Sandbox;
use changes::Change;
use copies::Copies;
use kit::aside::{Manners, aside};
use making::{Ready, Store};
use serde::Serialize;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

type Result<T> = std::result::Result<T, MillionError>;

/// Loads and checks at a time on this server: each keeps a processor busy, if not for long.
const REPLAYS: usize = 2;

/// How long a load waits for others.
const PATIENCE: Duration = Duration::from_secs(20);

/// The closest that snapshots may lie: what a sandbox keeps of them stays within a few MB.
pub const CLOSEST: u64 = 100;

pub struct Million {
    config: Arc<Config>,
    store: watch::Sender<Progress>,
    replays: Arc<Semaphore>,
    builds: Arc<Semaphore>,
    replaying: Lanes<SessionId>,
    building: Lanes<SessionId>,
    copies: Mutex<HashMap<SandboxId, Arc<Copies>>>,
    jobs: TaskTracker,
    stop: CancellationToken,
}

struct Progress {
    revision: u64,
    store: Store,
}

/// The store as it stands, for the API and the page.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MillionStore)]
pub struct StoreView {
    /// Changes with everything that changes here.
    pub revision: u64,
    pub state: StoreState,
    /// How many events it has when it is whole.
    pub events: u64,
    /// How many are in it by now.
    pub made: u64,
    /// Of its file, once it is whole.
    pub bytes: Option<u64>,
    /// Milliseconds since its making began, or from its beginning to its end where this server has made it.
    pub took_ms: Option<u64>,
    /// Why it could not be made, else empty.
    pub detail: &'static str,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = MillionStoreState)]
pub enum StoreState {
    None,
    Making,
    Ready,
    Failed,
}

impl Million {
    /// Reads and makes nothing yet, but for a look whether the store is there.
    pub fn new(config: Arc<Config>) -> Arc<Self> {
        let store = making::find(&config.data_dir, config.million_events).map_or(Store::None, Store::Ready);
        Arc::new(Million {
            store: watch::Sender::new(Progress { revision: 1, store }),
            replays: Arc::new(Semaphore::new(REPLAYS)),
            builds: Arc::new(Semaphore::new(config.million_builds as usize)),
            replaying: Lanes::default(),
            building: Lanes::default(),
            copies: Mutex::default(),
            jobs: TaskTracker::new(),
            stop: CancellationToken::new(),
            config,
        })
    }

    pub fn store(&self) -> StoreView {
        let progress = self.store.borrow();
        let events = self.config.million_events;
        let mut view = StoreView {
            revision: progress.revision,
            state: StoreState::None,
            events,
            made: 0,
            bytes: None,
            took_ms: None,
            detail: "",
        };
        match &progress.store {
            Store::None => {}
            Store::Making { made, since } => {
                view.took_ms = u64::try_from(since.elapsed().as_millis()).ok();
                (view.state, view.made) = (StoreState::Making, *made);
            }
            Store::Ready(ready) => {
                (view.bytes, view.took_ms) = (Some(ready.bytes), ready.took_ms);
                (view.state, view.made) = (StoreState::Ready, events);
            }
            Store::Failed(why) => (view.state, view.detail) = (StoreState::Failed, why),
        }
        view
    }

    /// Resolves once the store is other than at this revision.
    pub async fn store_changed(&self, known: u64) {
        let _ = self.store.subscribe().wait_for(|progress| progress.revision != known).await;
    }

    /// Makes the store in the background, unless it is there or under way.
    pub fn make(self: &Arc<Self>) -> Result<()> {
        self.running()?;
        let mut begins = false;
        self.change(|store| {
            begins = matches!(store, Store::None | Store::Failed(_));
            if begins {
                *store = Store::Making { made: 0, since: Instant::now() };
            }
        });
        if begins {
            self.jobs.spawn(self.clone().make_now());
        }
        Ok(())
    }

    async fn make_now(self: Arc<Self>) {
        let told = {
            let million = self.clone();
            move |done| {
                million.change(|store| {
                    if let Store::Making { made, .. } = store {
                        *made = done;
                    }
                });
            }
        };
        let (dir, events) = (self.config.data_dir.clone(), self.config.million_events);
        let made = aside("million", Manners::Modest, making::make(dir, events, self.stop.clone(), told)).await;
        self.change(|store| {
            *store = match made {
                Ok(ready) => Store::Ready(ready),
                Err(error) => {
                    if !self.stop.is_cancelled() {
                        tracing::error!(%error, "the store of a million events could not be made");
                    }
                    let _ = making::sweep(&self.config.data_dir);
                    Store::Failed("The million events could not be made; perhaps the disk is full. Try again.")
                }
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut Store)) {
        self.store.send_modify(|progress| {
            change(&mut progress.store);
            progress.revision += 1;
        });
    }

    fn ready(&self) -> Result<Ready> {
        match &self.store.borrow().store {
            Store::Ready(ready) => Ok(ready.clone()),
            other => Err(MillionError::without(other)),
        }
    }

    /// What a sandbox has made of the events; nothing yet where there is no store.
    pub async fn copies(&self, sandbox: &Sandbox) -> Result<CopiesView> {
        Ok(self.copies_of(sandbox).await?.view())
    }

    /// Resolves once a sandbox's copies are other than at this revision.
    pub async fn copies_changed(&self, sandbox: &Sandbox, known: u64) -> Result<()> {
        self.copies_of(sandbox).await?.changed(known).await;
        Ok(())
    }

    async fn copies_of(&self, sandbox: &Sandbox) -> Result<Arc<Copies>> {
        let known = guard(&self.copies).get(sandbox.id()).cloned();
        if let Some(copies) = known {
            return Ok(copies);
        }
        let copies = Arc::new(Copies::open(sandbox, &self.ready()?).await?);
        let mut all = guard(&self.copies);
        all.retain(|_, copies| !copies.beside.is_over());
        // Somebody else may have been quicker.
        Ok(all.entry(*sandbox.id()).or_insert(copies).clone())
    }

    /// Loads the account as of a version, or as it is, with snapshots at this interval or without.
    pub async fn load(self: &Arc<Self>, sandbox: &Sandbox, every: Option<u64>, version: Option<u64>) -> Result<Loaded> {
        let ready = self.ready()?;
        if let Some(every) = every.filter(|every| !(CLOSEST..=ready.events).contains(every)) {
            return Err(MillionError::Invalid(format!(
                "There is no snapshot at each {every} events. An interval is {CLOSEST} to {}, or null for none.",
                ready.events
            )));
        }
        let version = version.unwrap_or(ready.events);
        if !(1..=ready.events).contains(&version) {
            return Err(MillionError::Invalid(format!("There is no event {version}. They are 1 to {}.", ready.events)));
        }
        sandbox.allow().await?;
        let began = Instant::now();
        let work = move |ready: Ready, copies: Arc<Copies>| async move {
            let waited_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let loaded = replay::load(&ready, &copies, every, version).await?;
            Ok(Loaded { waited_ms, ..loaded })
        };
        let loaded = self.replay(sandbox, work).await?;
        sandbox.observe(loaded.observed()).await?;
        Ok(loaded)
    }

    /// Makes the newest snapshot wrong.
    pub async fn damage(self: &Arc<Self>, sandbox: &Sandbox) -> Result<Damage> {
        sandbox.allow().await?;
        let damage = self.replay(sandbox, |ready, copies| async move { replay::damage(&ready, &copies).await }).await?;
        sandbox.observe(Change::Damaged(damage.clone()).observed()).await?;
        Ok(damage)
    }

    /// Finds the snapshots that are wrong.
    pub async fn check(self: &Arc<Self>, sandbox: &Sandbox) -> Result<Checked> {
        sandbox.allow().await?;
        let checked = self.replay(sandbox, |ready, copies| async move { replay::check(&ready, &copies).await }).await?;
        sandbox.observe(Change::Checked(checked.clone()).observed()).await?;
        Ok(checked)
    }

    /// Forgets all snapshots.
    pub async fn forget(self: &Arc<Self>, sandbox: &Sandbox) -> Result<()> {
        sandbox.allow().await?;
        if self.replay(sandbox, |_, copies| async move { replay::forget(&copies).await }).await? {
            sandbox.observe(Change::Forgotten.observed()).await?;
        }
        Ok(())
    }

    /// Runs it when its turn has come, away from those who answer requests, to its end.
    async fn replay<T, F>(
        self: &Arc<Self>,
        sandbox: &Sandbox,
        work: impl FnOnce(Ready, Arc<Copies>) -> F + Send + 'static,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>>,
    {
        self.running()?;
        let (ready, copies) = (self.ready()?, self.copies_of(sandbox).await?);
        let turns = async {
            let lane = self.replaying.turn(copies.owner).await;
            (lane, self.replays.clone().acquire_owned().await)
        };
        let turn = tokio::time::timeout(PATIENCE, turns).await.map_err(|_| MillionError::Busy)?;
        let working = (copies.beside.work()?, self.jobs.token());
        let runtime = Handle::current();
        let done = tokio::task::spawn_blocking(move || {
            let done = runtime.block_on(work(ready, copies));
            drop((turn, working));
            done
        });
        done.await.map_err(anyhow::Error::from)?
    }

    /// Builds a read model in the background, or builds it anew beside the one there is.
    pub async fn build(self: &Arc<Self>, sandbox: &Arc<Sandbox>, model: Model) -> Result<ModelView> {
        self.running()?;
        let (ready, copies) = (self.ready()?, self.copies_of(sandbox).await?);
        let working = copies.beside.work()?;
        if copies.queue(model) {
            // The sandbox may go while it is built.
            let (million, copies, of) = (self.clone(), copies.clone(), Arc::downgrade(sandbox));
            self.jobs.spawn(async move {
                let times = million.build_now(&ready, &copies, model).await;
                if let Err(error) = &times {
                    tracing::error!(%error, "a read model of the million events could not be built");
                }
                let times = times.ok().flatten();
                copies.end(model, times);
                drop(working);
                if let (Some(_), Some(sandbox)) = (times, of.upgrade()) {
                    // One that is gone by now, or whose record is full, has it in its file alone.
                    let _ = million.note(&sandbox, &copies, model).await;
                }
            });
        }
        Ok(copies.model(model))
    }

    /// Has the record know a read model that has caught up.
    async fn note(&self, sandbox: &Sandbox, copies: &Copies, model: Model) -> Result<()> {
        let from = copies.from(model);
        let (model, rows) = self.model(sandbox, model).await?;
        Ok(sandbox.observe(Change::Built(Built { model, from, rows }).observed()).await?)
    }

    async fn build_now(
        &self,
        ready: &Ready,
        copies: &Arc<Copies>,
        model: Model,
    ) -> anyhow::Result<Option<reads::Times>> {
        let stop = copies.beside.until_deleted();
        let _over = stop.clone().drop_guard();
        tokio::spawn({
            let (server, stop) = (self.stop.clone(), stop.clone());
            async move {
                tokio::select! {
                    () = server.cancelled() => stop.cancel(),
                    () = stop.cancelled() => {}
                }
            }
        });
        let turns = async {
            let lane = self.building.turn(copies.owner).await;
            (lane, self.builds.clone().acquire_owned().await)
        };
        let _turn = tokio::select! {
            () = stop.cancelled() => return Ok(None),
            turn = turns => turn,
        };
        copies.begin(model);
        let (ready, copies) = (ready.clone(), copies.clone());
        aside("read-model", Manners::Invisible, async move { building::build(&ready, &copies, model, &stop).await })
            .await
    }

    /// A read model as it stands, with some of its rows.
    pub async fn model(&self, sandbox: &Sandbox, model: Model) -> Result<(ModelView, Vec<serde_json::Value>)> {
        let copies = self.copies_of(sandbox).await?;
        let view = copies.model(model);
        let _working = copies.beside.work()?;
        // Where it has only just begun, neither file nor table need be there.
        let Ok(mut own) = storage::look(&copies.path).await else { return Ok((view, vec![])) };
        let rows = model.rows(&mut own).await.unwrap_or_default();
        storage::close(own).await?;
        Ok((view, rows))
    }

    fn running(&self) -> Result<()> {
        if self.stop.is_cancelled() { Err(MillionError::ShuttingDown) } else { Ok(()) }
    }

    /// Breaks off whatever is under way.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.jobs.close();
        self.jobs.wait().await;
    }
}

/// Who has one thing under way waits with the next.
struct Lanes<K>(Mutex<HashMap<K, Arc<Turn<()>>>>);

impl<K> Default for Lanes<K> {
    fn default() -> Self {
        Lanes(Mutex::default())
    }
}

impl<K: Eq + Hash> Lanes<K> {
    async fn turn(&self, of: K) -> OwnedMutexGuard<()> {
        let lane = {
            let mut lanes = guard(&self.0);
            lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
            lanes.entry(of).or_default().clone()
        };
        lane.lock_owned().await
    }
}

fn guard<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
