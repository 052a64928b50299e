//! The replicas of one service: each has a keeper, and all share one database.

use super::error::SandboxError;
use super::keeper::{Addresses, Keeper, Keeping};
use diagram::{DiagramState, Health};
use futures_util::future::join_all;
use protocol::{Fault, Name, Target};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// A service, by its replicas.
pub struct Replicas {
    pub name: Name,
    /// Where those listen that are up.
    pub addresses: watch::Receiver<Addresses>,
    keeping: Keeping,
    /// By number, from 0.
    keepers: Mutex<Vec<Arc<Keeper>>>,
    /// How many reads have asked for somebody's turn.
    turns: AtomicUsize,
    /// Whoever changes how many there are has the turn while doing so.
    turn: tokio::sync::Mutex<()>,
}

impl Replicas {
    /// None of them is up yet.
    pub fn new(keeping: Keeping, count: u32) -> Self {
        let keepers = (0..count).map(|replica| Arc::new(Keeper::new(keeping.replica(replica)))).collect();
        let (name, addresses) = (keeping.spec.name.clone(), keeping.addresses.subscribe());
        Replicas {
            name,
            addresses,
            keeping,
            keepers: Mutex::new(keepers),
            turns: AtomicUsize::new(0),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Starts those that had not crashed, and those that a fault took down which is over by now.
    /// The first makes the database, the others find it.
    pub async fn wake(&self, before: &DiagramState) {
        let node = before.node(&self.name);
        let crashed = |keeper: &Keeper| {
            node.is_some_and(|node| {
                let known = node.instances.iter().find(|instance| instance.replica == keeper.replica);
                known.map_or(node.instances.is_empty() && node.health == Health::Crashed, |instance| {
                    instance.health == Health::Crashed
                })
            })
        };
        let wake = async |keeper: Arc<Keeper>| match crashed(&keeper) {
            // The reason is that of the service, and so of its only replica.
            true => {
                let reason = node.filter(|node| node.instances.len() <= 1).and_then(|node| node.reason.clone());
                keeper.left_down(reason).await;
            }
            false => keeper.start().await,
        };
        let mut waking = self.all().into_iter();
        if let Some(first) = waking.next() {
            wake(first).await;
        }
        join_all(waking.map(wake)).await;
    }

    /// Where the one listens whose turn it is, of those that are up.
    pub fn next(&self) -> Option<SocketAddr> {
        let addresses = self.addresses.borrow();
        let turn = self.turns.fetch_add(1, Ordering::Relaxed).checked_rem(addresses.len())?;
        addresses.values().nth(turn).copied()
    }

    pub fn count(&self) -> usize {
        self.guard().len()
    }

    pub fn all(&self) -> Vec<Arc<Keeper>> {
        self.guard().clone()
    }

    /// One of them, or all where none is named.
    pub fn named(&self, replica: Option<u32>) -> Result<Vec<Arc<Keeper>>, SandboxError> {
        match replica {
            None => Ok(self.all()),
            Some(n) => match self.all().into_iter().find(|keeper| keeper.replica == n) {
                Some(keeper) => Ok(vec![keeper]),
                None => Err(SandboxError::NoSuchReplica),
            },
        }
    }

    /// Those that a fault is aimed at.
    pub fn struck_by(&self, fault: &Fault) -> Vec<Arc<Keeper>> {
        let target = Target::parse(&fault.spec.target);
        self.all().into_iter().filter(|keeper| target.hits(&self.name, keeper.replica)).collect()
    }

    /// From now on there are so many; `recorded` says so, once those too many have ended and before
    /// new ones start.
    pub async fn scale(&self, count: u32, recorded: impl FnOnce()) {
        let _turn = self.turn.lock().await;
        let present = self.count();
        let wanted = count as usize;
        let gone = self.guard().split_off(wanted.min(present));
        join_all(gone.iter().map(|keeper| keeper.stop("scaled down by the learner"))).await;
        if wanted != present {
            recorded();
        }
        let new: Vec<Arc<Keeper>> = (present..wanted)
            .filter_map(|replica| u32::try_from(replica).ok())
            .map(|replica| Arc::new(Keeper::new(self.keeping.replica(replica))))
            .collect();
        self.guard().extend(new.iter().cloned());
        join_all(new.iter().map(|keeper| keeper.start())).await;
    }

    fn guard(&self) -> MutexGuard<'_, Vec<Arc<Keeper>>> {
        self.keepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
