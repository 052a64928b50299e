//! R3: every saga ends, once, within 30 s of the last fault clearing, or is parked and ends within
//! 30 s of being asked to go on. R4 and R5: with its money
//! and its stock where they belong.

use super::chance::any_fault;
use super::{Figure, STYLES, fast, session};
use crate::app::{Promises, Session};
use diagram::DiagramState;
use fastrand::Rng;
use futures_util::future::join_all;
use protocol::{Observation, Recorded};
use serde_json::json;
use std::collections::HashMap;

/// A sandbox's shelf lasts for about so long.
const ROUNDS: usize = 5;
const ORDERS: usize = 20;
const FAULTS: usize = 3;
const AT_ONCE: u64 = 4;
/// By the sandbox's clock.
const ENDS_WITHIN_US: u64 = 30_000_000;
/// A hurry in which these are fifteen real seconds, and an orchestrator waits for one before it asks
/// again: in a greater one it would ask a busy machine for more than it can do.
const RATE: u32 = 2;

#[tokio::test(flavor = "multi_thread")]
async fn r3_every_saga_ends_once_the_last_fault_has_cleared() {
    let app = fast(RATE).await;
    let session = session(&app).await;
    let (mut figure, mut cancelled) = (Figure::of("R3"), 0);
    for first in (1..).step_by(AT_ONCE as usize) {
        if figure.is_reached() {
            break;
        }
        let runs = (first..first + AT_ONCE).map(|seed| under_faults(&session, STYLES[seed as usize % 2], seed));
        for (ended, taken_back) in join_all(runs).await {
            figure.add(ended);
            cancelled += taken_back as u64;
        }
    }
    assert!(cancelled * 10 > figure.seen(), "R3 only {cancelled} of {} were cancelled", figure.seen());
    figure.report("sagas under faults did not end, or ended wrong");
}

/// How many ended, and how many of them by compensation.
async fn under_faults(session: &Session, style: &str, seed: u64) -> (usize, usize) {
    let sandbox = session.sandbox_with(style).await;
    let topology = protocol::topology(style).expect("exists");
    let mut rng = Rng::with_seed(seed);
    let cards = json!({"kind": "decline-payments", "target": "payments", "strength": 30, "seed": seed, "ttl_ms": null});
    sandbox.put_fault("cards", cards).await;
    for round in 1..=ROUNDS {
        for n in 0..FAULTS {
            sandbox.put_fault(&format!("f{n}"), any_fault(&mut rng, &topology)).await;
        }
        join_all((0..ORDERS).map(|_| sandbox.place_order())).await;
        // Most of them meet the faults of their own round, the others those of the next.
        let ended = |state: &DiagramState| state.sagas.confirmed + state.sagas.cancelled;
        let most = (round * ORDERS - ORDERS / 4) as u64;
        sandbox.wait_until("most of a round has ended", |state| ended(state) >= most).await;
    }
    sandbox.heal_all().await;
    sandbox.see_through().await;
    let promises = Promises::of(&sandbox).await;
    let took = took(promises.record());
    assert!(took <= ENDS_WITHIN_US, "R3 {style}, seed {seed}: the last saga ended {took} us after the last fault");
    sandbox.delete().await;
    (promises.confirmed() + promises.cancelled(), promises.cancelled())
}

/// The longest that anything of a saga went on, in microseconds, after the last fault ended or the saga
/// was last asked to go on.
pub fn took(record: &[Recorded]) -> u64 {
    let (mut healed, mut resumed) = (0, HashMap::new());
    for event in record {
        match &event.observation {
            Observation::FaultCleared { .. } => healed = event.at,
            Observation::CommandAccepted { command } if command.kind == "ResumeSaga" => {
                resumed.insert(command.data["order_id"].as_i64().expect("a number"), event.at);
            }
            _ => {}
        }
    }
    let after = |event: &Recorded| match &event.observation {
        Observation::StateChanged { id, .. } => {
            let begins = resumed.get(id).copied().unwrap_or_default().max(healed);
            Some(event.at.saturating_sub(begins))
        }
        _ => None,
    };
    record.iter().filter_map(after).max().unwrap_or_default()
}
