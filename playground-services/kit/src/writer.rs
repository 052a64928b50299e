//! The writer: owns a service's connection and its transactions. A mailbox is drained into
//! one local transaction; messages are settled after the commit, commands answered once it is
//! in the record too, so that no answer is recorded before what it is the answer to.

mod held;
mod lead;
mod ship;
mod strikes;

use crate::ctx::Span;
use crate::lease::{self, Fence};
use crate::service::{Due, Job, Refusal, Reply, Service, Work};
use crate::writer::held::Held;
use crate::writer::lead::Lead;
use crate::writer::strikes::Failing;
use crate::{Ctx, Stage, ToHost, changes, inbox, outbox, relay, storage};
use protocol::{Name, Observation, Position, Uuid, When};
use sqlx::sqlite::SqliteConnection;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// Before a deadline that could not be met is tried again, in microseconds.
const DEADLINE_AGAIN: u64 = 200_000;

/// What the writer is told by the host.
pub(crate) struct Told {
    /// Up to which number the record has everything.
    pub shipped: watch::Receiver<u64>,
    /// Messages that got to the broker outside their shipment.
    pub published: mpsc::UnboundedReceiver<Vec<Uuid>>,
    /// There is something to do, for whoever leads; whether nobody does.
    pub watch: mpsc::UnboundedReceiver<bool>,
}

pub(crate) struct Writer<S: Service> {
    service: Arc<S>,
    ctx: Ctx,
    conn: SqliteConnection,
    /// The number of the last transaction that left something behind, of any replica, as far as is
    /// known here.
    n: u64,
    /// The last one shipped from here. What came before is shipped, too.
    sent: u64,
    told: Told,
    /// Up to which number the outbox was cleared.
    forgotten: u64,
    written: usize,
    /// Answers to commands, and the transaction that has to be in the record before they go out.
    unsent: VecDeque<(u64, Answer)>,
    /// Messages that a fault caught on their way to the broker.
    held: Held,
    /// How often a fault has made this work fail.
    struck: HashMap<inbox::Key, u32>,
    /// When the service's next deadline passes, or should be looked for.
    due: Option<u64>,
    lead: Lead,
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
    /// An earlier leader's word: this is why it is not heeded.
    Fenced(String),
    /// This fault has made it fail, on whichever side of the commit.
    Struck(Name),
}

impl<S: Service> Writer<S> {
    /// Ships again whatever the last run left in the outbox, or another replica has there just now;
    /// the record knows repeats by their number.
    pub(crate) async fn new(service: Arc<S>, ctx: Ctx, mut conn: SqliteConnection, told: Told) -> anyhow::Result<Self> {
        // A task that was aborted may have its commit still under way in SQLite's thread. Waiting
        // for the right to write waits for that, so that nothing lands behind this look.
        while !storage::unless_busy(storage::begin(&mut conn).await.map_err(Into::into))? {}
        let (n, left) = (outbox::last(&mut conn).await?, outbox::unshipped(&mut conn, 0).await?);
        let held = Held::left(relay::kept(&mut conn).await?);
        storage::rollback(&mut conn).await?;
        let sent = left.last().map_or(0, |shipment| shipment.n);
        for shipment in left {
            ctx.send(ToHost::Ship(shipment));
        }
        let (unsent, struck) = (VecDeque::new(), HashMap::new());
        let (forgotten, written) = (0, 0);
        let (due, lead) = ((!ctx.spec.is_led()).then_some(0), Lead::default());
        Ok(Writer { service, ctx, conn, n, sent, told, forgotten, written, unsent, held, struck, due, lead })
    }

    /// The first day's rows, recorded like any others. They are the first transaction: a kill
    /// between making the file and this leaves them to the next start. A service that begins with
    /// nothing has no such transaction.
    pub(crate) async fn seed_once(&mut self) -> anyhow::Result<()> {
        if self.n > 0 {
            return Ok(());
        }
        let inbox::Begun { n, .. } = inbox::begin(&mut self.conn, &[]).await?;
        if n > 0 {
            // Another replica was quicker.
            self.catch_up(n).await?;
            return Ok(storage::rollback(&mut self.conn).await?);
        }
        self.service.seed(&self.ctx, &mut self.conn).await?;
        let rows = changes::drain(&mut self.conn).await?;
        if rows.is_empty() {
            return Ok(storage::rollback(&mut self.conn).await?);
        }
        let committed = Observation::TransactionCommitted { transaction_id: self.n + 1, rows, batch_size: 1 };
        let observed = vec![self.ctx.observed(&Span::root(None), committed)];
        let committed = self.commit(observed, &[], vec![]).await?;
        self.ship(committed);
        Ok(())
    }

    pub(crate) async fn run(&mut self, mut inbound: mpsc::UnboundedReceiver<Job<S::Outside>>) -> anyhow::Result<()> {
        let mut batch = Vec::with_capacity(self.ctx.batch);
        loop {
            self.ctx.gate.opened().await;
            let limit = self.ctx.batch;
            let (clock, retry, due) = (self.ctx.clock, self.held.next(&self.ctx), self.due);
            let lease = self.lease_deadline();
            tokio::select! {
                biased;
                () = clock.sleep_until(retry.unwrap_or(u64::MAX)), if retry.is_some() => self.retry(),
                Ok(()) = self.ctx.faults.changed() => self.held.faults_changed(&self.ctx.faults.borrow()),
                Some(ids) = self.told.published.recv() => {
                    let ids = self.held.confirmed(ids);
                    if !ids.is_empty() {
                        while !storage::unless_busy(relay::forget(&mut self.conn, &ids).await)? {}
                    }
                }
                Some(vacant) = self.told.watch.recv() => self.watch(vacant),
                () = clock.sleep_until(lease.unwrap_or(u64::MAX)), if lease.is_some() => {
                    self.meet_lease(!inbound.is_empty()).await?;
                }
                () = clock.sleep_until(due.unwrap_or(u64::MAX)), if due.is_some() => self.meet_deadlines().await?,
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
                Ok(()) = self.told.shipped.changed() => {
                    let shipped = *self.told.shipped.borrow_and_update();
                    self.send_answers(shipped);
                    // Nothing to do: clear the outbox of what is in the record by now.
                    if inbound.is_empty() && shipped == self.n && shipped > self.forgotten
                        // Whoever writes meanwhile will do it.
                        && storage::unless_busy(outbox::forget(&mut self.conn, shipped).await)?
                    {
                        self.forgotten = shipped;
                    }
                }
            }
        }
    }

    /// Does what is to be done at the deadlines that have passed.
    async fn meet_deadlines(&mut self) -> anyhow::Result<()> {
        let Due { passed, next } = self.service.due(&mut self.conn, self.ctx.clock.now_us(), self.ctx.batch).await?;
        self.due = next;
        let mut batch = Vec::with_capacity(passed.len());
        for work in passed {
            let outside = self.service.outside(&self.ctx, &work).await;
            // Nobody waits for the reply.
            batch.push(Job { work, outside, reply: oneshot::channel().0 });
        }
        if batch.is_empty() { Ok(()) } else { self.process(batch).await }
    }

    /// Looks for deadlines then, if not before.
    fn look_at(&mut self, at_us: Option<u64>) {
        self.due = self.due.into_iter().chain(at_us).min();
    }

    async fn process(&mut self, batch: Vec<Job<S::Outside>>) -> anyhow::Result<()> {
        // Stopped within a transaction it would stop its siblings, too: they share the database.
        let _whole = self.ctx.gate.clone().hold();
        self.keep_leading().await?;
        if self.ctx.faults.borrow().is_empty() {
            self.struck.clear();
            self.do_all(batch).await?;
        } else {
            let mut unharmed = vec![];
            for job in batch {
                let attempt = self.struck.get(&key(&job.work)).copied().unwrap_or_default() + 1;
                let Some(failing) = strikes::failing(&self.ctx, &job.work, attempt) else {
                    unharmed.push(job);
                    continue;
                };
                // What fails takes nothing down with it, and what came before comes before it.
                self.do_all(std::mem::take(&mut unharmed)).await?;
                self.do_alone(job, Some(&failing)).await?;
            }
            self.do_all(unharmed).await?;
        }
        let shipped = *self.told.shipped.borrow();
        self.send_answers(shipped);
        Ok(())
    }

    /// All of them in one transaction; if the store refuses one, each in a transaction of its
    /// own, so that one bad command takes no other down.
    async fn do_all(&mut self, mut batch: Vec<Job<S::Outside>>) -> anyhow::Result<()> {
        if batch.len() > 1 {
            match self.transaction(&batch, None).await? {
                Ok(outcomes) => self.settle(std::mem::take(&mut batch), outcomes),
                Err(Refusal::Busy) => {
                    let outcomes = batch.iter().map(|_| Outcome::Refused(Refusal::Busy)).collect();
                    self.settle(std::mem::take(&mut batch), outcomes);
                }
                Err(_) => {}
            }
        }
        // What is left.
        for job in batch {
            self.do_alone(job, None).await?;
        }
        Ok(())
    }

    async fn do_alone(&mut self, job: Job<S::Outside>, failing: Option<&Failing>) -> anyhow::Result<()> {
        let one = vec![job];
        let outcomes = self.transaction(&one, failing).await?.unwrap_or_else(|refusal| vec![Outcome::Refused(refusal)]);
        self.settle(one, outcomes);
        Ok(())
    }

    /// After the commit: acks of repeats, nacks of what was refused, and what commands are told.
    fn settle(&mut self, batch: Vec<Job<S::Outside>>, outcomes: Vec<Outcome>) {
        for (job, outcome) in batch.into_iter().zip(outcomes) {
            if let Outcome::Struck(_) = &outcome {
                *self.struck.entry(key(&job.work)).or_default() += 1;
            }
            if let Work::Message { delivery, .. } = &job.work {
                let position = delivery.position;
                match &outcome {
                    Outcome::Done(_) => {}
                    Outcome::Repeat(_) => self.ctx.send(ToHost::Ack { position }),
                    Outcome::Fenced(reason) => self.ctx.send(ToHost::Refuse { position, reason: reason.clone() }),
                    Outcome::Refused(refusal @ (Refusal::StandsBy | Refusal::Busy)) => {
                        self.ctx.send(ToHost::GiveBack { position, reason: refusal.to_string() });
                    }
                    Outcome::Refused(refusal) => self.ctx.send(ToHost::Nack { position, reason: refusal.to_string() }),
                    Outcome::Struck(fault) => {
                        let reason = Refusal::Struck(fault.clone()).to_string();
                        self.ctx.send(ToHost::GiveBack { position, reason });
                    }
                }
                // Nobody reads it; the worker is free.
                continue;
            }
            if let (Work::Deadline { .. }, Outcome::Refused(_) | Outcome::Struck(_)) = (&job.work, &outcome) {
                self.look_at(Some(self.ctx.clock.now_us() + DEADLINE_AGAIN));
            }
            let told = match outcome {
                Outcome::Done(reply) => Ok(reply),
                Outcome::Repeat(kept) => {
                    Ok(Reply(kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()))
                }
                Outcome::Refused(refusal) => Err(refusal),
                Outcome::Fenced(reason) => Err(Refusal::Domain(reason)),
                Outcome::Struck(fault) => Err(Refusal::Struck(fault)),
            };
            self.unsent.push_back((self.sent, Answer { asker: job.reply, told }));
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

    /// The inner error: the store or the service refused one of them, and everything was rolled back.
    async fn transaction(
        &mut self,
        batch: &[Job<S::Outside>],
        failing: Option<&Failing>,
    ) -> anyhow::Result<Result<Vec<Outcome>, Refusal>> {
        match self.handle_all(batch, failing).await {
            Ok(outcomes) => Ok(Ok(outcomes)),
            Err(error) => {
                if let Some(Refusal::StandsBy) = error.downcast_ref() {
                    storage::rollback(&mut self.conn).await?;
                    self.look_out();
                    return Ok(Err(Refusal::StandsBy));
                }
                if storage::is_busy(&error) {
                    storage::rollback(&mut self.conn).await?;
                    return Ok(Err(Refusal::Busy));
                }
                tracing::warn!(service = %self.ctx.name(), %error, "a transaction was rolled back");
                // A store that has failed may not be able to tell.
                let undone = changes::drain(&mut self.conn).await.unwrap_or_default();
                storage::rollback(&mut self.conn).await?;
                let (span, reason) = (batch[0].work.span(), error.to_string());
                self.ctx.observe(&span, Observation::TransactionRolledBack { reason, undone });
                Ok(Err(error.downcast().unwrap_or_else(|error| Refusal::Store(error.to_string()))))
            }
        }
    }

    async fn handle_all(
        &mut self,
        batch: &[Job<S::Outside>],
        failing: Option<&Failing>,
    ) -> anyhow::Result<Vec<Outcome>> {
        let keys: Vec<inbox::Key> = batch.iter().map(|job| key(&job.work)).collect();
        let inbox::Begun { n, mut seen, mut fence } = inbox::begin(&mut self.conn, &keys).await?;
        self.catch_up(n).await?;
        if !self.may_write().await? {
            return Err(Refusal::StandsBy.into());
        }
        let mut raised = Fence::new();
        let inbox_on = self.ctx.is_on("inbox");
        // Without it a message seen before is news again. Commands are known by their Idempotency-Key.
        seen.retain(|(source, _), _| inbox_on || source == inbox::COMMAND);
        let mut observed = vec![];
        let mut handled = vec![];
        let mut acks: Vec<Position> = vec![];
        let mut outcomes = Vec::with_capacity(batch.len());
        let fresh: Vec<&Work> =
            batch.iter().zip(&keys).filter(|(_, key)| !seen.contains_key(*key)).map(|(job, _)| &job.work).collect();
        let mut rows = self.service.load(&mut self.conn, &fresh).await?;
        for (job, key) in batch.iter().zip(keys) {
            if let Some(reason) = stale(&mut fence, &mut raised, &job.work) {
                outcomes.push(Outcome::Fenced(reason));
                continue;
            }
            if let Some(reply) = seen.get(&key) {
                outcomes.push(Outcome::Repeat(reply.clone()));
                continue;
            }
            let mut stage = Stage::new(&self.ctx, job.work.origin(), self.token());
            match self.service.handle(&mut rows, &job.work, &job.outside, &mut stage) {
                Ok(reply) => {
                    observed.extend(stage.into_observed());
                    let kept = match &job.work {
                        Work::Command { .. } => Some(reply.0.to_string()),
                        Work::Message { delivery, .. } => {
                            acks.push(delivery.position);
                            None
                        }
                        Work::Deadline { .. } => None,
                    };
                    if inbox_on || kept.is_some() {
                        seen.insert(key.clone(), kept.clone());
                    }
                    handled.push((key, kept));
                    outcomes.push(Outcome::Done(reply));
                }
                Err(refusal) => outcomes.push(Outcome::Refused(refusal)),
            }
        }
        if handled.is_empty() {
            storage::rollback(&mut self.conn).await?;
            lease::raise(&mut self.conn, &raised).await?;
            return Ok(outcomes);
        }
        self.service.save(&mut self.conn, &rows).await?;
        lease::raise(&mut self.conn, &raised).await?;
        self.service.may_commit(&rows).map_err(Refusal::Domain)?;
        observed.extend(self.slow_down(batch).await);
        if let Some(failing) = failing {
            outcomes = vec![Outcome::Struck(failing.fault.clone())];
            let struck = strikes::triggered(&self.ctx, &batch[0].work, &failing.fault);
            if failing.when == When::Before {
                self.undo(&batch[0].work, failing, struck).await?;
                return Ok(outcomes);
            }
            // It is done, and whoever asked does not hear of it.
            observed.push(struck);
            acks.clear();
        }
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
        let crash = self.crash_after(batch, &outcomes, &observed);
        let committed = self.commit(observed, &handled, acks).await?;
        self.service.committed(&rows);
        self.look_at(self.service.deadline(&rows));
        if let Some(struck) = crash {
            self.crash(struck).await;
        }
        self.ship(committed);
        Ok(outcomes)
    }
}

/// Why an earlier leader's message is not heeded, if it is one. A newer token raises the fence.
fn stale(fence: &mut Fence, raised: &mut Fence, work: &Work) -> Option<String> {
    let Work::Message { delivery, .. } = work else { return None };
    let (token, source) = (delivery.envelope.fencingtoken?, &*delivery.envelope.source);
    match fence.get(source) {
        Some(newest) if token < *newest => {
            return Some(format!("its fencing token {token} is older than {newest}, which {source} has by now"));
        }
        Some(newest) if token == *newest => {}
        _ => {
            fence.insert(source.to_owned(), token);
            raised.insert(source.to_owned(), token);
        }
    }
    None
}

/// Names the work in the inbox.
fn key(work: &Work) -> inbox::Key {
    match work {
        Work::Command { id, .. } => (inbox::COMMAND.to_owned(), *id),
        Work::Message { delivery, .. } => (delivery.envelope.source.to_string(), delivery.envelope.id),
        Work::Deadline { id, .. } => (Work::DEADLINE.to_owned(), *id),
    }
}

#[cfg(test)]
mod tests;
