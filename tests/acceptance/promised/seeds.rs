//! R18: the same topology, seeds and commands meet the same faults, whatever the timing.

use super::{Figure, STYLES, fast, session};
use crate::app::{Sandbox, Session};
use futures_util::future::join_all;
use protocol::Observation;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Seeds tried one after another in one pair of sandboxes.
const OF_A_PAIR: u64 = 5;
const AT_ONCE: u64 = 20;
const ORDERS: usize = 2;

/// What strikes, whom, and in how many of a hundred cases. Faults that a slow machine can trigger by itself (what is
/// kept too long is offered again) have no place here.
const FAULTS: [(&str, &str, u8); 4] = [
    ("decline-payments", "payments", 40),
    ("drop", "topic:inventory", 30),
    ("duplicate", "payments->orders", 40),
    ("fail", "terrarium->orders", 20),
];

/// How often each fault struck what came of which command, by its number.
type Strikes = BTreeMap<(String, usize), u32>;

#[tokio::test(flavor = "multi_thread")]
async fn r18_the_same_seed_and_commands_meet_the_same_faults() {
    let app = fast(3).await;
    let session = session(&app).await;
    let (mut figure, mut different) = (Figure::of("R18"), BTreeSet::new());
    for first in (1..).step_by((OF_A_PAIR * AT_ONCE) as usize) {
        if figure.is_reached() {
            break;
        }
        let pairs = (0..AT_ONCE).map(|pair| {
            let (session, from) = (session.clone(), first + pair * OF_A_PAIR);
            async move { (from, tokio::join!(strikes(&session, from, true), strikes(&session, from, false))) }
        });
        for (from, (hurried, patient)) in join_all(pairs).await {
            for (seed, (one, other)) in (from..).zip(hurried.into_iter().zip(patient)) {
                assert_eq!(one, other, "R18 seed {seed}: what struck when in a hurry, and what with patience");
                different.insert(one);
                figure.add(1);
            }
        }
    }
    let seen = figure.seen();
    assert!(different.len() as u64 * 2 > seen, "R18 seeds make little difference: {} of {seen}", different.len());
    figure.report("seeds met other faults the second time");
}

/// What each seed's faults struck: with all its orders under way at once, or one after another.
async fn strikes(session: &Session, first: u64, hurried: bool) -> Vec<Strikes> {
    let sandbox = session.sandbox_with(STYLES[0]).await;
    let mut after = 0;
    let mut all = vec![];
    for seed in first..first + OF_A_PAIR {
        for (n, (kind, target, strength)) in FAULTS.into_iter().enumerate() {
            let fault = json!({"kind": kind, "target": target, "strength": strength, "seed": seed, "ttl_ms": null});
            sandbox.put_fault(&format!("f{n}"), fault).await;
        }
        for _ in 0..ORDERS {
            let order = sandbox.place_order().await;
            if !hurried {
                sandbox.outcome(order).await;
            }
        }
        let there = sandbox.settled().await.position;
        all.push(struck(&sandbox, after).await);
        after = there;
    }
    sandbox.delete().await;
    all
}

async fn struck(sandbox: &Sandbox, after: u64) -> Strikes {
    let (mut commands, mut strikes) = (HashMap::new(), Strikes::new());
    for event in sandbox.record().await {
        let number = commands.len() + 1;
        match event.observation {
            Observation::CommandAccepted { .. } => drop(commands.insert(event.correlation_id, number)),
            Observation::FaultTriggered { fault_id, .. } if event.position > after => {
                *strikes.entry((fault_id.to_string(), commands[&event.correlation_id])).or_default() += 1;
            }
            _ => {}
        }
    }
    strikes
}
