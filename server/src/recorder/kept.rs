//! A record nobody adds to: that of a kept run.

use crate::recorder::history::Lines;
use crate::recorder::{Frame, History, frames, storage};
use std::path::Path;
use std::sync::Arc;

pub struct Kept {
    pub history: Arc<History>,
    /// Nothing is ever sent, but as long as it is there, a stream stays open.
    _frames: async_broadcast::Sender<Arc<Frame>>,
}

impl Kept {
    pub async fn open(path: &Path) -> anyhow::Result<Self> {
        let bytes = tokio::fs::metadata(path).await?.len();
        let mut reader = storage::Reader::open(path).await?;
        let both = reader.picture_and_rows().await;
        reader.close().await;
        let (frames_tx, frames) = frames::channel();
        let (picture, rows) = both?;
        let history = History::new(path.to_owned(), frames, picture, rows, Lines::default(), bytes);
        Ok(Kept { history: Arc::new(history), _frames: frames_tx })
    }
}
