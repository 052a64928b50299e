//! Leading and standing by, where only one replica of a service may work at a time.

use super::Writer;
use crate::ctx::Span;
use crate::lease::{self, Lease};
use crate::service::Service;
use crate::{ToHost, inbox, storage};
use protocol::Observation;

/// What a replica knows of the lease.
#[derive(Default)]
pub(super) struct Lead {
    /// It leads, with this lease.
    pub held: Option<Lease>,
    /// It stands by, and will look whether the one that leads still does.
    look: Option<Look>,
}

#[derive(Clone, Copy)]
struct Look {
    at_us: u64,
    /// A lease that was released before this moment is nobody's answer to what there is to do;
    /// `None`: nobody is there who could hold it.
    since_us: Option<u64>,
}

impl<S: Service> Writer<S> {
    /// Goes with everything it publishes.
    pub(super) fn token(&self) -> Option<u64> {
        self.lead.held.map(|lease| lease.token)
    }

    /// There is something to do: nobody leads, or the one that leads should be at it.
    pub(super) fn watch(&mut self, vacant: bool) {
        if self.lead.held.is_some() {
            return;
        }
        let now = self.ctx.clock.now_us();
        let (at_us, since_us) = if vacant { (now, None) } else { (now + self.ctx.lease_us, Some(now)) };
        self.lead.look = Some(Look { at_us, since_us });
    }

    /// It was asked for what whoever leads should do: it looks whether that one does.
    pub(super) fn look_out(&mut self) {
        if self.lead.look.is_none() {
            self.watch(false);
        }
    }

    /// When it has to renew its lease, or to look after another's.
    pub(super) fn lease_deadline(&self) -> Option<u64> {
        match &self.lead.held {
            Some(lease) if lease.released => None,
            Some(lease) => Some(self.renewal(lease)),
            None => self.lead.look.map(|look| look.at_us),
        }
    }

    fn renewal(&self, lease: &Lease) -> u64 {
        lease.until_us.saturating_sub(self.ctx.lease_us / 3 * 2)
    }

    /// `busy`: there is work that it has yet to come to.
    pub(super) async fn meet_lease(&mut self, busy: bool) -> anyhow::Result<()> {
        let _whole = self.ctx.gate.clone().hold();
        match self.lead.held {
            Some(_) => self.hold(busy || self.due.is_some()).await,
            None => self.look().await,
        }
    }

    /// Before it works: makes sure that its lease lasts.
    pub(super) async fn keep_leading(&mut self) -> anyhow::Result<()> {
        match self.lead.held {
            Some(lease) if lease.released || self.ctx.clock.now_us() >= self.renewal(&lease) => self.hold(true).await,
            _ => Ok(()),
        }
    }

    async fn hold(&mut self, busy: bool) -> anyhow::Result<()> {
        let Some(mut lease) = self.lead.held else { return Ok(()) };
        lease.released = !busy;
        lease.until_us = self.ctx.clock.now_us() + if busy { self.ctx.lease_us } else { 0 };
        let held = lease::hold(&mut self.conn, lease.token, lease.until_us, lease.released).await;
        match held.map_err(anyhow::Error::from) {
            Ok(true) => {
                self.lead.held = Some(lease);
                return Ok(());
            }
            Ok(false) => {}
            // Another replica's transaction is open: the lease stands as it stood, if it still stands.
            Err(error) if storage::is_busy(&error) => {}
            Err(error) => return Err(error),
        }
        let found = lease::read(&mut self.conn).await?;
        if found.token != lease.token {
            self.lose(found);
        }
        Ok(())
    }

    /// Another replica has taken over. What this one wanted to do is that one's business now.
    pub(super) fn lose(&mut self, found: Lease) {
        let Some(lost) = self.lead.held.take() else { return };
        let reason = format!("replica {} leads, with token {}", found.holder, found.token);
        let (name, holder, token) = (self.ctx.name().clone(), self.ctx.replica, lost.token);
        self.ctx.observe(&Span::root(None), Observation::LeaseLost { name, holder, token, reason });
        self.due = None;
        self.watch(false);
    }

    /// Looks whether whoever leads still does, and takes over where not.
    async fn look(&mut self) -> anyhow::Result<()> {
        let Some(Look { since_us, .. }) = self.lead.look.take() else { return Ok(()) };
        let (now, own) = (self.ctx.clock.now_us(), i64::from(self.ctx.replica));
        let found = lease::read(&mut self.conn).await?;
        if !found.released && found.until_us > now && found.holder != own {
            self.lead.look = Some(Look { at_us: found.until_us, since_us: Some(now) });
        } else if !found.released || since_us.is_none_or(|since| found.until_us < since) {
            self.take_over(found).await?;
        }
        Ok(())
    }

    async fn take_over(&mut self, found: Lease) -> anyhow::Result<()> {
        let inbox::Begun { n, .. } = match inbox::begin(&mut self.conn, &[]).await {
            Ok(begun) => begun,
            // A transaction of the one that led is open: its word stands until that is through.
            Err(error) => {
                tracing::debug!(service = %self.ctx.name(), %error, "a takeover has to wait");
                return self.look_again().await;
            }
        };
        if lease::read(&mut self.conn).await? != found {
            return self.look_again().await;
        }
        self.catch_up(n).await?;
        let until_us = self.ctx.clock.now_us() + self.ctx.lease_us;
        let lease = Lease { token: found.token + 1, holder: self.ctx.replica.into(), until_us, released: false };
        lease::take(&mut self.conn, lease).await?;
        let span = Span::root(None);
        let committed = Observation::TransactionCommitted { transaction_id: self.n + 1, rows: vec![], batch_size: 1 };
        let (name, holder, token) = (self.ctx.name().clone(), self.ctx.replica, lease.token);
        let acquired = Observation::LeaseAcquired { name, holder, token, until: until_us };
        let observed = vec![self.ctx.observed(&span, committed), self.ctx.observed(&span, acquired)];
        let committed = self.commit(observed, &[], vec![]).await?;
        self.lead.held = Some(lease);
        self.ship(committed);
        self.ctx.send(ToHost::Lead { room: self.ctx.spec.workers.max(1) as usize });
        // Its deadlines are those in the tables.
        self.due = Some(0);
        Ok(())
    }

    async fn look_again(&mut self) -> anyhow::Result<()> {
        self.watch(false);
        Ok(storage::rollback(&mut self.conn).await?)
    }

    /// Whether it may write, as things stand in the transaction under way.
    pub(super) async fn may_write(&mut self) -> anyhow::Result<bool> {
        if !self.ctx.spec.is_led() {
            return Ok(true);
        }
        let Some(held) = self.lead.held else { return Ok(false) };
        let found = lease::read(&mut self.conn).await?;
        if found.token == held.token {
            return Ok(true);
        }
        self.lose(found);
        Ok(false)
    }
}
