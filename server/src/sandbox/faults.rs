//! Faults of a sandbox: what may be installed, how one stands, and the timer that begins and
//! ends those that have a time.

mod validate;

pub use validate::validate;

use super::keeper::Keeper;
use super::replicas::Replicas;
use crate::recorder::{Ended, Entry, Recorder, by_server};
use kit::Clock;
use protocol::{Fault, FaultKind, FaultSpec, Name, Observation, TERRARIUM};
use serde::Serialize;
use std::collections::HashSet;
use std::sync::Arc;

/// A fault as it stands, for the API.
#[derive(Debug, Serialize)]
pub struct FaultStanding {
    id: Name,
    #[serde(flatten)]
    spec: FaultSpec,
    /// `null`: until cleared.
    expires_in_ms: Option<u64>,
}

impl FaultStanding {
    pub fn of(fault: &Fault, now_us: u64) -> Self {
        let expires_in_ms = fault.expires_at().map(|at| at.saturating_sub(now_us) / 1000);
        FaultStanding { id: fault.id.clone(), spec: fault.spec.clone(), expires_in_ms }
    }
}

/// Begins and ends faults when their time has come; sleeps until then.
pub async fn run(mut recorder: Recorder, clock: Clock, services: Arc<Vec<Replicas>>) {
    let mut begun: HashSet<(Name, u64)> = HashSet::new();
    loop {
        let faults = recorder.faults.borrow_and_update().clone();
        begun.retain(|(id, installed)| faults.iter().any(|f| f.id == *id && f.installed_at == *installed));
        let now = clock.now_us();
        for fault in faults.iter() {
            if fault.expires_at().is_some_and(|end| end <= now) {
                if over(&recorder, clock, TERRARIUM.into(), fault, "its time was up").await.is_err() {
                    return;
                }
                for keeper in struck(&services, fault) {
                    keeper.release(&fault.id).await;
                }
            } else if begins(fault) && fault.begins_at() <= now && begun.insert((fault.id.clone(), fault.installed_at))
            {
                for keeper in struck(&services, fault) {
                    keeper.strike(fault).await;
                }
            }
        }
        if recorder.flush().await.is_err() {
            return;
        }
        match next(&recorder, clock, &begun) {
            Some(at) => tokio::select! {
                changed = recorder.faults.changed() => if changed.is_err() { return },
                () = clock.sleep_until(at) => {}
            },
            None => {
                if recorder.faults.changed().await.is_err() {
                    return;
                }
            }
        }
    }
}

/// The replicas that the fault takes whole, down or to a standstill.
pub fn struck(services: &[Replicas], fault: &Fault) -> Vec<Arc<Keeper>> {
    let whole = fault.spec.kind.takes_down() || fault.spec.kind == FaultKind::Pause;
    if whole { services.iter().flat_map(|service| service.struck_by(fault)).collect() } else { vec![] }
}

/// Whether somebody has to see to it that it begins.
fn begins(fault: &Fault) -> bool {
    matches!(fault.spec.kind, FaultKind::Crash | FaultKind::Pause)
}

/// A fault is over, unless it was before. Whoever is struck at the last moment sees that by the time
/// this returns.
pub async fn over(recorder: &Recorder, clock: Clock, by: Name, fault: &Fault, reason: &str) -> Result<(), Ended> {
    let cleared = Observation::FaultCleared { fault_id: fault.id.clone(), reason: reason.to_owned() };
    recorder.send(Entry::Clear { fault: fault.clone(), cleared: by_server(clock, by, cleared) })?;
    recorder.flush().await
}

/// When the next fault begins or ends by itself.
fn next(recorder: &Recorder, clock: Clock, begun: &HashSet<(Name, u64)>) -> Option<u64> {
    let now = clock.now_us();
    let faults = recorder.faults();
    let moments = faults.iter().flat_map(|fault| {
        let waits = begins(fault) && !begun.contains(&(fault.id.clone(), fault.installed_at));
        [waits.then(|| fault.begins_at().max(now)), fault.expires_at()]
    });
    moments.flatten().min()
}
