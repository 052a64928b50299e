//! A run's folder while it is made. Its way is: written under another name, synced, renamed,
//! listed. Wherever a kill comes between, the next start finds a folder nobody lists.

use crate::ids::RunId;
use crate::store::Store;
use std::path::{Path, PathBuf};

/// The file of a run's record, in its folder.
pub const RECORD: &str = "record.db";

/// Removed when dropped, unless it was kept.
pub struct Draft {
    runs: PathBuf,
    folder: Made,
}

impl Draft {
    pub async fn begin(runs: &Path) -> anyhow::Result<Self> {
        let folder = runs.join(format!("{}.draft", RunId::random()));
        tokio::fs::create_dir_all(&folder).await?;
        Ok(Draft { runs: runs.to_owned(), folder: Made(Some(folder)) })
    }

    pub fn record(&self) -> PathBuf {
        self.folder.path().join(RECORD)
    }

    /// Puts the finished file in its place.
    pub async fn keep(mut self, id: &RunId) -> anyhow::Result<Made> {
        sync(&self.record()).await?;
        sync(self.folder.path()).await?;
        let kept = self.runs.join(id.to_string());
        tokio::fs::rename(self.folder.path(), &kept).await?;
        self.folder.0 = None;
        let kept = Made(Some(kept));
        sync(&self.runs).await?;
        Ok(kept)
    }
}

/// A folder that is removed when dropped, unless it is there for good.
pub struct Made(Option<PathBuf>);

impl Made {
    pub fn for_good(mut self) {
        self.0 = None;
    }

    fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or(Path::new(""))
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        if let Some(folder) = &self.0
            && let Err(error) = std::fs::remove_dir_all(folder)
        {
            tracing::warn!(%error, "what was left of a run could not be removed; the next start sweeps it away");
        }
    }
}

async fn sync(path: &Path) -> std::io::Result<()> {
    tokio::fs::File::open(path).await?.sync_all().await
}

/// Removes a folder; that it is gone already is fine.
pub async fn remove(folder: &Path) -> anyhow::Result<()> {
    match tokio::fs::remove_dir_all(folder).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Removes what a kill has left: drafts, and folders that were in place but not listed yet.
pub async fn sweep(runs: &Path, store: &Store) -> anyhow::Result<()> {
    let Ok(mut folders) = tokio::fs::read_dir(runs).await else { return Ok(()) };
    while let Some(folder) = folders.next_entry().await? {
        let name = folder.file_name();
        let name = name.to_string_lossy();
        let left = match (name.strip_suffix(".draft"), name.parse::<RunId>()) {
            (Some(id), _) => id.parse::<RunId>().is_ok(),
            (None, Ok(id)) => store.run(&id).await?.is_none(),
            // Nothing of ours.
            (None, Err(_)) => false,
        };
        if left {
            remove(&folder.path()).await?;
        }
    }
    Ok(())
}
