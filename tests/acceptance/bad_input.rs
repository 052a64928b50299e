//! Whatever is sent: an answer that says what to do, and nothing changed.

use crate::app::{App, Sandbox};
use protocol::{Observation, Recorded};
use reqwest::{Body, Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_with_a_sentence_and_changes_nothing() {
    let app = App::in_process(&["--faults", "1"]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.place_order().await;
    sandbox.put_fault("one", json!({"kind": "decline-payments", "target": "payments", "ttl_ms": null})).await;
    sandbox.at_rest().await;
    let (position, lines) = (sandbox.position().await, sandbox.lines().await);

    for (what, status, request) in bad_commands(&sandbox)
        .into_iter()
        .chain(bad_faults(&sandbox))
        .chain(bad_loads(&sandbox))
        .chain(bad_addresses(&sandbox))
        .chain(bad_cursors(&sandbox, position))
        .chain(bad_bodies(&sandbox))
        .chain(from_other_sites(&sandbox))
    {
        let problem = sandbox.session().refused(what, request).await;
        assert_eq!(problem.status, status, "{what}: {}", problem.detail);
        assert_eq!(sandbox.position().await, position, "{what} changed something");
    }
    assert_eq!(sandbox.lines().await, lines);
    assert_eq!(app.session().get_json("/api/sandboxes").await, json!([]));
}

type Case = (&'static str, u16, RequestBuilder);

fn bad_commands(sandbox: &Sandbox) -> Vec<Case> {
    let send = |body: Value| sandbox.request(Method::POST, "/commands").json(&body);
    let raw = |body: &'static str| {
        sandbox.request(Method::POST, "/commands").header("content-type", "application/json").body(body)
    };
    let order = |data: Value| send(json!({"id": Uuid::new_v4(), "type": "PlaceOrder", "data": data}));
    vec![
        ("no body", 400, raw("")),
        ("broken JSON", 400, raw(r#"{"id":"#)),
        ("not UTF-8", 400, sandbox.place(Uuid::new_v4(), 1).body(vec![b'"', 0xff, b'"'])),
        ("brackets without end", 400, raw("[[[[[[[[[[[[[[[[")),
        ("null", 422, raw("null")),
        ("an array", 422, raw("[]")),
        ("an id that is none", 422, send(json!({"id": "7", "type": "PlaceOrder", "data": {}}))),
        ("no id", 422, send(json!({"type": "PlaceOrder", "data": {}}))),
        ("an unknown field", 422, send(json!({"id": Uuid::new_v4(), "type": "PlaceOrder", "data": {}, "x": 1}))),
        ("an unknown type", 422, send(json!({"id": Uuid::new_v4(), "type": "Fly", "data": {}}))),
        ("a command of nobody here", 422, send(json!({"id": Uuid::new_v4(), "type": "OpenAccount", "data": {}}))),
        ("no data", 422, order(json!({}))),
        ("quantity 0", 422, order(json!({"item_id": 42, "quantity": 0, "user_id": 1}))),
        ("quantity -1", 422, order(json!({"item_id": 42, "quantity": -1, "user_id": 1}))),
        ("quantity 1001", 422, order(json!({"item_id": 42, "quantity": 1001, "user_id": 1}))),
        ("quantity 10^9", 422, order(json!({"item_id": 42, "quantity": 1_000_000_000, "user_id": 1}))),
        ("quantity 10^20", 422, order(json!({"item_id": 42, "quantity": 1e20, "user_id": 1}))),
        ("half a piece", 422, order(json!({"item_id": 42, "quantity": 0.5, "user_id": 1}))),
        ("a quantity in words", 422, order(json!({"item_id": 42, "quantity": "one", "user_id": 1}))),
        ("an unknown item", 422, order(json!({"item_id": 43, "quantity": 1, "user_id": 1}))),
        ("an unknown user", 422, order(json!({"item_id": 42, "quantity": 1, "user_id": 2}))),
        ("a price of one's own", 422, order(json!({"item_id": 42, "quantity": 1, "user_id": 1, "price": 1}))),
        (
            "not sent as JSON",
            415,
            sandbox.request(Method::POST, "/commands").header("content-type", "text/plain").body("{}"),
        ),
        ("no content type", 415, sandbox.request(Method::POST, "/commands").body("{}")),
    ]
}

fn bad_faults(sandbox: &Sandbox) -> Vec<Case> {
    let put = |id: &str, fault: Value| sandbox.request(Method::PUT, &format!("/faults/{id}")).json(&fault);
    let decline = json!({"kind": "decline-payments", "target": "payments"});
    vec![
        ("an unknown kind of fault", 422, put("one", json!({"kind": "earthquake", "target": "payments"}))),
        ("a fault without a target", 422, put("one", json!({"kind": "crash"}))),
        ("a fault on nobody", 422, put("one", json!({"kind": "crash", "target": "shipping"}))),
        ("a fault that changes nothing", 422, put("one", json!({"kind": "decline-payments", "target": "orders"}))),
        ("a strength of 0", 422, put("one", json!({"kind": "crash", "target": "orders", "strength": 0}))),
        ("a strength of 256", 422, put("one", json!({"kind": "crash", "target": "orders", "strength": 256}))),
        ("a fault without time", 422, put("one", json!({"kind": "crash", "target": "orders", "ttl_ms": 0}))),
        ("an unknown parameter", 422, put("one", json!({"kind": "crash", "target": "orders", "params": {"x": 1}}))),
        ("a fault with a bad name", 422, put("One!", decline.clone())),
        ("a fault more than may stand", 429, put("two", decline)),
        ("clearing a fault that does not stand", 404, sandbox.request(Method::DELETE, "/faults/two")),
    ]
}

fn bad_loads(sandbox: &Sandbox) -> Vec<Case> {
    let put = |load: Value| sandbox.request(Method::PUT, "/load").json(&load);
    let order = json!({"item_id": 42, "quantity": 0, "user_id": 1});
    vec![
        ("a load without a rate", 422, put(json!({"type": "PlaceOrder"}))),
        ("a rate of 0", 422, put(json!({"type": "PlaceOrder", "rate": 0}))),
        ("a rate of 201", 422, put(json!({"type": "PlaceOrder", "rate": 201}))),
        ("a rate of -1", 422, put(json!({"type": "PlaceOrder", "rate": -1}))),
        ("half a command a second", 422, put(json!({"type": "PlaceOrder", "rate": 0.5}))),
        ("a load of nothing", 422, put(json!({"rate": 1}))),
        ("a load of a command of nobody", 422, put(json!({"type": "Fly", "rate": 1}))),
        ("a load of orders for no pieces", 422, put(json!({"type": "PlaceOrder", "rate": 1, "data": order}))),
        ("a load with an unknown field", 422, put(json!({"type": "PlaceOrder", "rate": 1, "x": 1}))),
    ]
}

fn bad_addresses(sandbox: &Sandbox) -> Vec<Case> {
    let session = sandbox.session();
    let of = |id: &str| session.request(Method::GET, &format!("/api/sandboxes/{id}"));
    vec![
        ("a sandbox that is none", 404, of("00000000000000000000000000000000")),
        ("an id that is none", 404, of("1")),
        ("an id in capitals", 404, of(&sandbox.id().to_uppercase().replace(|c: char| c.is_ascii_digit(), "A"))),
        ("a path for an id", 404, of("..%2f..%2fetc%2fpasswd")),
        ("an id that is no text", 404, of("%ff%fe")),
        ("a route that is none", 404, session.request(Method::GET, "/api/none")),
        ("a source file that is none", 404, session.request(Method::GET, "/api/sources/server/src/main.rs")),
        (
            "a source file outside",
            404,
            session.request(Method::GET, "/api/sources/playground-services/%2e%2e/Cargo.toml"),
        ),
        ("a method it does not take", 405, session.request(Method::DELETE, "/api/sandboxes")),
        ("a service that is none", 404, sandbox.request(Method::POST, "/services/shipping/crash")),
        ("a restart of none", 404, sandbox.request(Method::POST, "/services/shipping/restart")),
        ("tables of none", 404, sandbox.request(Method::GET, "/services/shipping/tables")),
        ("a table that is none", 404, sandbox.request(Method::GET, "/services/orders/tables/secrets")),
        ("SQL for a table", 404, sandbox.request(Method::GET, "/services/orders/tables/x%22;drop%20table%20orders")),
        (
            "a topology that is none",
            422,
            session.request(Method::POST, "/api/sandboxes").json(&json!({"topology": "none"})),
        ),
        (
            "a seed past what JavaScript reads",
            422,
            session
                .request(Method::POST, "/api/sandboxes")
                .json(&json!({"topology": "saga-choreography", "seed": 1_u64 << 53})),
        ),
    ]
}

fn bad_cursors(sandbox: &Sandbox, position: u64) -> Vec<Case> {
    let get = |path: &str| sandbox.request(Method::GET, path);
    let past = position + 1;
    vec![
        ("a stream from past the end", 409, get(&format!("/events?after={past}"))),
        ("a reconnect from past the end", 409, get("/events?after=0").header("last-event-id", past)),
        (
            "lines from past the end",
            409,
            get(&format!("/events?after={past}")).header("accept", "application/x-ndjson"),
        ),
        ("a state past the end", 409, get(&format!("/state?at={past}"))),
        ("tables past the end", 409, get(&format!("/services/orders/tables?at={past}"))),
        ("a table past the end", 409, get(&format!("/services/orders/tables/orders?at={past}"))),
        ("the largest position", 409, get(&format!("/events?after={}", u64::MAX))),
        ("a position below 0", 400, get("/events?after=-1")),
        ("a position in words", 400, get("/state?at=now")),
        ("an id that is no position", 400, get("/events").header("last-event-id", "x")),
    ]
}

fn bad_bodies(sandbox: &Sandbox) -> Vec<Case> {
    let large = || vec![b' '; 1 << 20];
    let post = || sandbox.request(Method::POST, "/commands").header("content-type", "application/json");
    let pieces = futures_util::stream::iter((0..64).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1 << 14])));
    vec![
        ("a body of 1 MB", 413, post().body(large())),
        ("a body of 1 MB whose length is not said", 413, post().body(Body::wrap_stream(pieces))),
        ("a fault of 1 MB", 413, sandbox.request(Method::PUT, "/faults/one").body(large())),
        ("a sandbox of 1 MB", 413, sandbox.session().request(Method::POST, "/api/sandboxes").body(large())),
        (
            "a body of 1 MB where none is read",
            413,
            sandbox.request(Method::POST, "/services/orders/crash").body(large()),
        ),
    ]
}

fn from_other_sites(sandbox: &Sandbox) -> Vec<Case> {
    let place = || sandbox.place(Uuid::new_v4(), 1);
    let crash = || sandbox.request(Method::POST, "/services/orders/crash");
    vec![
        ("an order by another site", 403, place().header("sec-fetch-site", "cross-site")),
        ("an order by a neighbour", 403, place().header("sec-fetch-site", "same-site")),
        ("an order from another origin", 403, place().header("origin", "http://evil.example")),
        ("an order from nowhere", 403, place().header("origin", "null")),
        ("a crash by another site", 403, crash().header("sec-fetch-site", "cross-site")),
        ("a crash from another origin", 403, crash().header("origin", "http://localhost:1")),
        (
            "deleting from another origin",
            403,
            sandbox.request(Method::DELETE, "").header("origin", "https://evil.example"),
        ),
        ("a name that is not ours", 421, sandbox.request(Method::GET, "").header("host", "evil.example")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_sandbox_is_not_there() {
    let app = App::in_process(&[]).await;
    let (mine, other) = (app.session().sandbox().await, app.session());
    other.sandbox().await;
    mine.place_order().await;
    mine.at_rest().await;
    let lines = mine.lines().await;

    for session in [other, app.session()] {
        let theirs = session.sandbox_of(&mine);
        let decline = json!({"kind": "decline-payments", "target": "payments"});
        for (what, request) in [
            ("looking", theirs.request(Method::GET, "")),
            ("the state", theirs.request(Method::GET, "/state")),
            ("the strata", theirs.request(Method::GET, "/strata")),
            ("the stream", theirs.request(Method::GET, "/events")),
            ("the lines", theirs.request(Method::GET, "/events").header("accept", "application/x-ndjson")),
            ("ordering", theirs.place(Uuid::new_v4(), 1)),
            ("the faults", theirs.request(Method::GET, "/faults")),
            ("a fault", theirs.request(Method::PUT, "/faults/one").json(&decline)),
            ("healing", theirs.request(Method::DELETE, "/faults")),
            ("crashing", theirs.request(Method::POST, "/services/orders/crash")),
            ("restarting", theirs.request(Method::POST, "/services/orders/restart")),
            ("the load", theirs.request(Method::GET, "/load")),
            ("a load", theirs.request(Method::PUT, "/load").json(&json!({"type": "PlaceOrder", "rate": 1}))),
            ("stopping the load", theirs.request(Method::DELETE, "/load")),
            ("the tables", theirs.request(Method::GET, "/services/orders/tables")),
            ("a table", theirs.request(Method::GET, "/services/orders/tables/orders")),
            ("the invariants", theirs.request(Method::GET, "/invariants")),
            ("deleting", theirs.request(Method::DELETE, "")),
        ] {
            assert_eq!(session.refused(what, request).await.status, 404, "{what}");
        }
        let listed = session.get_json("/api/sandboxes").await;
        assert!(listed.as_array().expect("a list").iter().all(|listed| listed["id"] != mine.id()));
    }
    assert_eq!(mine.lines().await, lines);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_command_again_is_the_same_order_and_another_under_its_id_is_refused() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    let id = Uuid::new_v4();
    let first = sandbox.try_place(id).await.expect("202");
    assert_eq!(sandbox.try_place(id).await, Some(first));
    assert_eq!(sandbox.outcome(first).await, "CONFIRMED");
    assert_eq!(sandbox.try_place(id).await, Some(first));
    sandbox.at_rest().await;
    let position = sandbox.position().await;

    assert_eq!(sandbox.session().refused("another body", sandbox.place(id, 2)).await.status, 409);
    assert_eq!(sandbox.try_place(id).await, Some(first));
    assert_eq!(sandbox.position().await, position);
    assert_eq!(sandbox.table("orders", "orders").await.len(), 1);
    assert_eq!(sandbox.stock().await, 99);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_streams_than_may_be_are_refused_and_a_closed_one_makes_room() {
    let app = App::in_process(&["--streams-per-session", "2"]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.place_order().await;
    sandbox.at_rest().await;
    let position = sandbox.position().await;
    let (mut first, _second) = (sandbox.events(0).await, sandbox.events(0).await);
    first.next().await.expect("an event");

    let third = sandbox.request(Method::GET, "/events");
    let problem = sandbox.session().refused("a third stream", third).await;
    assert_eq!((problem.status, problem.retry_after.is_some()), (429, true));
    assert_eq!(sandbox.lines().await.len() as u64, position, "what ends by itself is no stream");
    app.session().sandbox().await.events(0).await;

    drop(first);
    crate::app::in_time("the server notices", async {
        while sandbox.request(Method::GET, "/events").send().await.expect("an answer").status() != 200 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(sandbox.position().await, position);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_past_the_rate_are_refused_for_as_long_as_the_answer_says() {
    let app = App::in_process(&["--commands-per-second", "1", "--command-burst", "3"]).await;
    let sandbox = app.session().sandbox().await;
    let mut last = None;
    for _ in 0..3 {
        last = Some(sandbox.place_order().await);
    }
    let problem = sandbox.session().refused("a fourth", sandbox.place(Uuid::new_v4(), 1)).await;
    assert_eq!((problem.status, problem.retry_after), (429, Some(1)));
    sandbox.outcome(last.expect("three")).await;
    sandbox.at_rest().await;
    assert_eq!(sandbox.table("orders", "orders").await.len(), 3);
    let other = sandbox.session().sandbox().await;
    other.place_order().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_record_and_a_full_server_take_nothing_more() {
    let app = App::in_process(&["--record-bytes", "1", "--sandboxes", "1"]).await;
    let sandbox = app.session().sandbox().await;
    let filled = |event: &Recorded| matches!(event.observation, Observation::TransactionCommitted { .. });
    sandbox.wait_for("the shelf is filled", filled).await;
    let position = sandbox.position().await;
    let full = sandbox.session().send(sandbox.place(Uuid::new_v4(), 1)).await;
    assert_eq!(full.status(), 507);
    let another = sandbox.session().request(Method::POST, "/api/sandboxes");
    let full = sandbox.session().send(another.json(&json!({"topology": "saga-choreography"}))).await;
    assert_eq!(full.status(), 503);
    assert_eq!(full.headers()["content-type"], "application/problem+json");
    assert_eq!(sandbox.position().await, position);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_is_gone() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    let mut events = sandbox.events(0).await;
    events.next().await.expect("an event");
    sandbox.delete().await;
    while events.next().await.is_some() {}
    let again = sandbox.session().refused("looking again", sandbox.request(Method::GET, "")).await;
    assert_eq!(again.status, 404);
    assert_eq!(sandbox.session().get_json("/api/sandboxes").await, json!([]));
}
