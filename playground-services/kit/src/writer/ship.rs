//! From a transaction's commit to the broker, and what a fault does on the way.

use super::held::{Caught, Parted};
use super::strikes::{self, Failing};
use super::{Outcome, Writer};
use crate::service::{Job, Refusal, Service, Work};
use crate::{Shipment, ToHost, changes, fault, inbox, outbox, relay, storage};
use protocol::{Observation, Observed, Position};

/// After this many bytes of observations the write-ahead log is moved into the database.
const CHECKPOINT_AFTER: usize = 2 << 20;

/// A transaction that is durable, and of which nobody has heard yet.
pub(super) struct Committed {
    shipment: Shipment,
    /// With the outbox off: its messages.
    unstored: Vec<Observed>,
    caught: Vec<Caught>,
}

impl<S: Service> Writer<S> {
    /// Other replicas have committed since, up to this number. What of it may not be in the record
    /// is shipped from here, too: each cause is there before what follows from it, and nothing waits
    /// for a replica that died before it could ship.
    pub(super) async fn catch_up(&mut self, n: u64) -> anyhow::Result<()> {
        if n > self.n {
            for shipment in outbox::unshipped(&mut self.conn, self.n).await? {
                self.sent = shipment.n;
                self.ctx.send(ToHost::Ship(shipment));
            }
            self.n = n;
        }
        Ok(())
    }

    /// A slow store keeps the transaction open, as long as the fault stands. Returns the strike.
    pub(super) async fn slow_down(&self, batch: &[Job<S::Outside>]) -> Option<Observed> {
        let (work, fault) = batch.iter().find_map(|job| Some((&job.work, strikes::slow(&self.ctx, &job.work)?)))?;
        let (clock, faults) = (self.ctx.clock, self.ctx.faults.clone());
        let until_us = clock.now_us().saturating_add(fault::slowness_us(&fault));
        fault::sleep_under(clock, faults, &fault, until_us).await;
        Some(strikes::triggered(&self.ctx, work, &fault.id))
    }

    /// The step fails before its commit: what it has changed by now is taken back.
    pub(super) async fn undo(&mut self, work: &Work, failing: &Failing, struck: Observed) -> anyhow::Result<()> {
        let undone = changes::drain(&mut self.conn).await?;
        storage::rollback(&mut self.conn).await?;
        let reason = Refusal::Struck(failing.fault.clone()).to_string();
        let rolled_back = self.ctx.observed(&work.span(), Observation::TransactionRolledBack { reason, undone });
        self.ctx.send(ToHost::Observe(vec![struck, rolled_back]));
        Ok(())
    }

    /// Commits. From here on it is durable; the shipping can be repeated.
    pub(super) async fn commit(
        &mut self,
        observed: Vec<Observed>,
        handled: &[(inbox::Key, Option<String>)],
        acks: Vec<Position>,
    ) -> anyhow::Result<Committed> {
        let shipped = *self.told.shipped.borrow();
        let Parted { shipped: observed, unstored, caught } = self.held.part(&self.ctx, observed);
        let stored: Vec<&Observed> =
            caught.iter().filter(|caught| caught.stored).map(|caught| &caught.message).collect();
        if !stored.is_empty() {
            relay::keep(&mut self.conn, self.n + 1, &stored).await?;
        }
        let shipment = Shipment { n: self.n + 1, observed, unstored: vec![], acks };
        let entry = outbox::Entry { shipment: &shipment, handled, shipped };
        self.written += outbox::commit(&mut self.conn, &entry).await?;
        self.n += 1;
        self.forgotten = shipped;
        Ok(Committed { shipment, unstored, caught })
    }

    /// Lets go of what was committed.
    pub(super) fn ship(&mut self, committed: Committed) {
        let Committed { shipment, unstored, caught } = committed;
        let message = |observed: &Observed| observed.observation.message().is_some();
        let another_left = !unstored.is_empty() || shipment.observed.iter().any(message);
        self.sent = shipment.n;
        self.ctx.send(ToHost::Ship(Shipment { unstored, ..shipment }));
        self.held.hold(caught, another_left);
        if self.written > CHECKPOINT_AFTER {
            self.written = 0;
            let path = self.ctx.database();
            tokio::spawn(async move { storage::checkpoint(&path).await });
        }
    }

    /// The strike that ends the service once this is committed, where there is something to publish.
    pub(super) fn crash_after(
        &self,
        batch: &[Job<S::Outside>],
        outcomes: &[Outcome],
        observed: &[Observed],
    ) -> Option<Observed> {
        if self.ctx.faults.borrow().is_empty() {
            return None;
        }
        let publishes = observed.iter().any(|observed| observed.observation.message().is_some());
        let done = batch.iter().zip(outcomes).filter(|(_, outcome)| matches!(outcome, Outcome::Done(_)));
        let mut works = done.map(|(job, _)| &job.work).filter(|_| publishes);
        works.find_map(|work| Some(strikes::triggered(&self.ctx, work, &strikes::crashing(&self.ctx, work)?.id)))
    }

    /// Ends it here, between commit and publish: nothing more is said, nothing more is done.
    pub(super) async fn crash(&mut self, triggered: Observed) {
        let Observation::FaultTriggered { fault_id, .. } = &triggered.observation else { return };
        let fault = fault_id.clone();
        self.ctx.send(ToHost::Observe(vec![triggered]));
        self.ctx.send(ToHost::Crash { fault });
        std::future::pending().await
    }

    /// Tries again what a fault caught on its way to the broker.
    pub(super) fn retry(&mut self) {
        let observed = self.held.retry(&self.ctx);
        if !observed.is_empty() {
            self.ctx.send(ToHost::Publish(observed));
        }
    }
}
