//! Numbers, stores and fans out what a sandbox's services do; holds its broker, too.
//!
//! One task owns the file: it drains its mailbox, and all that was in it becomes one
//! transaction. Nothing is handed out, answered or streamed before that transaction is
//! durable. Only here are positions assigned.

mod batch;
mod frames;
mod history;
mod kept;
pub mod ledger;
mod rows;
pub mod storage;

pub use frames::{Frame, Frames, sse};
pub use history::{History, Lines, Picture, Stretch};
pub use kept::Kept;
pub use rows::{Rows, Table};

use crate::recorder::batch::Batch;
use crate::recorder::ledger::Ledger;
use kit::broker::{Broker, ConsumerId};
use kit::ctx::Span;
use kit::fault::Standing;
use kit::{Clock, FromHost, ToHost};
use protocol::{Command, Fault, Name, Observation, Observed, Position, Recorded, SwitchSpec, TERRARIUM, Uuid};
use serde::{Deserialize, Serialize};
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// What can be put into a recorder's mailbox.
pub enum Entry {
    /// Observations that change nothing but the record.
    Observe(Vec<Observed>),
    /// From a service.
    Service { consumer: ConsumerId, service: Name, message: ToHost },
    /// A service is up and ready for deliveries.
    Connect { consumer: ConsumerId, room: usize, sender: mpsc::UnboundedSender<FromHost>, started: Observed },
    /// A service is gone; what it had is offered again.
    Disconnect { consumer: ConsumerId, ended: Observed },
    Accept {
        /// Who gave it: `learner`, or `terrarium` for a load.
        by: Name,
        command: Command,
        reply: oneshot::Sender<Result<Uuid, IdReused>>,
    },
    /// A fault is over, if this very one still stands.
    Clear { fault: Fault, cleared: Observed },
    /// Answered once everything put in before it is durable.
    Flush(oneshot::Sender<()>),
    /// The last entry: the file is closed once everything before it is durable.
    End(oneshot::Sender<()>),
}

/// The command id was used before, for another command.
#[derive(Debug)]
pub struct IdReused;

/// A durable command on its way to the service that owns it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    pub command: Command,
    pub span: Span,
    /// The command's number within the sandbox, from 1.
    pub ordinal: u64,
}

/// The way into a recorder. Cheap to clone.
#[derive(Clone)]
pub struct Recorder {
    entries: mpsc::UnboundedSender<Entry>,
    pub history: Arc<History>,
    /// Never behind the history.
    pub faults: Standing,
}

/// The recorder has ended: its sandbox is going to sleep, or its file failed.
#[derive(Debug, thiserror::Error)]
#[error("the recorder has ended")]
pub struct Ended;

impl Recorder {
    /// The faults as they stand.
    pub fn faults(&self) -> Arc<Vec<Fault>> {
        self.faults.borrow().clone()
    }

    /// Puts an entry in; entries are taken in the order they were put in.
    pub fn send(&self, entry: Entry) -> Result<(), Ended> {
        self.entries.send(entry).map_err(|_| Ended)
    }

    /// Returns once everything sent before is durable.
    pub async fn flush(&self) -> Result<(), Ended> {
        let (reply, done) = oneshot::channel();
        self.send(Entry::Flush(reply))?;
        done.await.map_err(|_| Ended)
    }

    /// Ends the recorder in good order; returns once its file is closed.
    pub async fn end(&self) {
        let (reply, done) = oneshot::channel();
        if self.send(Entry::End(reply)).is_ok() {
            let _ = done.await;
        }
    }

    pub async fn accept(&self, command: Command) -> Result<Result<Uuid, IdReused>, Ended> {
        let (reply, answer) = oneshot::channel();
        self.send(Entry::Accept { by: "learner".into(), command, reply })?;
        answer.await.map_err(|_| Ended)
    }
}

/// An observation by the server itself, or by whoever asked it.
pub fn by_server(clock: Clock, who: Name, observation: Observation) -> Observed {
    within(&Span::root(None), clock, who, observation)
}

/// The same as a part of what was begun elsewhere.
pub fn within(span: &Span, clock: Clock, who: Name, observation: Observation) -> Observed {
    Observed {
        at: clock.now_us(),
        trace: span.trace,
        parent_span_id: span.parent,
        service: who,
        replica: 0,
        code: None,
        correlation_id: span.correlation_id,
        observation,
    }
}

/// The task behind a [`Recorder`].
pub struct Task {
    entries: mpsc::UnboundedReceiver<Entry>,
    conn: SqliteConnection,
    path: PathBuf,
    clock: Clock,
    broker: Broker,
    history: Arc<History>,
    frames: async_broadcast::Sender<Arc<Frame>>,
    dispatch: mpsc::UnboundedSender<Accepted>,
    /// Told of what [`Task::faults`] have become, once that is durable.
    standing: watch::Sender<Arc<Vec<Fault>>>,
    services: HashMap<ConsumerId, mpsc::UnboundedSender<FromHost>>,
    ledger: Ledger,
    position: Position,
    at: u64,
    /// Commands are named by this and their id, the same each time.
    namespace: Uuid,
    faults: Vec<Fault>,
    switches: Vec<SwitchSpec>,
    checkpoint_at: Position,
    rows_at: Position,
    unchecked_bytes: usize,
}

/// A recorder as it starts.
pub struct Opened {
    pub recorder: Recorder,
    pub task: Task,
    /// Commands accepted before, but not answered yet.
    pub unanswered: Vec<Accepted>,
    pub dispatch: mpsc::UnboundedReceiver<Accepted>,
}

/// Opens the record of a sandbox and all that belongs to it.
pub fn open(stored: storage::Stored, path: PathBuf, clock: Clock, namespace: Uuid) -> Opened {
    let storage::Stored { conn, broker, picture, rows, rows_at, ledger, tail, bytes } = stored;
    let (entries_tx, entries) = mpsc::unbounded_channel();
    let (dispatch_tx, dispatch) = mpsc::unbounded_channel();
    let (frames_tx, frames) = frames::channel();
    let unanswered = ledger.unanswered();
    let (position, at, faults) = (picture.state.position, picture.state.at, picture.state.faults.clone());
    let switches = picture.state.switches.clone();
    let (standing, standing_rx) = watch::channel(Arc::new(faults.clone()));
    let history = Arc::new(History::new(path.clone(), frames, picture, rows, tail, bytes));
    let task = Task {
        entries,
        conn,
        path,
        clock,
        broker,
        history: history.clone(),
        frames: frames_tx,
        dispatch: dispatch_tx,
        standing,
        services: HashMap::new(),
        ledger,
        position,
        at,
        namespace,
        faults,
        switches,
        checkpoint_at: position,
        rows_at,
        unchecked_bytes: 0,
    };
    let recorder = Recorder { entries: entries_tx, history, faults: standing_rx };
    Opened { recorder, task, unanswered, dispatch }
}

/// Entries taken into one transaction at most.
const DRAIN: usize = 1024;
/// Positions between two checkpoints.
pub const CHECKPOINT_EVERY: Position = 2048;
/// Positions between two stored folds of the services' rows. A fold of rows reads few lines of
/// those it passes, so it may pass more of them.
pub const ROWS_EVERY: Position = 8 * CHECKPOINT_EVERY;
/// Observations of the hot tail that make a block. Small, so that under load a group commit is
/// packed at once and written once.
pub const BLOCK: usize = 128;
/// Bytes of record after which the write-ahead log is moved into the database.
const LOG_BYTES: usize = 4 << 20;

impl Task {
    /// Runs until told to end, or the file fails.
    pub async fn run(mut self) {
        match self.record_all().await {
            Ok(end) => {
                self.history.close();
                let _ = self.conn.close().await;
                let _ = end.map(|reply| reply.send(()));
            }
            Err(error) => {
                // What was not stored must not be seen: the sandbox is opened again from its file.
                tracing::error!(error = ?error, path = %self.path.display(), "a record failed");
                self.history.close();
            }
        }
    }

    async fn record_all(&mut self) -> anyhow::Result<Option<oneshot::Sender<()>>> {
        // A kill may have come between what broke a promise and the word that it did.
        self.record_verdicts().await?;
        let mut entries = Vec::new();
        loop {
            let deadline = self.broker.next_deadline();
            tokio::select! {
                got = self.entries.recv_many(&mut entries, DRAIN) => if got == 0 { return Ok(None) },
                () = self.clock.sleep_until(deadline.unwrap_or(u64::MAX)), if deadline.is_some() => {}
            }
            // Whoever is about to send gets into the same commit.
            tokio::task::yield_now().await;
            while entries.len() < DRAIN
                && let Ok(entry) = self.entries.try_recv()
            {
                entries.push(entry);
            }
            if let Some(end) = self.record(std::mem::take(&mut entries)).await? {
                let checkpoint = self.checkpoint(&[])?;
                storage::save_checkpoint(&mut self.conn, &checkpoint).await?;
                self.store_rows(CHECKPOINT_EVERY).await;
                return Ok(Some(end));
            }
        }
    }

    /// A group commit, and one more where it broke or mended a promise.
    async fn record(&mut self, entries: Vec<Entry>) -> anyhow::Result<Option<oneshot::Sender<()>>> {
        let end = self.commit(entries).await?;
        self.record_verdicts().await?;
        self.store_rows(ROWS_EVERY).await;
        Ok(end)
    }

    async fn record_verdicts(&mut self) -> anyhow::Result<()> {
        let verdicts = self.history.with_picture(Picture::verdicts);
        if !verdicts.is_empty() {
            let verdicts = verdicts.into_iter().map(|verdict| by_server(self.clock, TERRARIUM.into(), verdict));
            self.commit(vec![Entry::Observe(verdicts.collect())]).await?;
        }
        Ok(())
    }

    async fn commit(&mut self, entries: Vec<Entry>) -> anyhow::Result<Option<oneshot::Sender<()>>> {
        let known = self.known_commands(&entries).await?;
        let mut batch = Batch::new(self, known);
        for entry in entries {
            batch.take(entry)?;
        }
        batch.deliver()?;
        let mut batch = batch.done();
        self.store(&batch).await?;
        let end = batch.end.take();
        self.publish(batch);
        Ok(end)
    }

    async fn known_commands(&mut self, entries: &[Entry]) -> anyhow::Result<HashMap<Uuid, Command>> {
        let ids: Vec<Uuid> = entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Accept { command, .. } => Some(command.id),
                _ => None,
            })
            .collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let positions = storage::commands(&mut self.conn, &ids).await?;
        let (mut known, mut file) = (HashMap::new(), None);
        for (id, position) in positions {
            known.insert(id, self.history.command_at(position, &mut file).await?);
        }
        Ok(known)
    }

    async fn store(&mut self, batch: &batch::Done) -> anyhow::Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let block = self.history.block_with(&batch.lines, BLOCK)?;
        // A block takes the place of the loose lines before it.
        let replaced = if block.is_some() { self.history.loose_bytes() } else { 0 };
        let write = storage::Write { first: batch.first, lines: &batch.lines, block, accepted: &batch.accepted };
        let bytes = storage::write(&mut self.conn, &write).await?;
        if batch.last() >= self.checkpoint_at + CHECKPOINT_EVERY {
            // It can be folded again: it need not be in the same transaction.
            let checkpoint = self.checkpoint(&batch.events)?;
            if let Err(error) = storage::save_checkpoint(&mut self.conn, &checkpoint).await {
                tracing::warn!(error = ?error, path = %self.path.display(), "a checkpoint failed");
            }
            self.checkpoint_at = batch.last();
        }
        self.history.stored(bytes, replaced);
        self.unchecked_bytes += batch.lines.bytes().len();
        if self.unchecked_bytes > LOG_BYTES {
            self.unchecked_bytes = 0;
            let path = self.path.clone();
            tokio::spawn(async move { kit::storage::checkpoint(&path).await });
        }
        Ok(())
    }

    /// Stores the services' rows when the last ones stored are so far back. They can be folded again.
    async fn store_rows(&mut self, every: Position) {
        if self.position < self.rows_at + every {
            return;
        }
        self.rows_at = self.position;
        if let Err(error) = storage::save_rows(&mut self.conn, &self.history.rows()).await {
            tracing::warn!(error = ?error, path = %self.path.display(), "the rows of a record were not stored");
        }
    }

    /// All that is needed to go on from here, with these events not yet in the picture.
    fn checkpoint(&self, events: &[Recorded]) -> anyhow::Result<storage::Checkpoint> {
        let owed = storage::Owed { ledger: self.ledger.clone(), waiting: self.broker.waiting() };
        storage::Checkpoint::of(&self.history.picture_with(events), &owed)
    }

    /// It is durable: now the others may know. The services first, so that they work while this
    /// one folds; whoever waits for a reply last, so that what they asked for is in the picture.
    fn publish(&mut self, batch: batch::Done) {
        let batch::Done {
            first,
            lines,
            events,
            replies,
            handouts,
            faults_changed,
            switches_changed,
            dispatch,
            told,
            ..
        } = batch;
        for (consumer, message) in told {
            self.tell(consumer, message);
        }
        if faults_changed {
            for sender in self.services.values() {
                let _ = sender.send(FromHost::Faults(self.faults.clone()));
            }
            self.standing.send_replace(Arc::new(self.faults.clone()));
        }
        if switches_changed {
            for sender in self.services.values() {
                let _ = sender.send(FromHost::Switches(self.switches.clone()));
            }
        }
        for (consumer, delivery) in handouts {
            self.tell(consumer, FromHost::Deliver(delivery));
        }
        for accepted in dispatch {
            let _ = self.dispatch.send(accepted);
        }
        if !events.is_empty() {
            self.history.extend(&events, &lines, BLOCK);
            if self.frames.receiver_count() > 0 {
                let frame = Frame::new(first, &lines);
                // Never full: with overflow on, the oldest makes room, and who missed it refills.
                let _ = self.frames.try_broadcast(Arc::new(frame));
            }
        }
        for reply in replies {
            reply.send();
        }
    }

    fn tell(&self, consumer: ConsumerId, message: FromHost) {
        if let Some(sender) = self.services.get(&consumer) {
            // A service that has gone meanwhile will be disconnected in its turn.
            let _ = sender.send(message);
        }
    }
}

#[cfg(test)]
mod tests;
