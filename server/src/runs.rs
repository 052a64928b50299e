//! Runs to keep: read-only copies of a record, which outlive their sandbox.
//!
//! A run is made as a [`draft::Draft`] and listed once its file is whole and in place. It comes
//! from a sandbox (its blocks are copied while it lives on) or from a file ([`import`]).

mod checks;
pub mod compare;
mod draft;
mod error;
mod facts;
mod import;
mod name;
mod run;

pub use error::RunError;
pub use name::RunName;
pub use run::Run;

use crate::config::Config;
use crate::ids::{RunId, SessionId};
use crate::recorder::storage;
use crate::sandbox::{Sandbox, SandboxError};
use crate::store::{Origin, RunRow, Store, now_ms};
use bytes::Bytes;
use draft::Draft;
use protocol::Position;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Semaphore;

pub type Result<T> = std::result::Result<T, RunError>;

/// All kept runs of this server.
pub struct Runs {
    config: Arc<Config>,
    store: Store,
    /// Who copies or imports has one: both take the processor and the disk for a while.
    turns: Semaphore,
}

/// Runs made at a time.
const TURNS: usize = 2;

impl Runs {
    pub async fn open(config: Arc<Config>, store: Store) -> anyhow::Result<Arc<Self>> {
        let runs = Runs { config, store, turns: Semaphore::new(TURNS) };
        draft::sweep(&runs.folder(), &runs.store).await?;
        Ok(Arc::new(runs))
    }

    /// Keeps a sandbox's record up to a position, or all there is of it by now.
    pub async fn keep(
        self: &Arc<Self>,
        owner: SessionId,
        sandbox: Arc<Sandbox>,
        name: RunName,
        at: Option<Position>,
    ) -> Result<RunRow> {
        let end = sandbox.state().position;
        let at = at.unwrap_or(end);
        if at > end {
            return Err(SandboxError::CursorAhead { position: end }.into());
        }
        if at == 0 {
            return Err(RunError::Empty);
        }
        let topology = sandbox.topology().name.to_string();
        let runs = self.clone();
        to_its_end(async move {
            let _turn = runs.turn(&owner).await?;
            let draft = Draft::begin(&runs.folder()).await?;
            let copied = copy(sandbox.record_path(), &draft, at).await;
            if copied.is_err() && runs.store.sandbox(sandbox.id()).is_none() {
                return Err(SandboxError::Deleted.into());
            }
            copied?;
            runs.list(draft, owner, name, topology, at, Origin::Kept).await
        })
        .await
    }

    /// A copy of all that a sandbox has recorded, on no list: the next start sweeps it away. It is
    /// for whoever asked to find again, and to remove.
    pub async fn set_aside(&self, owner: SessionId, sandbox: &Sandbox, name: RunName) -> Result<RunRow> {
        let (position, topology) = (sandbox.state().position, sandbox.topology().name.to_string());
        let draft = Draft::begin(&self.folder()).await?;
        copy(sandbox.record_path(), &draft, position).await?;
        let id = RunId::random();
        draft.keep(&id).await?.for_good();
        let name = name.into();
        Ok(RunRow { id, session: owner, name, topology, position, created: now_ms(), origin: Origin::Matrix })
    }

    pub async fn remove_aside(&self, id: &RunId) -> Result<()> {
        Ok(draft::remove(&self.folder().join(id.to_string())).await?)
    }

    /// Takes in an exported record. Nothing is kept of one that is refused.
    pub async fn import(self: &Arc<Self>, owner: SessionId, name: Option<RunName>, file: Bytes) -> Result<RunRow> {
        let runs = self.clone();
        to_its_end(async move {
            let _turn = runs.turn(&owner).await?;
            let draft = Draft::begin(&runs.folder()).await?;
            let import::Imported { topology, position } =
                import::read(&file, &draft.record(), runs.config.import_bytes).await?;
            let name = name.unwrap_or_else(|| RunName::imported(&topology));
            runs.list(draft, owner, name, topology, position, Origin::Imported).await
        })
        .await
    }

    /// Opens a run's file. Whether the asker may see it is the asker's business.
    pub async fn get(&self, row: RunRow) -> Result<Arc<Run>> {
        let path = self.folder().join(row.id.to_string()).join(draft::RECORD);
        Ok(Arc::new(Run::open(row, &path).await?))
    }

    pub async fn rename(&self, id: &RunId, name: &RunName) -> Result<()> {
        Ok(self.store.rename_run(id, name.as_str()).await?)
    }

    /// Taken off the list first: what is not listed is swept away at the next start.
    pub async fn delete(&self, id: &RunId) -> Result<()> {
        self.store.delete_run(id).await?;
        Ok(draft::remove(&self.folder().join(id.to_string())).await?)
    }

    async fn turn(&self, owner: &SessionId) -> Result<tokio::sync::SemaphorePermit<'_>> {
        let turn = self.turns.acquire().await.map_err(anyhow::Error::from)?;
        // Counted again when it is listed; this only saves the work.
        if self.store.run_count(owner).await? >= self.config.runs {
            return Err(RunError::TooMany { quota: self.config.runs });
        }
        // A session costs nothing, so there is a bound for all of them, too.
        if self.store.all_run_count().await? >= self.config.all_runs {
            return Err(RunError::TooManyInAll);
        }
        Ok(turn)
    }

    async fn list(
        &self,
        draft: Draft,
        session: SessionId,
        name: RunName,
        topology: String,
        position: Position,
        origin: Origin,
    ) -> Result<RunRow> {
        let id = RunId::random();
        let name = name.into();
        let row = RunRow { id, session, name, topology, position, created: now_ms(), origin };
        let kept = draft.keep(&id).await?;
        if !self.store.insert_run(&row, self.config.runs).await? {
            return Err(RunError::TooMany { quota: self.config.runs });
        }
        kept.for_good();
        Ok(row)
    }

    fn folder(&self) -> PathBuf {
        self.config.data_dir.join("runs")
    }
}

async fn copy(from: PathBuf, draft: &Draft, end: Position) -> anyhow::Result<()> {
    let mut reader = storage::Reader::open(&from).await?;
    let mut writer = storage::kept::Writer::create(&draft.record()).await?;
    let copied = writer.copy(&mut reader, end).await;
    reader.close().await;
    copied?;
    writer.finish().await
}

/// Runs as a task of its own, so that it ends in good order even if whoever asked goes away.
async fn to_its_end<T: Send + 'static>(made: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    tokio::spawn(made).await.map_err(anyhow::Error::from)?
}
