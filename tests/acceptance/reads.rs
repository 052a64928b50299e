//! A load that reads: so many reads for each command, and what they come to second by second.

use crate::app::{App, Sandbox};
use protocol::Observation;
use reqwest::Method;
use serde_json::{Value, json};

async fn put(sandbox: &Sandbox, rate: u32, per_write: u32) -> (u16, Value) {
    let data = json!({"author_id": 1, "text": "Under load", "tags": ["load"]});
    let load = json!({"type": "PublishPost", "rate": rate, "data": data, "reads": {"per_write": per_write}});
    let answer = sandbox.session().send(sandbox.request(Method::PUT, "/load").json(&load)).await;
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

/// A second of reads or commands.
#[derive(Debug)]
struct Window {
    edge: String,
    rate: u32,
    count: u64,
    errors: u64,
    p50_us: u64,
    p99_us: u64,
    lag_us: u64,
    stale: u64,
}

fn window(observation: &Observation, wanted: &str) -> Option<Window> {
    let Observation::Window { edge, method, rate, count, errors, p50_us, p99_us, lag_us, stale } = observation else {
        return None;
    };
    let (edge, rate, count, errors, p50_us, p99_us) = (edge.to_string(), *rate, *count, *errors, *p50_us, *p99_us);
    let (lag_us, stale) = (*lag_us, *stale);
    (&**method == wanted).then_some(Window { edge, rate, count, errors, p50_us, p99_us, lag_us, stale })
}

/// The first second of reads that is so.
async fn reads_until(sandbox: &Sandbox, what: &str, so: impl Fn(&Window) -> bool) -> Window {
    let seen = |observation: &Observation| window(observation, "GET").filter(|window| so(window));
    let event = sandbox.wait_for(what, |event| seen(&event.observation).is_some()).await;
    seen(&event.observation).expect("it was just seen")
}

async fn stopped(sandbox: &Sandbox) {
    assert_eq!(sandbox.session().send(sandbox.request(Method::DELETE, "/load")).await.status(), 204);
    sandbox.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_says_each_second_what_its_reads_and_commands_came_to() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox_with("cqrs-feed").await;
    let (status, standing) = put(&sandbox, 5, 10).await;
    assert_eq!((status, &standing["reads"]), (200, &json!({"per_write": 10})));
    let reads = reads_until(&sandbox, "a second of reads", |window| window.count > 0).await;
    assert_eq!((&*reads.edge, reads.rate, reads.errors), ("terrarium->timeline", 50, 0));
    assert!(reads.count <= 51, "{reads:?}: no more than were planned");
    assert!(
        reads.p50_us >= 5_000 && reads.p99_us >= reads.p50_us,
        "{reads:?}: at least what a read is declared to take"
    );
    let writes = |observation: &Observation| window(observation, "POST").filter(|window| window.count > 0);
    let event = sandbox.wait_for("a second of commands", |event| writes(&event.observation).is_some()).await;
    let writes = writes(&event.observation).expect("just seen");
    assert_eq!((&*writes.edge, writes.rate, writes.errors), ("terrarium->feed", 5, 0));
    stopped(&sandbox).await;
    let read = |observation: &Observation| matches!(observation, Observation::RequestReceived { method, .. } if &**method == "GET");
    assert!(!sandbox.record().await.iter().any(|event| read(&event.observation)), "they are recorded by the second");
}

#[tokio::test(flavor = "multi_thread")]
async fn late_news_makes_reads_stale_and_a_single_model_none() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox_with("cqrs-feed").await;
    let late = json!({"kind": "delay", "target": "feed->timeline", "ttl_ms": null, "params": {"ms": 600}});
    sandbox.put_fault("lag", late).await;
    put(&sandbox, 10, 5).await;
    let stale = reads_until(&sandbox, "reads lag behind", |window| window.lag_us > 400_000).await;
    assert!(stale.stale > 0 && stale.stale <= stale.count, "{stale:?}");
    sandbox.switch("split-model", false).await;
    let single = reads_until(&sandbox, "the write model answers", |window| window.edge == "terrarium->feed").await;
    // The second in which it was switched has both.
    let fresh = reads_until(&sandbox, "nothing is stale", |window| window.edge == single.edge && window.stale == 0);
    assert_eq!(fresh.await.lag_us, 0);
    stopped(&sandbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_beyond_the_capacity_wait_and_their_waiting_counts() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox_with("cqrs-feed").await;
    // A replica answers 400 a second at best.
    put(&sandbox, 8, 100).await;
    let late = reads_until(&sandbox, "they queue", |window| window.p50_us > 300_000).await;
    assert!(late.count < u64::from(late.rate), "{late:?}");
    stopped(&sandbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_that_cannot_be_are_refused_with_a_sentence() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox_with("cqrs-feed").await;
    for (rate, per_write, part) in [(5, 101, "1 to 100"), (200, 100, "20000 reads a second"), (5, 0, "nonzero")] {
        let (status, problem) = put(&sandbox, rate, per_write).await;
        assert_eq!(status, 422, "{problem}");
        assert!(problem["detail"].as_str().expect("a sentence").contains(part), "{problem}");
    }
    let shop = app.session().sandbox().await;
    let load = json!({"type": "PlaceOrder", "rate": 1, "reads": {"per_write": 1}});
    let answer = shop.session().send(shop.request(Method::PUT, "/load").json(&load)).await;
    assert_eq!(answer.status(), 422);
}
