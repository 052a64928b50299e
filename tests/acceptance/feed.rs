//! The feed: what is written by one model is read from others.

use crate::app::{App, NO_HURRY, Sandbox};
use protocol::{Observation, Uuid};
use reqwest::Method;
use serde_json::{Value, json};

const READ_MODELS: [&str; 3] = ["timeline", "catalogue", "dashboard"];

async fn feed(app: &App) -> Sandbox {
    app.session().sandbox_with("cqrs-feed").await
}

async fn publish(sandbox: &Sandbox, data: Value) {
    let command = json!({"id": Uuid::new_v4(), "type": "PublishPost", "data": data});
    let answer = sandbox.session().send(sandbox.request(Method::POST, "/commands").json(&command)).await;
    assert_eq!(answer.status(), 202, "{}", answer.text().await.unwrap_or_default());
}

/// So many posts, each by an author of its own and with its number in the text.
async fn publish_many(sandbox: &Sandbox, count: i64) {
    for n in 1..=count {
        publish(sandbox, json!({"author_id": 1 + n % 5, "text": format!("post number {n}"), "tags": ["sea"]})).await;
    }
    sandbox.at_rest().await;
}

/// How far a read model says it has come.
async fn position(sandbox: &Sandbox, read_model: &str) -> i64 {
    let table = if read_model == "timeline" { "builds" } else { "progress" };
    sandbox.table(read_model, table).await[0]["position"].as_i64().expect("a number")
}

/// The dashboard's count of a name.
async fn count(sandbox: &Sandbox, kind: &str, name: &str) -> Option<i64> {
    let counts = sandbox.table("dashboard", "counts").await;
    counts.iter().find(|row| row["kind"] == kind && row["name"] == name)?["posts"].as_i64()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_write_becomes_rows_in_three_read_models() {
    let app = App::in_process(&[]).await;
    let sandbox = feed(&app).await;
    publish(&sandbox, json!({"author_id": 4, "text": "Fog over the sea", "tags": ["sea", "weather"]})).await;
    sandbox.at_rest().await;
    let post = &sandbox.table("feed", "posts").await[0];
    assert_eq!(
        (&post["post_id"], &post["author_id"], &post["text"]),
        (&json!(1), &json!(4), &json!("Fog over the sea"))
    );
    assert_eq!(sandbox.table("feed", "post_tags").await.len(), 2);
    let shown = &sandbox.table("timeline", "timeline").await[0];
    assert_eq!((&shown["author"], &shown["tags"]), (&json!("Grace"), &json!("sea weather")), "written out");
    let words = sandbox.table("catalogue", "words").await;
    let words: Vec<&str> = words.iter().filter_map(|row| row["word"].as_str()).collect();
    assert_eq!(words, ["fog", "grace", "over", "sea", "the", "weather"]);
    assert_eq!(count(&sandbox, "author", "Grace").await, Some(1));
    assert_eq!(count(&sandbox, "tag", "sea").await, Some(1));
    for read_model in READ_MODELS {
        assert_eq!(position(&sandbox, read_model).await, 1, "{read_model}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_by_nobody_is_refused_and_reaches_no_reader() {
    let app = App::in_process(&[]).await;
    let sandbox = feed(&app).await;
    publish(&sandbox, json!({"author_id": 9, "text": "Who am I?"})).await;
    let refused = sandbox
        .wait_for("it is refused", |event| matches!(event.observation, Observation::CommandRejected { .. }))
        .await;
    let Observation::CommandRejected { status, reason, .. } = refused.observation else { panic!("{refused:?}") };
    assert_eq!((status, &*reason), (422, "There is no author 9. The feed knows the authors 1 to 5."));
    sandbox.at_rest().await;
    assert!(sandbox.table("timeline", "timeline").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_breaks_a_rule_is_not_accepted() {
    let app = App::in_process(&[]).await;
    let sandbox = feed(&app).await;
    let before = sandbox.position().await;
    for data in [json!({"author_id": 1, "text": ""}), json!({"author_id": 1, "text": "x".repeat(501)}), json!({})] {
        let command = json!({"id": Uuid::new_v4(), "type": "PublishPost", "data": data});
        let answer = sandbox.session().send(sandbox.request(Method::POST, "/commands").json(&command)).await;
        assert_eq!(answer.status(), 422, "{data}");
    }
    assert_eq!(sandbox.position().await, before, "nothing is recorded of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_that_come_twice_and_out_of_order_are_shown_and_counted_once() {
    let app = App::in_process(&NO_HURRY).await;
    let sandbox = feed(&app).await;
    let all = |kind: &str, strength: u8| json!({"kind": kind, "target": "topic:feed", "strength": strength, "ttl_ms": null, "params": {}});
    sandbox.put_fault("twice", all("duplicate", 60)).await;
    sandbox.put_fault("late", all("reorder", 30)).await;
    publish_many(&sandbox, 20).await;
    sandbox.heal_all().await;
    let state = sandbox.settled().await;
    assert!(state.pipe("feed").expect("a pipe").published >= 20);
    assert_eq!(sandbox.table("timeline", "timeline").await.len(), 20);
    assert_eq!(sandbox.table("catalogue", "entries").await.len(), 20);
    assert_eq!(count(&sandbox, "tag", "sea").await, Some(20));
    for read_model in READ_MODELS {
        assert_eq!(position(&sandbox, read_model).await, 20, "{read_model}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_inbox_a_count_counts_a_repeat_and_a_row_with_a_key_does_not() {
    let app = App::in_process(&[]).await;
    let sandbox = feed(&app).await;
    sandbox.switch("inbox", false).await;
    sandbox.put_fault("twice", json!({"kind": "duplicate", "target": "topic:feed", "ttl_ms": null})).await;
    publish(&sandbox, json!({"author_id": 1, "text": "Once", "tags": ["sea"]})).await;
    sandbox.settled().await;
    assert_eq!(sandbox.table("timeline", "timeline").await.len(), 1);
    let counted = count(&sandbox, "tag", "sea").await.expect("a count");
    assert!(counted > 1, "{counted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_model_that_was_down_catches_up() {
    let app = App::in_process(&[]).await;
    let sandbox = feed(&app).await;
    sandbox.crash("timeline").await;
    publish_many(&sandbox, 3).await;
    assert_eq!((position(&sandbox, "timeline").await, position(&sandbox, "catalogue").await), (0, 3));
    sandbox.restart("timeline").await;
    sandbox.at_rest().await;
    assert_eq!(position(&sandbox, "timeline").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_of_a_read_model_share_the_posts_and_lose_none() {
    let app = App::in_process(&NO_HURRY).await;
    let sandbox = feed(&app).await;
    let scale = sandbox.request(Method::PUT, "/services/timeline/replicas").json(&json!({"replicas": 4}));
    assert_eq!(sandbox.session().send(scale).await.status(), 202);
    publish_many(&sandbox, 40).await;
    assert_eq!(position(&sandbox, "timeline").await, 40);
    assert_eq!(sandbox.table("timeline", "timeline").await.len(), 40);
}
