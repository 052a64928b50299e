//! The writer: owns a service's connection and its transactions. A mailbox is drained into
//! one local transaction; messages are settled after the commit, commands answered once it is
//! in the record too, so that no answer is recorded before what it is the answer to.

use crate::ctx::Span;
use crate::service::{Job, Refusal, Reply, Service, Work};
use crate::{Ctx, Shipment, Stage, ToHost, changes, inbox, outbox, storage};
use protocol::{Observation, Observed, Position, Uuid};
use sqlx::sqlite::SqliteConnection;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// After this many bytes of observations the write-ahead log is moved into the database.
const CHECKPOINT_AFTER: usize = 2 << 20;

pub(crate) struct Writer<S: Service> {
    service: Arc<S>,
    ctx: Ctx,
    conn: SqliteConnection,
    /// The number of the last transaction that left something behind.
    n: u64,
    /// Up to which number the record has everything.
    shipped: watch::Receiver<u64>,
    /// Up to which number the outbox was cleared.
    forgotten: u64,
    written: usize,
    /// Answers to commands, and the transaction that has to be in the record before they go out.
    unsent: VecDeque<(u64, Answer)>,
}

/// Whoever asked, and what they are told.
struct Answer {
    asker: oneshot::Sender<Result<Reply, Refusal>>,
    told: Result<Reply, Refusal>,
}

/// What handling one job came to.
enum Outcome {
    Done(Reply),
    Repeat(Option<String>),
    Refused(Refusal),
}

impl<S: Service> Writer<S> {
    /// Ships again whatever the last run left in the outbox; the record knows repeats by their number.
    pub(crate) async fn new(
        service: Arc<S>,
        ctx: Ctx,
        mut conn: SqliteConnection,
        shipped: watch::Receiver<u64>,
    ) -> anyhow::Result<Self> {
        // A task that was aborted may have its commit still under way in SQLite's thread. Waiting
        // for the right to write waits for that, so that nothing lands behind this look.
        storage::begin(&mut conn).await?;
        let (n, left) = (outbox::last(&mut conn).await?, outbox::unshipped(&mut conn).await?);
        storage::rollback(&mut conn).await?;
        for shipment in left {
            ctx.send(ToHost::Ship(shipment));
        }
        Ok(Writer { service, ctx, conn, n, shipped, forgotten: 0, written: 0, unsent: VecDeque::new() })
    }

    /// The first day's rows, recorded like any others. They are the first transaction: a kill
    /// between making the file and this leaves them to the next start. A service that begins with
    /// nothing has no such transaction.
    pub(crate) async fn seed_once(&mut self) -> anyhow::Result<()> {
        if self.n > 0 {
            return Ok(());
        }
        storage::begin(&mut self.conn).await?;
        self.service.seed(&self.ctx, &mut self.conn).await?;
        let rows = changes::drain(&mut self.conn).await?;
        if rows.is_empty() {
            return Ok(storage::rollback(&mut self.conn).await?);
        }
        let committed = Observation::TransactionCommitted { transaction_id: self.n + 1, rows, batch_size: 1 };
        self.commit(vec![self.ctx.observed(&Span::root(None), committed)], &[], vec![]).await
    }

    pub(crate) async fn run(&mut self, mut inbound: mpsc::UnboundedReceiver<Job<S::Outside>>) -> anyhow::Result<()> {
        let mut batch = Vec::with_capacity(self.ctx.batch);
        loop {
            let limit = self.ctx.batch;
            tokio::select! {
                biased;
                got = inbound.recv_many(&mut batch, limit) => {
                    if got == 0 {
                        return Ok(());
                    }
                    // Whoever else is about to ask gets into the same transaction.
                    tokio::task::yield_now().await;
                    while batch.len() < limit && let Ok(job) = inbound.try_recv() {
                        batch.push(job);
                    }
                    self.process(std::mem::take(&mut batch)).await?;
                }
                Ok(()) = self.shipped.changed() => {
                    let shipped = *self.shipped.borrow_and_update();
                    self.send_answers(shipped);
                    // Nothing to do: clear the outbox of what is in the record by now.
                    if inbound.is_empty() && shipped == self.n && shipped > self.forgotten {
                        outbox::forget(&mut self.conn, shipped).await?;
                        self.forgotten = shipped;
                    }
                }
            }
        }
    }

    /// All of them in one transaction; if the store refuses one, each in a transaction of its
    /// own, so that one bad command takes no other down.
    async fn process(&mut self, mut batch: Vec<Job<S::Outside>>) -> anyhow::Result<()> {
        if batch.len() > 1
            && let Ok(outcomes) = self.transaction(&batch).await?
        {
            self.settle(std::mem::take(&mut batch), outcomes);
        }
        // What is left.
        for job in batch {
            let one = vec![job];
            let outcomes = self.transaction(&one).await?.unwrap_or_else(|refusal| vec![Outcome::Refused(refusal)]);
            self.settle(one, outcomes);
        }
        let shipped = *self.shipped.borrow();
        self.send_answers(shipped);
        Ok(())
    }

    /// After the commit: acks of repeats, nacks of what was refused, and what commands are told.
    fn settle(&mut self, batch: Vec<Job<S::Outside>>, outcomes: Vec<Outcome>) {
        for (job, outcome) in batch.into_iter().zip(outcomes) {
            if let Work::Message { delivery, .. } = &job.work {
                let position = delivery.position;
                match &outcome {
                    Outcome::Done(_) => {}
                    Outcome::Repeat(_) => self.ctx.send(ToHost::Ack { position }),
                    Outcome::Refused(refusal) => self.ctx.send(ToHost::Nack { position, reason: refusal.to_string() }),
                }
                // Nobody reads it; the worker is free.
                continue;
            }
            let told = match outcome {
                Outcome::Done(reply) => Ok(reply),
                Outcome::Repeat(kept) => {
                    Ok(Reply(kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()))
                }
                Outcome::Refused(refusal) => Err(refusal),
            };
            self.unsent.push_back((self.n, Answer { asker: job.reply, told }));
        }
    }

    /// Answers the commands of transactions up to this one.
    fn send_answers(&mut self, shipped: u64) {
        while self.unsent.front().is_some_and(|(n, _)| *n <= shipped)
            && let Some((_, Answer { asker, told })) = self.unsent.pop_front()
        {
            // Whoever asked may have gone meanwhile.
            let _ = asker.send(told);
        }
    }

    /// The inner error: the store failed one of them and everything was rolled back.
    async fn transaction(&mut self, batch: &[Job<S::Outside>]) -> anyhow::Result<Result<Vec<Outcome>, Refusal>> {
        match self.handle_all(batch).await {
            Ok(outcomes) => Ok(Ok(outcomes)),
            Err(error) => {
                tracing::warn!(service = %self.ctx.name(), %error, "a transaction was rolled back");
                storage::rollback(&mut self.conn).await?;
                let span = batch[0].work.span();
                self.ctx
                    .observe(&span, Observation::TransactionRolledBack { reason: error.to_string(), undone: vec![] });
                Ok(Err(Refusal::Store(error.to_string())))
            }
        }
    }

    async fn handle_all(&mut self, batch: &[Job<S::Outside>]) -> anyhow::Result<Vec<Outcome>> {
        let keys: Vec<inbox::Key> = batch.iter().map(|job| key(&job.work)).collect();
        let mut seen: HashMap<inbox::Key, Option<String>> = inbox::begin(&mut self.conn, &keys).await?;
        let mut observed = vec![];
        let mut handled = vec![];
        let mut acks: Vec<Position> = vec![];
        let mut outcomes = Vec::with_capacity(batch.len());
        let fresh: Vec<&Work> =
            batch.iter().zip(&keys).filter(|(_, key)| !seen.contains_key(*key)).map(|(job, _)| &job.work).collect();
        let mut rows = self.service.load(&mut self.conn, &fresh).await?;
        for (job, key) in batch.iter().zip(keys) {
            if let Some(reply) = seen.get(&key) {
                outcomes.push(Outcome::Repeat(reply.clone()));
                continue;
            }
            let mut stage = Stage::new(&self.ctx, job.work.span(), cause(&job.work), job.work.ordinal());
            match self.service.handle(&mut rows, &job.work, &job.outside, &mut stage) {
                Ok(reply) => {
                    observed.extend(stage.into_observed());
                    let kept = match &job.work {
                        Work::Command { .. } => Some(reply.0.to_string()),
                        Work::Message { delivery, .. } => {
                            acks.push(delivery.position);
                            None
                        }
                    };
                    seen.insert(key.clone(), kept.clone());
                    handled.push((key, kept));
                    outcomes.push(Outcome::Done(reply));
                }
                Err(refusal) => outcomes.push(Outcome::Refused(refusal)),
            }
        }
        if handled.is_empty() {
            storage::rollback(&mut self.conn).await?;
            return Ok(outcomes);
        }
        self.service.save(&mut self.conn, &rows).await?;
        let committed = Observation::TransactionCommitted {
            transaction_id: self.n + 1,
            rows: changes::drain(&mut self.conn).await?,
            batch_size: u32::try_from(handled.len())?,
        };
        let span = match batch {
            [one] => one.work.span(),
            _ => Span { correlation_id: None, ..batch[0].work.span() },
        };
        observed.insert(0, self.ctx.observed(&span, committed));
        self.commit(observed, &handled, acks).await?;
        Ok(outcomes)
    }

    /// Commits, then ships. From the commit on it is durable; the shipping can be repeated.
    async fn commit(
        &mut self,
        observed: Vec<Observed>,
        handled: &[(inbox::Key, Option<String>)],
        acks: Vec<Position>,
    ) -> anyhow::Result<()> {
        let shipped = *self.shipped.borrow();
        let shipment = Shipment { n: self.n + 1, observed, acks };
        let entry = outbox::Entry { shipment: &shipment, handled, shipped };
        self.written += outbox::commit(&mut self.conn, &entry).await?;
        self.n += 1;
        self.forgotten = shipped;
        self.ctx.send(ToHost::Ship(shipment));
        if self.written > CHECKPOINT_AFTER {
            self.written = 0;
            let path = self.ctx.database();
            tokio::spawn(async move { storage::checkpoint(&path).await });
        }
        Ok(())
    }
}

/// Names the work in the inbox.
fn key(work: &Work) -> inbox::Key {
    match work {
        Work::Command { id, .. } => ("command".to_owned(), *id),
        Work::Message { delivery, .. } => (delivery.envelope.source.to_string(), delivery.envelope.id),
    }
}

fn cause(work: &Work) -> Uuid {
    match work {
        Work::Command { id, .. } => *id,
        Work::Message { delivery, .. } => delivery.envelope.id,
    }
}

#[cfg(test)]
mod tests;
