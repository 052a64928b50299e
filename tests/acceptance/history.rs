//! Every picture of the past is the fold of the record up to there.

use crate::app::{App, NO_HURRY, Sandbox};
use diagram::{DiagramState, Strata};
use protocol::{Observation, Recorded};
use runner::invariants::Checks;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Enough for a few blocks and checkpoints of the record.
async fn lived_in(app: &App) -> (Sandbox, Vec<Recorded>) {
    let sandbox = app.session().sandbox().await;
    sandbox.put_fault("some", json!({"kind": "decline-payments", "target": "payments", "strength": 30})).await;
    for round in 0..7 {
        if round == 3 {
            sandbox.crash("payments").await;
        }
        futures_util::future::join_all((0..30).map(|_| sandbox.place_order())).await;
        if round == 3 {
            sandbox.restart("payments").await;
        }
        sandbox.at_rest().await;
    }
    sandbox.heal_all().await;
    let record = sandbox.record().await;
    assert!(record.len() > 4500, "{}", record.len());
    (sandbox, record)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_picture_at_a_position_is_the_fold_of_the_record_up_to_it() {
    let app = App::in_process(&NO_HURRY).await;
    let (sandbox, record) = lived_in(&app).await;
    let mut state = DiagramState::default();
    assert_eq!(sandbox.state_at(0).await, state);
    let end = record.len() as u64;
    for event in &record {
        state.evolve(event);
        if event.position % 97 == 0 || [1, 2, 127, 128, 129, 2048, 2049, end].contains(&event.position) {
            assert_eq!(sandbox.state_at(event.position).await, state, "at {}", event.position);
        }
    }
    assert_eq!(sandbox.state().await, state);

    let mut checks = Checks::default();
    record.iter().for_each(|event| checks.evolve(event));
    assert_eq!(sandbox.invariants().await, checks.report());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_strata_are_the_fold_of_the_whole_record() {
    let mut app = App::in_process(&NO_HURRY).await;
    let (sandbox, _) = lived_in(&app).await;
    assert_eq!(sandbox.strata().await, strata(&sandbox.record().await));
    // And go on from where they were.
    app.stop().await;
    app.start().await;
    sandbox.place_order().await;
    sandbox.at_rest().await;
    assert_eq!(sandbox.strata().await, strata(&sandbox.record().await));
}

fn strata(record: &[Recorded]) -> Strata {
    let (mut state, mut strata) = (DiagramState::default(), Strata::default());
    for event in record {
        strata.evolve(&state, event);
        state.evolve(event);
    }
    strata
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_at_a_position_is_the_fold_of_its_rows_and_at_the_end_the_table_itself() {
    let app = App::in_process(&NO_HURRY).await;
    let (sandbox, record) = lived_in(&app).await;
    let end = record.len() as u64;
    let mut looked_at = vec![];
    for service in ["orders", "inventory", "payments", "notifications"] {
        for table in sandbox.table_names(service).await {
            if kit::changes::BOOKKEEPING.contains(&table.as_str()) {
                continue;
            }
            assert_eq!(
                sandbox.table_at(service, &table, end).await,
                sandbox.table(service, &table).await,
                "{service} {table}"
            );
            for at in [0, 1, 10, 127, 128, 129, 1500, end - 1] {
                let rows: Vec<Value> =
                    sandbox.table_at(service, &table, at).await.into_iter().map(Value::Object).collect();
                assert_eq!(rows, folded(&record[..at as usize], service, &table), "{service} {table} at {at}");
            }
            looked_at.push(table);
        }
    }
    let counted = |tables: Vec<(String, u64)>| -> Vec<(String, u64)> {
        let kept = |name: &str| kit::changes::BOOKKEEPING.contains(&name);
        tables.into_iter().filter(|(name, _)| !kept(name)).collect()
    };
    for service in ["orders", "inventory", "payments", "notifications"] {
        let present = counted(sandbox.tables(service, "").await);
        assert_eq!(sandbox.tables(service, &format!("?at={end}")).await, present, "{service}");
        for at in [0, 1500] {
            for (name, rows) in sandbox.tables(service, &format!("?at={at}")).await {
                assert_eq!(rows, folded(&record[..at as usize], service, &name).len() as u64, "{service} {name}");
            }
        }
    }
    looked_at.sort();
    assert_eq!(looked_at, ["notifications", "orders", "payments", "reservations", "stock"]);
}

fn folded(record: &[Recorded], service: &str, table: &str) -> Vec<Value> {
    let mut rows: BTreeMap<Vec<i64>, Value> = BTreeMap::new();
    for event in record.iter().filter(|event| &*event.service == service) {
        let Observation::TransactionCommitted { rows: changes, .. } = &event.observation else { continue };
        for change in changes.iter().filter(|change| &*change.table == table) {
            let key: Vec<i64> = change.key.split('/').map(|part| part.parse().expect("our keys are numbers")).collect();
            assert_eq!(rows.get(&key), change.before.as_ref(), "a row was not what its change says it was");
            match &change.after {
                Some(after) => rows.insert(key, after.clone()),
                None => rows.remove(&key),
            };
        }
    }
    rows.into_values().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_can_be_had_in_parts() {
    let app = App::in_process(&NO_HURRY).await;
    let (sandbox, record) = lived_in(&app).await;
    let lines = sandbox.lines().await;
    let part = async |query: &str| -> Vec<String> {
        let request = sandbox.request(reqwest::Method::GET, &format!("/events?{query}"));
        let answer = sandbox.session().send(request.header("accept", "application/x-ndjson")).await;
        answer.text().await.expect("text").lines().map(str::to_owned).collect()
    };
    assert_eq!(part("after=1020&limit=1030").await, lines[1020..2050]);
    assert_eq!(part("after=0&limit=1").await, lines[..1]);
    assert_eq!(part("limit=0").await, lines[..0]);
    assert_eq!(part(&format!("after={}", record.len() - 3)).await, lines[lines.len() - 3..]);
    assert_eq!(part(&format!("after={}", record.len())).await, lines[..0]);
    assert_eq!(part(&format!("after=0&limit={}", u64::MAX)).await, lines);
}
