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
    for data in [json!({"author_id": 1, "text": ""}), json!({"author_id": 1, "text": "x".repeat(501)}), json!({})] {
        let command = json!({"id": Uuid::new_v4(), "type": "PublishPost", "data": data});
        let answer = sandbox.session().send(sandbox.request(Method::POST, "/commands").json(&command)).await;
        assert_eq!(answer.status(), 422, "{data}");
    }
    let accepted = |event: &protocol::Recorded| matches!(event.observation, Observation::CommandAccepted { .. });
    assert!(!sandbox.record().await.iter().any(accepted), "nothing is recorded of it");
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
    publish_many(&sandbox, 1).await;
    sandbox.crash("timeline").await;
    publish_many(&sandbox, 3).await;
    assert_eq!((position(&sandbox, "timeline").await, position(&sandbox, "catalogue").await), (1, 4));
    sandbox.restart("timeline").await;
    sandbox.at_rest().await;
    assert_eq!(position(&sandbox, "timeline").await, 4);
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

/// What a reader is answered: status, `Retry-After`, body.
async fn asked(sandbox: &Sandbox, path: &str) -> (u16, Option<String>, Value) {
    let answer = sandbox.session().send(sandbox.request(Method::GET, &format!("/services/{path}"))).await;
    let retry_after = answer.headers().get("retry-after").map(|value| value.to_str().expect("text").to_owned());
    (answer.status().as_u16(), retry_after, answer.json().await.expect("JSON"))
}

async fn read(sandbox: &Sandbox, path: &str) -> Value {
    let (status, _, body) = asked(sandbox, path).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

fn texts(answer: &Value) -> Vec<&str> {
    answer["posts"].as_array().expect("posts").iter().filter_map(|post| post["text"].as_str()).collect()
}

/// Who answered the reads of the record, in order.
async fn readers(sandbox: &Sandbox) -> Vec<String> {
    let record = sandbox.record().await;
    let reads = record.iter().filter_map(|event| match &event.observation {
        Observation::RequestReceived { method, path, .. } if &**method == "GET" => {
            Some(format!("{}{path}", event.service))
        }
        _ => None,
    });
    reads.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reader_is_answered_by_a_model_of_its_own() {
    let app = App::in_process(&[]).await;
    let sandbox = feed(&app).await;
    publish(&sandbox, json!({"author_id": 4, "text": "Fog over the sea", "tags": ["weather"]})).await;
    publish(&sandbox, json!({"author_id": 1, "text": "A ship in the fog", "tags": ["sea"]})).await;
    sandbox.at_rest().await;
    let newest = read(&sandbox, "timeline/queries/newest").await;
    assert_eq!((texts(&newest), &newest["position"]), (vec!["A ship in the fog", "Fog over the sea"], &json!(2)));
    assert_eq!(newest["posts"][1]["author"], "Grace");
    let limited = read(&sandbox, "timeline/queries/newest?limit=1&author=4").await;
    assert_eq!(texts(&limited), ["Fog over the sea"]);
    assert_eq!(texts(&read(&sandbox, "catalogue/queries/search?q=fog%20shi").await), ["A ship in the fog"]);
    assert_eq!(
        read(&sandbox, "dashboard/queries/counts").await["authors"],
        json!([{"name": "Ada", "posts": 1}, {"name": "Grace", "posts": 1}])
    );
    let expected =
        ["timeline/queries/newest", "timeline/queries/newest", "catalogue/queries/search", "dashboard/queries/counts"];
    assert_eq!(readers(&sandbox).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_names_what_it_wrote_is_answered_once_it_is_there() {
    let app = App::in_process(&[]).await;
    let sandbox = feed(&app).await;
    let late = json!({"kind": "delay", "target": "feed->timeline", "ttl_ms": null, "params": {"ms": 700}});
    sandbox.put_fault("lag", late).await;
    publish(&sandbox, json!({"author_id": 1, "text": "Where is it?"})).await;
    sandbox.wait_for("it is published", |event| event.observation.message().is_some()).await;
    assert!(texts(&read(&sandbox, "timeline/queries/newest").await).is_empty(), "it seems lost");
    let own = read(&sandbox, "timeline/queries/newest?after=1").await;
    assert_eq!((texts(&own), &own["position"]), (vec!["Where is it?"], &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_waits_in_vain_is_told_how_far_it_has_come() {
    let app = App::in_process(&[]).await;
    let sandbox = feed(&app).await;
    publish_many(&sandbox, 1).await;
    let (status, retry_after, problem) = asked(&sandbox, "timeline/queries/newest?after=7").await;
    assert_eq!((status, retry_after.as_deref()), (503, Some("1")));
    assert_eq!(problem["detail"], "It has come as far as 1, and 7 was asked for. Ask again in a moment.");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_single_model_reads_are_fresh_and_the_read_models_may_be_down() {
    let app = App::in_process(&[]).await;
    let sandbox = feed(&app).await;
    publish(&sandbox, json!({"author_id": 4, "text": "Fog over the sea", "tags": ["weather", "sea"]})).await;
    sandbox.at_rest().await;
    let queries = ["timeline/queries/newest", "catalogue/queries/search?q=fog", "dashboard/queries/counts"];
    let mut split = vec![];
    for query in queries {
        split.push(read(&sandbox, query).await);
    }
    sandbox.switch("split-model", false).await;
    for read_model in READ_MODELS {
        sandbox.crash(read_model).await;
    }
    for (query, mut split) in queries.into_iter().zip(split) {
        let single = read(&sandbox, query).await;
        assert_eq!(single["service"], "feed");
        split["service"] = json!("feed");
        assert_eq!(single, split, "the same, joined");
    }
    assert!(
        readers(&sandbox)
            .await
            .ends_with(&["feed/queries/newest", "feed/queries/search", "feed/queries/counts"].map(String::from))
    );
    sandbox.switch("split-model", true).await;
    let (status, _, problem) = asked(&sandbox, "timeline/queries/newest").await;
    assert_eq!((status, &problem["detail"]), (503, &json!("timeline does not answer. Ask again in a moment.")));
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_answer_in_turn_and_each_has_the_capacity_it_declares() {
    let app = App::in_process(&NO_HURRY).await;
    let sandbox = feed(&app).await;
    let reads =
        |count: usize| futures_util::future::join_all((0..count).map(|_| read(&sandbox, "timeline/queries/newest")));
    let began = std::time::Instant::now();
    reads(20).await;
    let spec = sandbox.state().await.topology.expect("known").service("timeline").expect("there").clone();
    let takes_ms = spec.reads.expect("it is read").latency_ms * 20 / u64::from(spec.workers);
    assert!(began.elapsed().as_millis() >= u128::from(takes_ms), "20 reads, {} at a time", spec.workers);
    let scale = sandbox.request(Method::PUT, "/services/timeline/replicas").json(&json!({"replicas": 4}));
    assert_eq!(sandbox.session().send(scale).await.status(), 202);
    let answers = reads(20).await;
    let of = |replica: u64| answers.iter().filter(|answer| answer["replica"] == replica).count();
    assert_eq!([0, 1, 2, 3].map(of), [5; 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_said() {
    let app = App::in_process(&[]).await;
    let sandbox = feed(&app).await;
    for (path, status) in [
        ("timeline/queries/oldest", 404),
        ("nobody/queries/newest", 404),
        ("timeline/queries/newest?limit=1000", 422),
        ("timeline/queries/newest?after=soon", 422),
        ("catalogue/queries/search", 422),
    ] {
        assert_eq!(asked(&sandbox, path).await.0, status, "{path}");
    }
    let shop = app.session().sandbox().await;
    assert_eq!(asked(&shop, "orders/queries/newest").await.0, 404);
}

async fn command(sandbox: &Sandbox, kind: &str) {
    let command = json!({"id": Uuid::new_v4(), "type": kind, "data": {"read_model": "timeline"}});
    let answer = sandbox.session().send(sandbox.request(Method::POST, "/commands").json(&command)).await;
    assert_eq!(answer.status(), 202, "{}", answer.text().await.unwrap_or_default());
}

/// Returns once a build of the timeline has become so.
async fn build_becomes(sandbox: &Sandbox, build: i64, state: &str) {
    let seen = |event: &protocol::Recorded| {
        matches!(&event.observation, Observation::StateChanged { entity, id, to, .. }
            if &**entity == "build" && *id == build && **to == *state)
    };
    sandbox.wait_for(&format!("build {build} is {state}"), seen).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_timeline_is_built_anew_beside_the_one_that_is_read() {
    let app = App::in_process(&NO_HURRY).await;
    let sandbox = feed(&app).await;
    // One after the other: those under way together come in any order.
    for n in 1..=6 {
        publish(&sandbox, json!({"author_id": 1 + n % 5, "text": format!("post number {n}"), "tags": ["sea"]})).await;
        sandbox.at_rest().await;
    }
    let sound = read(&sandbox, "timeline/queries/newest").await;
    command(&sandbox, "BreakReadModel").await;
    sandbox.at_rest().await;
    let damaged = read(&sandbox, "timeline/queries/newest").await;
    assert_eq!(texts(&damaged), ["post number 5", "post number 4", "post number 2", "post number 1"]);
    assert_eq!(damaged["posts"][1]["author"], "nobody");
    command(&sandbox, "RebuildReadModel").await;
    build_becomes(&sandbox, 2, "READY").await;
    assert_eq!(texts(&read(&sandbox, "timeline/queries/newest").await), texts(&damaged), "nobody is shown it yet");
    publish(&sandbox, json!({"author_id": 1, "text": "In both"})).await;
    sandbox.at_rest().await;
    assert_eq!(texts(&read(&sandbox, "timeline/queries/newest").await)[0], "In both");
    command(&sandbox, "SwitchReadModel").await;
    build_becomes(&sandbox, 2, "LIVE").await;
    let rebuilt = read(&sandbox, "timeline/queries/newest").await;
    assert_eq!((texts(&rebuilt)[0], &texts(&rebuilt)[1..]), ("In both", &texts(&sound)[..]));
    assert_eq!(rebuilt["posts"].as_array().expect("posts")[1..], sound["posts"].as_array().expect("posts")[..]);
    let builds = sandbox.table("timeline", "builds").await;
    let states: Vec<_> = builds.iter().map(|row| (&row["state"], &row["position"])).collect();
    assert_eq!(states, [(&json!("old"), &json!(7)), (&json!("live"), &json!(7))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_a_crash_cut_off_goes_on_where_it_was() {
    let app = App::in_process(&NO_HURRY).await;
    let sandbox = feed(&app).await;
    publish_many(&sandbox, 210).await;
    let slow = json!({"kind": "slow-store", "target": "timeline", "ttl_ms": null, "params": {"ms": 300}});
    sandbox.put_fault("slow", slow).await;
    command(&sandbox, "RebuildReadModel").await;
    build_becomes(&sandbox, 2, "BUILDING").await;
    sandbox.crash("timeline").await;
    sandbox.heal_all().await;
    assert_eq!(sandbox.table("timeline", "builds").await[1]["state"], "building");
    sandbox.restart("timeline").await;
    build_becomes(&sandbox, 2, "READY").await;
    let rows = sandbox.table("timeline", "timeline").await;
    assert_eq!(rows.iter().filter(|row| row["build"] == 2).count(), 210);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_build_at_a_time_and_none_before_it_is_ready() {
    let app = App::in_process(&[]).await;
    let sandbox = feed(&app).await;
    let refused = async |kind: &str, part: &str| {
        command(&sandbox, kind).await;
        let says = |event: &protocol::Recorded| match &event.observation {
            Observation::CommandRejected { reason, .. } => reason.contains(part),
            _ => false,
        };
        sandbox.wait_for(part, says).await;
    };
    refused("SwitchReadModel", "No build is ready").await;
    command(&sandbox, "RebuildReadModel").await;
    build_becomes(&sandbox, 2, "READY").await;
    refused("RebuildReadModel", "Build 2 is there already").await;
}

/// The page of a feed.
async fn page(sandbox: &Sandbox, more: &str) -> String {
    sandbox.session().get_text(&format!("/feed?run={}{more}", sandbox.id())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_what_each_read_model_has_heard_and_searches_without_a_script() {
    let app = App::in_process(&[]).await;
    let sandbox = feed(&app).await;
    publish(&sandbox, json!({"author_id": 4, "text": "Fog over the sea", "tags": ["weather"]})).await;
    sandbox.at_rest().await;
    let late = json!({"kind": "delay", "target": "feed->timeline", "ttl_ms": null, "params": {"ms": 30_000}});
    sandbox.put_fault("lag", late).await;
    publish(&sandbox, json!({"author_id": 4, "text": "A ship in the fog", "tags": ["sea", "weather"]})).await;
    let counted = |event: &protocol::Recorded| match &event.observation {
        Observation::TransactionCommitted { rows, .. } => {
            &*event.service == "dashboard"
                && rows
                    .iter()
                    .any(|row| &*row.table == "progress" && row.after.as_ref().is_some_and(|row| row["position"] == 2))
        }
        _ => false,
    };
    sandbox.wait_for("the dashboard has counted both", counted).await;
    let seen = page(&sandbox, "").await;
    assert!(seen.contains("Has heard up to post 1 of 2.") && seen.contains("Has heard up to post 2 of 2."), "{seen}");
    for count in ["<th scope=\"row\">Grace</th><td>2</td>", "<th scope=\"row\">sea</th><td>1</td>"] {
        assert!(seen.contains(count), "{count} in {seen}");
    }
    let before = readers(&sandbox).await;
    assert!(before.is_empty(), "to look asks nobody: {before:?}");
    let found = page(&sandbox, "&q=fog+ship").await;
    assert!(found.contains("Answered by catalogue, up to post 2.") && found.contains("A ship in the fog"), "{found}");
    assert!(!found.contains("Fog over the sea</span></li></ol></div></article>"), "{found}");
    assert!(page(&sandbox, "&q=whale").await.contains("No post has all of these words."));
    assert!(page(&sandbox, "&q=a").await.contains("Say what to look for"));
    assert_eq!(readers(&sandbox).await, ["catalogue/queries/search"; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_measured_is_no_staleness() {
    let app = App::in_process(&[]).await;
    let sandbox = feed(&app).await;
    publish_many(&sandbox, 2).await;
    let seen = page(&sandbox, "").await;
    assert!(seen.contains("Staleness, worst second</th><td>not measured</td><td>not measured</td>"), "{seen}");
}
