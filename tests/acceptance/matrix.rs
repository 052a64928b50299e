//! The coverage matrix: every step, every fault, each on a system of its own.

use crate::app::{App, Cell, Matrix};
use protocol::{FaultKind, Observation, Topology};
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeSet;

/// Every saga but the one with the planted flaw.
fn styles() -> Vec<Topology> {
    let styles = ["saga-choreography", "saga-orchestration"];
    protocol::topologies().into_iter().filter(|topology| styles.contains(&&*topology.name)).collect()
}

/// The names of the cells that fall through.
fn red(cells: &[Cell]) -> BTreeSet<String> {
    cells.iter().filter(|cell| cell.state != "consistent").map(Cell::name).collect()
}

async fn played(topology: &str, off: &[&str]) -> (App, Matrix, Vec<Cell>) {
    let app = App::in_process(&[]).await;
    let matrix = app.session().matrix(topology, off).await;
    let cells = matrix.cells().await;
    (app, matrix, cells)
}

#[tokio::test(flavor = "multi_thread")]
async fn with_every_protection_on_every_cell_of_every_style_ends_consistent() {
    for topology in styles() {
        let (_app, _, cells) = played(&topology.name, &[]).await;
        let steps: usize = topology.services.iter().map(|service| service.steps.len()).sum();
        assert_eq!(cells.len(), 4 * steps, "{}", topology.name);
        let red: Vec<&Cell> = cells.iter().filter(|cell| cell.state != "consistent").collect();
        assert!(red.is_empty(), "{}: {red:#?}", topology.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_of_a_cell_opens_and_shows_the_fault_that_struck_its_step() {
    let (app, matrix, cells) = played("saga-choreography", &[]).await;
    for cell in &cells {
        let record = matrix.record(cell).await;
        let installed = record.iter().find_map(|event| match &event.observation {
            Observation::FaultInstalled { fault } if &*fault.id == "strike" => Some(fault.spec.clone()),
            _ => None,
        });
        let installed = installed.unwrap_or_else(|| panic!("{} shows no fault", cell.name()));
        let kind = match &*cell.fault {
            "before-commit" => FaultKind::FailStep,
            // Who publishes nothing has nothing to crash before.
            "after-commit" if cell.step == "notify-customer" => FaultKind::FailStep,
            "after-commit" => FaultKind::CrashBeforePublish,
            "timeout" => FaultKind::Drop,
            _ => FaultKind::Duplicate,
        };
        assert_eq!(installed.kind, kind, "{}", cell.name());
        let struck = record.iter().any(|event| match &event.observation {
            Observation::FaultTriggered { fault_id, .. } => &**fault_id == "strike",
            _ => false,
        });
        assert!(struck, "{} was not struck", cell.name());
        let crashed = record.iter().any(|event| matches!(event.observation, Observation::ServiceCrashed { .. }));
        assert_eq!(crashed, kind == FaultKind::CrashBeforePublish, "{}", cell.name());
    }
    // It is looked at and nothing else, by nobody else, and is on no list.
    let run = format!("/api/runs/{}", cells[0].run.as_deref().expect("a run"));
    let session = app.session();
    assert_eq!(session.get(&run).await.status(), 404);
    assert_eq!(session.get_json("/api/runs").await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_inbox_a_duplicate_charges_the_card_twice() {
    let (_app, _, cells) = played("saga-choreography", &["inbox"]).await;
    let charged = cells.iter().find(|cell| cell.name() == "charge-card/duplicate").expect("a cell");
    assert_eq!(charged.state, "inconsistent", "{}", charged.detail);
    assert!(charged.detail.contains("charged"), "{}", charged.detail);
    // Whatever comes once is handled once.
    let red = red(&cells);
    assert!(red.iter().all(|name| name.ends_with("/duplicate") || name.ends_with("/after-commit")), "{red:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_outbox_a_crash_after_the_commit_leaves_sagas_that_never_end() {
    let (_app, _, cells) = played("saga-choreography", &["outbox"]).await;
    let red = red(&cells);
    // What the others have to say, nobody waits for.
    let steps = ["create-order", "reserve-stock", "charge-card", "confirm-order", "cancel-order"];
    assert_eq!(red, steps.map(|step| format!("{step}/after-commit")).into());
    let charged = cells.iter().find(|cell| cell.name() == "charge-card/after-commit").expect("a cell");
    assert_eq!((&*charged.state, charged.detail.contains("PENDING")), ("stuck", true), "{}", charged.detail);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_compensation_every_order_that_fails_keeps_its_stock() {
    let (_app, _, cells) = played("saga-choreography", &["compensation"]).await;
    let failing = ["release-stock", "cancel-order"];
    for cell in &cells {
        let red = failing.contains(&&*cell.step);
        assert_eq!(cell.state == "consistent", !red, "{}: {}", cell.name(), cell.detail);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_semantic_lock_a_parcel_leaves_for_an_order_that_is_cancelled() {
    let (_app, _, cells) = played("saga-choreography", &["semantic-lock"]).await;
    for cell in cells.iter().filter(|cell| cell.step == "cancel-order") {
        assert_eq!(cell.state, "inconsistent", "{}: {}", cell.name(), cell.detail);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_matrix_leaves_nothing_behind_but_its_runs_and_the_next_one_takes_their_place() {
    let app = App::in_process(&[]).await;
    let session = app.session();
    let matrix = session.matrix("saga-choreography", &[]).await;
    let busy = session.refused("a second one", session.matrix_of("saga-choreography", &[])).await;
    assert_eq!(busy.status, 429);
    let cells = matrix.cells().await;
    assert_eq!(session.get_json("/api/sandboxes").await, json!([]));
    let run = format!("/api/runs/{}", cells[0].run.as_deref().expect("a run"));
    assert_eq!(session.get_json(&run).await["origin"], "matrix");
    let rename = session.request(Method::PUT, &run).json(&json!({"name": "mine"}));
    assert_eq!(session.refused("renaming", rename).await.status, 404);

    let again = session.matrix("saga-choreography", &[]).await;
    assert_eq!(session.get(&run).await.status(), 404);
    assert_eq!(session.send(matrix.request()).await.status(), 404);
    again.cells().await;
    let runs = std::fs::read_dir(app.data().join("runs")).expect("a folder").count();
    assert_eq!(runs, cells.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_matrix_is_refused_with_a_sentence() {
    let app = App::in_process(&[]).await;
    let session = app.session();
    for (what, body) in [
        ("no topology of that name", json!({"topology": "saga"})),
        ("no switch of that name", json!({"topology": "saga-choreography", "switches": {"gravity": false}})),
        ("a word for a switch", json!({"topology": "saga-choreography", "switches": {"inbox": "off"}})),
        ("more than it takes", json!({"topology": "saga-choreography", "cells": 4})),
    ] {
        let request = session.request(Method::POST, "/api/matrix").json(&body);
        assert_eq!(session.refused(what, request).await.status, 422, "{what}");
    }
    assert_eq!(session.get("/api/matrix/0123").await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_ends_its_matrices() {
    let mut app = App::in_process(&[]).await;
    let session = app.session();
    session.matrix("saga-choreography", &[]).await;
    app.stop().await;
    app.start().await;
    assert_eq!(session.get_json("/api/sandboxes").await, json!([]));
    let left = |folder: &str| std::fs::read_dir(app.data().join(folder)).map_or(0, Iterator::count);
    assert_eq!((left("sandboxes"), left("runs")), (0, 0));
}
