//! Faults of a sandbox: what may be installed, how one stands, and the timer that begins and
//! ends those that have a time.

mod validate;

pub use validate::validate;

use super::keeper::Keeper;
use super::replicas::Replicas;
use crate::recorder::{Entry, Recorder, by_server};
use kit::Clock;
use protocol::{Fault, FaultKind, FaultSpec, Name, Observation, TERRARIUM};
use serde::Serialize;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::Notify;

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
pub async fn run(recorder: Recorder, clock: Clock, services: Arc<Vec<Replicas>>, changed: Arc<Notify>) {
    let mut begun: HashSet<(Name, u64)> = HashSet::new();
    loop {
        let faults = recorder.history.faults();
        begun.retain(|(id, installed)| faults.iter().any(|f| f.id == *id && f.installed_at == *installed));
        let now = clock.now_us();
        for fault in &faults {
            let keepers = struck(&services, fault);
            if fault.expires_at().is_some_and(|end| end <= now) {
                let reason = "its time was up".to_owned();
                let cleared = Observation::FaultCleared { fault_id: fault.id.clone(), reason };
                if recorder.send(Entry::Observe(vec![by_server(clock, TERRARIUM.into(), cleared)])).is_err() {
                    return;
                }
                // Whoever is struck at the last moment has to see that the fault is over.
                if recorder.flush().await.is_err() {
                    return;
                }
                for keeper in keepers {
                    end(&keeper, fault).await;
                }
            } else if begins(fault) && fault.begins_at() <= now && begun.insert((fault.id.clone(), fault.installed_at))
            {
                for keeper in keepers {
                    if fault.spec.kind == FaultKind::Pause {
                        keeper.pause(&format!("held still by the fault {}", fault.id)).await;
                    } else {
                        keeper.crash(&format!("crashed by the fault {}", fault.id)).await;
                    }
                }
            }
        }
        if recorder.flush().await.is_err() {
            return;
        }
        match next(&recorder, clock, &begun) {
            Some(at) => tokio::select! {
                () = changed.notified() => {}
                () = clock.sleep_until(at) => {}
            },
            None => changed.notified().await,
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

/// What a fault took is given back.
pub async fn end(keeper: &Keeper, fault: &Fault) {
    if fault.spec.kind == FaultKind::Pause {
        keeper.resume(&format!("the fault {} is over", fault.id)).await;
    } else {
        keeper.start().await;
    }
}

/// When the next fault begins or ends by itself.
fn next(recorder: &Recorder, clock: Clock, begun: &HashSet<(Name, u64)>) -> Option<u64> {
    let now = clock.now_us();
    recorder.history.with_picture(|picture| {
        let faults = picture.state.faults.iter();
        faults
            .flat_map(|fault| {
                let waits = begins(fault) && !begun.contains(&(fault.id.clone(), fault.installed_at));
                [waits.then(|| fault.begins_at().max(now)), fault.expires_at()]
            })
            .flatten()
            .min()
    })
}
