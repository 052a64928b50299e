//! Faults of a sandbox: what may be installed, how one stands, and the timer that begins and
//! ends those that have a time.

use super::error::SandboxError;
use super::keeper::Keeper;
use crate::recorder::{Entry, Recorder, by_server};
use kit::Clock;
use protocol::{Fault, FaultKind, FaultSpec, Name, Observation, TERRARIUM, Target, Topology};
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

/// A day: the longest a fault may wait or last, unless it lasts until cleared.
const LONGEST_MS: u64 = 24 * 3600 * 1000;

/// Whether this fault would change anything here; a switch that changes nothing is refused.
pub fn validate(topology: &Topology, spec: &FaultSpec) -> Result<(), SandboxError> {
    let refuse = |sentence: String| Err(SandboxError::Invalid(sentence));
    let target = topology.service(&spec.target);
    let of_the_wire = spec.kind.is_of_the_wire() && Target::parse(&spec.target).is_in(topology);
    if target.is_none() && !of_the_wire {
        let names: Vec<&str> = topology.services.iter().map(|service| &*service.name).collect();
        return refuse(format!("There is no service {} to strike. Target one of {}.", spec.target, names.join(", ")));
    }
    let charges = target.and_then(|target| target.outside.as_ref()).is_some_and(|o| &*o.name == "card network");
    if spec.kind == FaultKind::DeclinePayments && !charges {
        return refuse(format!("{} charges no cards. Target payments.", spec.target));
    }
    if !(1..=100).contains(&spec.strength) {
        return refuse(format!("The strength {} is out of range. It is a percentage, 1 to 100.", spec.strength));
    }
    if spec.params.every == Some(0) {
        return refuse("The parameter every counts commands: 1 or more.".to_owned());
    }
    if spec.kind == FaultKind::Crash && (spec.strength != 100 || spec.params.every.is_some()) {
        return refuse("A crash takes the whole service: leave strength and every out.".to_owned());
    }
    if spec.after_ms > LONGEST_MS || spec.ttl_ms.is_some_and(|ttl| !(1..=LONGEST_MS).contains(&ttl)) {
        return refuse(format!(
            "The times are out of range. after_ms is at most {LONGEST_MS}, ttl_ms 1 to {LONGEST_MS}, or null for until cleared."
        ));
    }
    Ok(())
}

/// Begins and ends faults when their time has come; sleeps until then.
pub async fn run(recorder: Recorder, clock: Clock, keepers: Arc<Vec<Keeper>>, changed: Arc<Notify>) {
    let mut begun: HashSet<(Name, u64)> = HashSet::new();
    loop {
        let faults = recorder.history.faults();
        begun.retain(|(id, installed)| faults.iter().any(|f| f.id == *id && f.installed_at == *installed));
        let now = clock.now_us();
        for fault in &faults {
            let down = fault.spec.kind.takes_down();
            let keeper = down.then(|| keepers.iter().find(|keeper| keeper.name == fault.spec.target)).flatten();
            if fault.expires_at().is_some_and(|end| end <= now) {
                let reason = "its time was up".to_owned();
                let cleared = Observation::FaultCleared { fault_id: fault.id.clone(), reason };
                if recorder.send(Entry::Observe(vec![by_server(clock, TERRARIUM.into(), cleared)])).is_err() {
                    return;
                }
                if let Some(keeper) = keeper {
                    keeper.start().await;
                }
            } else if let Some(keeper) = keeper
                && fault.spec.kind == FaultKind::Crash
                && fault.begins_at() <= now
                && begun.insert((fault.id.clone(), fault.installed_at))
            {
                keeper.crash(&format!("crashed by the fault {}", fault.id)).await;
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

/// When the next fault begins or ends by itself.
fn next(recorder: &Recorder, clock: Clock, begun: &HashSet<(Name, u64)>) -> Option<u64> {
    let now = clock.now_us();
    recorder.history.with_picture(|picture| {
        let faults = picture.state.faults.iter();
        faults
            .flat_map(|fault| {
                let waits =
                    fault.spec.kind == FaultKind::Crash && !begun.contains(&(fault.id.clone(), fault.installed_at));
                [waits.then(|| fault.begins_at().max(now)), fault.expires_at()]
            })
            .flatten()
            .min()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Result<(), String> {
        let topology = protocol::topology("saga-choreography").expect("exists");
        let spec = serde_json::from_str(json).expect("a spec");
        validate(&topology, &spec).map_err(|error| error.to_string())
    }

    #[test]
    fn faults_that_change_something_are_taken() {
        assert_eq!(check(r#"{"kind":"decline-payments","target":"payments"}"#), Ok(()));
        assert_eq!(check(r#"{"kind":"crash","target":"inventory","ttl_ms":null}"#), Ok(()));
    }

    #[test]
    fn faults_that_would_change_nothing_are_refused_with_a_sentence() {
        for (json, part) in [
            (r#"{"kind":"crash","target":"shipping"}"#, "no service shipping"),
            (r#"{"kind":"decline-payments","target":"orders"}"#, "charges no cards"),
            (r#"{"kind":"decline-payments","target":"payments","strength":0}"#, "out of range"),
            (r#"{"kind":"decline-payments","target":"payments","strength":101}"#, "out of range"),
            (r#"{"kind":"decline-payments","target":"payments","params":{"every":0}}"#, "1 or more"),
            (r#"{"kind":"crash","target":"orders","strength":50}"#, "whole service"),
            (r#"{"kind":"crash","target":"orders","ttl_ms":0}"#, "out of range"),
            (r#"{"kind":"crash","target":"orders","after_ms":99999999999}"#, "out of range"),
        ] {
            let error = check(json).expect_err(json);
            assert!(error.contains(part), "{error}");
        }
    }
}
