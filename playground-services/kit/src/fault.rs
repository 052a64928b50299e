//! Whether a fault strikes. A verdict is a hash of what is being done, never the next
//! number of a shared generator: the same commands meet the same faults whatever the timing.

mod wire;

pub use wire::{Leg, Passing, Verdict, severed, verdict};

use crate::Clock;
use protocol::{Fault, FaultKind, Target};
use std::sync::Arc;
use tokio::sync::watch;

/// The faults as they stand, and word of each change.
pub type Standing = watch::Receiver<Arc<Vec<Fault>>>;

/// The fault of this kind on this target that strikes the piece of work, if one does.
///
/// `ordinal` is the command's number within the sandbox, `what` the type of message or call.
pub fn striking<'a>(
    faults: &'a [Fault],
    kind: FaultKind,
    target: &str,
    ordinal: u64,
    what: &str,
    now_us: u64,
) -> Option<&'a Fault> {
    faults.iter().find(|fault| {
        let parts: [&[u8]; 5] = [
            &fault.spec.seed.to_le_bytes(),
            fault.id.as_bytes(),
            fault.spec.target.as_bytes(),
            &ordinal.to_le_bytes(),
            what.as_bytes(),
        ];
        fault.spec.kind == kind
            && &*fault.spec.target == target
            && stands(fault, ordinal, now_us)
            && percentile(hash(&parts)) < u64::from(fault.spec.strength)
    })
}

/// A piece of work of a service, as a fault of the service itself sees it.
#[derive(Clone, Copy, Debug)]
pub struct AtWork<'a> {
    pub service: &'a str,
    pub replica: u32,
    /// The saga step that it carries out.
    pub step: Option<&'a str>,
    /// The number of the command at the root of it.
    pub ordinal: u64,
    /// The type of the command or message.
    pub what: &'a str,
    /// 1 the first time.
    pub attempt: u32,
}

/// The fault of this kind that strikes a service at this work: at any, or at `params.step` only.
pub fn striking_work<'a>(faults: &'a [Fault], kind: FaultKind, work: &AtWork<'_>, now_us: u64) -> Option<&'a Fault> {
    faults.iter().find(|fault| {
        let parts: [&[u8]; 6] = [
            &fault.spec.seed.to_le_bytes(),
            fault.id.as_bytes(),
            fault.spec.target.as_bytes(),
            &work.ordinal.to_le_bytes(),
            work.what.as_bytes(),
            &work.attempt.to_le_bytes(),
        ];
        fault.spec.kind == kind
            && Target::parse(&fault.spec.target).hits(work.service, work.replica)
            && fault.spec.params.step.as_deref().is_none_or(|step| work.step == Some(step))
            && stands(fault, work.ordinal, now_us)
            && percentile(hash(&parts)) < u64::from(fault.spec.strength)
    })
}

/// How much longer a `delay` or `slow-store` makes it, in microseconds.
pub fn slowness_us(fault: &Fault) -> u64 {
    fault.spec.params.slowness_ms().saturating_mul(1000)
}

/// Whether this very fault is among those: another one of its name is another one.
pub fn is_among(faults: &[Fault], fault: &Fault) -> bool {
    faults.iter().any(|other| other.id == fault.id && other.installed_at == fault.installed_at)
}

/// Until a moment, in microseconds since the sandbox was created, or until this fault is gone.
pub async fn sleep_under(clock: Clock, mut faults: Standing, fault: &Fault, until_us: u64) {
    let gone = async { faults.wait_for(|all| !is_among(all, fault)).await.map(drop) };
    tokio::select! {
        () = clock.sleep_until(until_us) => {}
        Ok(()) = gone => {}
    }
}

/// Whether it acts now, on the command of this number.
fn stands(fault: &Fault, ordinal: u64, now_us: u64) -> bool {
    now_us >= fault.begins_at()
        && fault.expires_at().is_none_or(|end| now_us < end)
        && fault.spec.params.every.is_none_or(|every| ordinal.is_multiple_of(every.max(1)))
}

/// FNV-1a: small, and stable across versions and machines, unlike std's hasher.
fn hash(parts: &[&[u8]]) -> u64 {
    parts
        .iter()
        .flat_map(|part| part.iter())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// 0 to 99, the same for the same hash.
fn percentile(hash: u64) -> u64 {
    // FNV's low bits mix poorly: fold the high half in before taking the rest.
    (hash ^ (hash >> 32)) % 100
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(spec: &str) -> Fault {
        Fault { id: "f".into(), spec: serde_json::from_str(spec).expect("a spec"), installed_at: 1000 }
    }

    fn strikes(fault: &Fault, ordinal: u64, now: u64) -> bool {
        striking(std::slice::from_ref(fault), FaultKind::DeclinePayments, "payments", ordinal, "charge", now).is_some()
    }

    #[test]
    fn a_full_fault_strikes_every_time_until_it_expires() {
        let fault = fault(r#"{"kind":"decline-payments","target":"payments","ttl_ms":1,"after_ms":1}"#);
        assert!(!strikes(&fault, 1, 1999));
        assert!(strikes(&fault, 1, 2000));
        assert!(!strikes(&fault, 1, 3000));
    }

    #[test]
    fn every_third_is_every_third() {
        let fault = fault(r#"{"kind":"decline-payments","target":"payments","params":{"every":3}}"#);
        let hit: Vec<u64> = (1..10).filter(|&n| strikes(&fault, n, 2000)).collect();
        assert_eq!(hit, [3, 6, 9]);
    }

    #[test]
    fn strength_is_a_share_and_the_same_seed_strikes_the_same() {
        let half = fault(r#"{"kind":"decline-payments","target":"payments","strength":50,"seed":7}"#);
        let hits: Vec<bool> = (0..1000).map(|n| strikes(&half, n, 2000)).collect();
        let share = hits.iter().filter(|hit| **hit).count();
        assert!((400..600).contains(&share), "{share} of 1000");
        assert_eq!(hits, (0..1000).map(|n| strikes(&half, n, 9999)).collect::<Vec<_>>());
    }

    #[test]
    fn work_is_struck_at_the_step_and_the_replica_that_are_named() {
        let at = |json: &str, replica, step| {
            let work = AtWork { service: "payments", replica, step, ordinal: 1, what: "StockReserved", attempt: 1 };
            striking_work(&[fault(json)], FaultKind::FailStep, &work, 2000).is_some()
        };
        let named = r#"{"kind":"fail-step","target":"payments","params":{"step":"charge-card"}}"#;
        assert!(at(named, 0, Some("charge-card")));
        assert!(!at(named, 0, Some("refund-payment")) && !at(named, 0, None));
        let first = r#"{"kind":"fail-step","target":"payments/0"}"#;
        assert!(at(first, 0, None) && !at(first, 1, None));
        assert!(!at(r#"{"kind":"fail-step","target":"orders"}"#, 0, None));
        assert!(!at(r#"{"kind":"slow-store","target":"payments"}"#, 0, None));
    }

    #[test]
    fn another_target_is_left_alone() {
        let other = fault(r#"{"kind":"decline-payments","target":"orders"}"#);
        assert!(!strikes(&other, 1, 2000));
    }
}
