//! The coverage matrix: every step, every fault, each on a system of its own.

use crate::app::App;
use reqwest::Method;
use serde_json::json;

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
