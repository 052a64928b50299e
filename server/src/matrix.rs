//! The coverage matrix: every step of a saga, struck by every fault, each on a fresh system of its
//! own. What a cell ends as is judged by what its services really did.
//!
//! A matrix and the runs of its cells are for now: the next of the same topology takes their
//! place, and so does the next start of the server. A cell's sandbox is gone once its run is kept.

mod cell;
mod error;
mod judge;
mod plan;
mod watch;

pub use error::MatrixError;
pub use judge::State;
pub use plan::{Strike, steps};

use crate::config::Config;
use crate::ids::{MatrixId, RunId, SessionId};
use crate::runs::Runs;
use crate::sandbox::{SandboxError, Sandboxes};
use crate::store::{RunRow, now_ms};
use cell::Cell;
use plan::Plan;
use protocol::{Name, Topology};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::{Semaphore, watch as changes};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Cells under way at a time on this server. They mostly wait, but each is a whole system.
const CELLS: usize = 16;

/// All matrices of this server.
pub struct Matrices {
    config: Arc<Config>,
    sandboxes: Arc<Sandboxes>,
    runs: Arc<Runs>,
    turns: Arc<Semaphore>,
    /// The oldest first.
    known: Mutex<Vec<Arc<Matrix>>>,
    jobs: Mutex<JoinSet<()>>,
    stop: CancellationToken,
}

/// One matrix, under way or done.
pub struct Matrix {
    pub id: MatrixId,
    pub owner: SessionId,
    topology: Topology,
    began: Instant,
    /// In milliseconds since 1970.
    began_at: i64,
    progress: changes::Sender<Progress>,
}

struct Progress {
    revision: u64,
    state: Running,
    /// Why it failed.
    detail: String,
    took_ms: Option<u64>,
    cells: Vec<CellView>,
    runs: Vec<RunRow>,
    /// When the last of those it took the place of began that had a hole.
    red_before: Option<i64>,
}

/// How far a matrix has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Running {
    Running,
    Done,
    /// A cell could not be run; `detail` says why.
    Failed,
}

/// A matrix as it stands, for the API and the page.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Matrix)]
pub struct MatrixView {
    pub id: String,
    /// Rises with every change.
    pub revision: u64,
    pub topology: String,
    pub switches: BTreeMap<String, bool>,
    pub state: Running,
    /// Why it failed, else empty.
    pub detail: String,
    /// Since it began, or from its beginning to its end. Milliseconds.
    pub took_ms: u64,
    /// Step by step, each with its four faults.
    pub cells: Vec<CellView>,
}

/// A step struck by a fault.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MatrixCell)]
pub struct CellView {
    #[schema(value_type = String)]
    pub step: Name,
    pub fault: Strike,
    pub state: State,
    /// The run of this cell, once it has ended.
    pub run: Option<String>,
    /// What came of it, in words.
    pub detail: String,
}

impl Matrices {
    pub fn new(config: Arc<Config>, sandboxes: Arc<Sandboxes>, runs: Arc<Runs>) -> Arc<Self> {
        Arc::new(Matrices {
            config,
            sandboxes,
            runs,
            turns: Arc::new(Semaphore::new(CELLS)),
            known: Mutex::default(),
            jobs: Mutex::default(),
            stop: CancellationToken::new(),
        })
    }

    /// Begins one, in the place of the session's last of this topology.
    pub fn start(self: &Arc<Self>, owner: SessionId, topology: Topology) -> Result<Arc<Matrix>, MatrixError> {
        if self.stop.is_cancelled() {
            return Err(MatrixError::ShuttingDown);
        }
        let plans = plan::plans(&topology);
        if plans.is_empty() {
            return Err(MatrixError::NoSteps);
        }
        let matrix = Arc::new(Matrix::new(owner, topology, &plans));
        let replaced = self.list(&matrix)?;
        let mut jobs = lock(&self.jobs);
        while jobs.try_join_next().is_some() {}
        let matrices = self.clone();
        let job = matrix.clone();
        jobs.spawn(async move {
            for row in replaced {
                if let Err(error) = matrices.runs.remove_aside(&row.id).await {
                    tracing::warn!(run.id = %row.id, %error, "a cell's run could not be removed");
                }
            }
            matrices.run(job, plans).await;
        });
        Ok(matrix)
    }

    /// Makes room for it; the runs of those that had to go.
    fn list(&self, matrix: &Arc<Matrix>) -> Result<Vec<RunRow>, MatrixError> {
        let mut known = lock(&self.known);
        if known.iter().any(|other| other.owner == matrix.owner && other.is_running()) {
            return Err(MatrixError::OneAtATime);
        }
        let same = |other: &Matrix| other.owner == matrix.owner && other.topology.name == matrix.topology.name;
        let mut gone: Vec<Arc<Matrix>> = known.extract_if(.., |other| same(other)).collect();
        let red_before = gone.iter().filter_map(|other| other.red_at()).max();
        matrix.change(|progress| progress.red_before = red_before);
        if known.len() >= self.config.matrices as usize {
            let oldest = known.iter().position(|other| !other.is_running()).ok_or(MatrixError::TooManyInAll)?;
            gone.push(known.remove(oldest));
        }
        known.push(matrix.clone());
        Ok(gone.iter().flat_map(|matrix| matrix.give_up_runs()).collect())
    }

    pub fn get(&self, id: &MatrixId) -> Option<Arc<Matrix>> {
        lock(&self.known).iter().find(|matrix| matrix.id == *id).cloned()
    }

    /// The session's last, of this topology or of any.
    pub fn last(&self, owner: &SessionId, topology: Option<&str>) -> Option<Arc<Matrix>> {
        let known = lock(&self.known);
        let mut own = known.iter().rev().filter(|matrix| matrix.owner == *owner);
        own.find(|matrix| topology.is_none_or(|name| &*matrix.topology.name == name)).cloned()
    }

    /// The run of a cell.
    pub fn run_row(&self, id: &RunId) -> Option<RunRow> {
        let known = lock(&self.known);
        known.iter().find_map(|matrix| matrix.progress.borrow().runs.iter().find(|row| row.id == *id).cloned())
    }

    /// Ends what is under way; returns when all of it has ended.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        let mut jobs = std::mem::take(&mut *lock(&self.jobs));
        while jobs.join_next().await.is_some() {}
    }

    async fn run(self: Arc<Self>, matrix: Arc<Matrix>, plans: Vec<Plan>) {
        let stop = self.stop.child_token();
        let mut cells = JoinSet::new();
        // The slowest first: while they wait, the others pass.
        let mut order: Vec<(usize, Plan)> = plans.into_iter().enumerate().collect();
        order.sort_by_key(|(_, plan)| plan.strike.order());
        for (index, plan) in order {
            let (turns, stop, matrix) = (self.turns.clone(), stop.clone(), matrix.clone());
            let cell = Cell {
                sandboxes: self.sandboxes.clone(),
                runs: self.runs.clone(),
                owner: matrix.owner,
                topology: matrix.topology.clone(),
                plan,
            };
            cells.spawn(async move {
                let turn = tokio::select! {
                    turn = turns.acquire_owned() => turn.ok()?,
                    () = stop.cancelled() => return None,
                };
                matrix.begins(index);
                let outcome = tokio::select! {
                    outcome = cell.run() => outcome,
                    () = stop.cancelled() => return None,
                };
                drop(turn);
                Some((index, outcome))
            });
        }
        while let Some(ended) = cells.join_next().await {
            match ended {
                Ok(Some((index, Ok(ended)))) => matrix.ended(index, ended),
                Ok(None) => {}
                Ok(Some((_, Err(error)))) => {
                    tracing::warn!(matrix.id = %matrix.id, error = ?error, "a cell could not be run");
                    matrix.failed(sentence(&error));
                    stop.cancel();
                }
                Err(error) => {
                    tracing::error!(matrix.id = %matrix.id, %error, "a cell ended badly");
                    matrix.failed(INTERNAL.to_owned());
                    stop.cancel();
                }
            }
        }
        matrix.done();
    }
}

impl Progress {
    /// Whether all cells ended consistent, once it is whole.
    fn is_green(&self) -> Option<bool> {
        let green = || self.cells.iter().all(|cell| cell.state == State::Consistent);
        (self.state == Running::Done).then(green)
    }
}

impl Matrix {
    fn new(owner: SessionId, topology: Topology, plans: &[Plan]) -> Self {
        let cell = |plan: &Plan| CellView {
            step: plan.step.clone(),
            fault: plan.strike,
            state: State::Waiting,
            run: None,
            detail: String::new(),
        };
        let progress = Progress {
            revision: 0,
            state: Running::Running,
            detail: String::new(),
            took_ms: None,
            cells: plans.iter().map(cell).collect(),
            runs: vec![],
            red_before: None,
        };
        let (progress, _) = changes::channel(progress);
        Matrix { id: MatrixId::random(), owner, topology, began: Instant::now(), began_at: now_ms(), progress }
    }

    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    pub fn view(&self) -> MatrixView {
        let progress = self.progress.borrow();
        MatrixView {
            id: self.id.to_string(),
            revision: progress.revision,
            topology: self.topology.name.to_string(),
            switches: self.topology.switches.iter().map(|switch| (switch.name.to_string(), switch.on)).collect(),
            state: progress.state,
            detail: progress.detail.clone(),
            took_ms: progress.took_ms.unwrap_or_else(|| self.elapsed_ms()),
            cells: progress.cells.clone(),
        }
    }

    /// Returns once it has changed since this revision.
    pub async fn changed(&self, revision: u64) {
        self.until(|progress| progress.revision > revision).await;
    }

    /// Returns once it is done or has failed.
    pub async fn over(&self) {
        self.until(|progress| progress.state != Running::Running).await;
    }

    async fn until(&self, so: impl FnMut(&Progress) -> bool) {
        // It has the sender itself, so there is no other end to this.
        let _ = self.progress.subscribe().wait_for(so).await;
    }

    /// In milliseconds since 1970.
    pub fn began_at(&self) -> i64 {
        self.began_at
    }

    /// It is whole, and every cell of it ended consistent.
    pub fn is_green(&self) -> bool {
        self.progress.borrow().is_green() == Some(true)
    }

    /// When the last one of its topology began that was whole and had a hole: it, or one that it
    /// took the place of.
    pub fn red_at(&self) -> Option<i64> {
        let progress = self.progress.borrow();
        if progress.is_green() == Some(false) { Some(self.began_at) } else { progress.red_before }
    }

    fn is_running(&self) -> bool {
        self.progress.borrow().state == Running::Running
    }

    fn begins(&self, index: usize) {
        self.change(|progress| progress.cells[index].state = State::Running);
    }

    fn ended(&self, index: usize, ended: cell::Ended) {
        self.change(|progress| {
            let cell = &mut progress.cells[index];
            (cell.state, cell.detail, cell.run) = (ended.state, ended.detail, Some(ended.run.id.to_string()));
            progress.runs.push(ended.run);
        });
    }

    fn failed(&self, why: String) {
        self.change(|progress| {
            if progress.state == Running::Running {
                (progress.state, progress.detail) = (Running::Failed, why);
            }
        });
    }

    fn done(&self) {
        let took_ms = self.elapsed_ms();
        self.change(|progress| {
            progress.took_ms = Some(took_ms);
            if progress.state == Running::Running {
                progress.state = Running::Done;
            }
        });
    }

    /// Its runs, which are its own no longer.
    fn give_up_runs(&self) -> Vec<RunRow> {
        let mut runs = vec![];
        self.change(|progress| runs = std::mem::take(&mut progress.runs));
        runs
    }

    fn change(&self, how: impl FnOnce(&mut Progress)) {
        self.progress.send_modify(|progress| {
            how(progress);
            progress.revision += 1;
        });
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Why a cell could not be run, for the learner: what is inside the server stays there.
fn sentence(error: &anyhow::Error) -> String {
    match error.downcast_ref::<SandboxError>() {
        None | Some(SandboxError::Internal(_)) => INTERNAL.to_owned(),
        Some(error) => error.to_string(),
    }
}

const INTERNAL: &str = "something failed inside the server, whose log says more";

/// What they hold is whole whatever panicked while holding it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
