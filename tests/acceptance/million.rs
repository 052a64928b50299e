//! A million events, of which there are fewer here: what loading costs, and the copies made of them.

use crate::app::{App, Sandbox, Session, in_time};
use protocol::{Observation, Recorded};
use reqwest::Method;
use serde_json::{Value, json};

const EVENTS: u64 = 15_555;

/// A server with a store of so many events, and a session with a sandbox.
async fn made(args: &[&str]) -> (App, Sandbox) {
    let app = App::in_process(&[&["--million-events", "15555"], args].concat()).await;
    let sandbox = app.session().sandbox().await;
    make(sandbox.session()).await;
    (app, sandbox)
}

/// Has the store made, and waits for it.
async fn make(session: &Session) -> Value {
    assert_eq!(session.send(session.request(Method::POST, "/api/million")).await.status(), 202);
    let ready = in_time("the store is made", async {
        let mut store = session.get_json("/api/million").await;
        while store["state"] == "making" {
            store = session.get_json(&format!("/api/million?after={}", store["revision"])).await;
        }
        store
    });
    let store = ready.await;
    assert_eq!(store["state"], "ready", "{store}");
    store
}

async fn answered(sandbox: &Sandbox, status: u16, method: Method, path: &str, body: Value) -> Value {
    let answer = sandbox.session().send(sandbox.request(method, &format!("/million{path}")).json(&body)).await;
    let (got, text) = (answer.status(), answer.text().await.expect("text"));
    assert_eq!(got, status, "{path}: {text}");
    serde_json::from_str(&text).unwrap_or_default()
}

async fn load(sandbox: &Sandbox, every: Option<u64>) -> Value {
    answered(sandbox, 200, Method::POST, "/loads", json!({"snapshot_every": every})).await
}

async fn build(sandbox: &Sandbox, model: &str) -> Value {
    answered(sandbox, 202, Method::POST, &format!("/projections/{model}"), json!({})).await
}

async fn copies(sandbox: &Sandbox) -> Value {
    sandbox.session().get_json(&format!("/api/sandboxes/{}/million", sandbox.id())).await
}

/// A read model of a sandbox, once it is live.
async fn live(sandbox: &Sandbox, model: &str) -> Value {
    let nth = ["savings", "months", "largest"].iter().position(|name| *name == model).expect("one of the three");
    in_time("it catches up", async {
        let mut all = copies(sandbox).await;
        while all["read_models"][nth]["state"] != "live" {
            let path = format!("/api/sandboxes/{}/million?after={}", sandbox.id(), all["revision"]);
            all = sandbox.session().get_json(&path).await;
        }
    })
    .await;
    answered(sandbox, 200, Method::GET, &format!("/projections/{model}"), json!({})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_is_made_when_asked_for_and_found_again_by_the_next_start() {
    let mut app = App::in_process(&["--million-events", "15555"]).await;
    let session = app.session();
    let none = session.get_json("/api/million").await;
    assert_eq!((&none["state"], &none["events"], &none["made"]), (&json!("none"), &json!(EVENTS), &json!(0)));
    let ready = make(&session).await;
    assert_eq!(ready["made"], EVENTS);
    assert!(ready["bytes"].as_u64().is_some_and(|bytes| bytes > 20 * EVENTS), "{ready}");
    let files = || std::fs::read_dir(app.data()).expect("a folder").flatten().map(|file| file.file_name());
    let of_it = || files().filter(|name| name.to_string_lossy().starts_with("million")).count();
    assert_eq!(of_it(), 1);

    app.stop().await;
    app.start().await;
    let found = session.get_json("/api/million").await;
    assert_eq!((&found["state"], &found["bytes"]), (&json!("ready"), &ready["bytes"]));
    assert_eq!(found["took_ms"], Value::Null, "this server has not made it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_was_not_finished_is_made_anew() {
    let mut app = App::in_process(&[]).await;
    let session = app.session();
    assert_eq!(session.send(session.request(Method::POST, "/api/million")).await.status(), 202);
    in_time("there is something of it", async {
        let mut store = session.get_json("/api/million").await;
        while store["made"] == 0 {
            store = session.get_json(&format!("/api/million?after={}", store["revision"])).await;
        }
    })
    .await;
    // A stop breaks it off, and leaves nothing that could be taken for it.
    app.stop().await;
    app.start().await;
    assert_eq!(session.get_json("/api/million").await["state"], "none");
    std::fs::write(app.data().join("million.part"), "half of it").expect("a file");
    drop(app);

    let app = App::in_process(&["--million-events", "15555"]).await;
    std::fs::write(app.data().join("million.part"), "half of it").expect("a file");
    make(&app.session()).await;
    assert!(!app.data().join("million.part").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_closer_the_snapshots_lie_the_less_is_replayed_and_the_more_they_take_up() {
    let (_app, sandbox) = made(&[]).await;
    let without = load(&sandbox, None).await;
    assert_eq!((&without["events_replayed"], &without["from_snapshot"]), (&json!(EVENTS), &Value::Null));
    assert_eq!(without["snapshots"], Value::Null, "none were made");
    let mut bytes = 0;
    for (every, count, left) in [(10_000, 1, 5_555), (1_000, 15, 555), (100, 155, 55)] {
        let first = load(&sandbox, Some(every)).await;
        assert!(first["made_ms"].is_u64(), "{first}");
        let again = load(&sandbox, Some(every)).await;
        assert_eq!(again["made_ms"], Value::Null, "they are there by now");
        for loaded in [first, again] {
            assert_eq!(loaded["balance_minor"], without["balance_minor"]);
            assert_eq!((&loaded["version"], &loaded["events_replayed"]), (&json!(EVENTS), &json!(left)));
            assert_eq!(loaded["from_snapshot"], json!(EVENTS - left));
            assert!(loaded["took_us"].as_u64().is_some_and(|took| took > 0));
            assert_eq!((&loaded["snapshots"]["every"], &loaded["snapshots"]["count"]), (&json!(every), &json!(count)));
        }
        let now = copies(&sandbox).await["snapshots"]["bytes"].as_u64().expect("bytes");
        assert!(now > bytes, "{every}: {now}");
        bytes = now;
    }
    let earlier =
        answered(&sandbox, 200, Method::POST, "/loads", json!({"snapshot_every": 100, "version": 1_234})).await;
    assert_eq!((&earlier["version"], &earlier["from_snapshot"]), (&json!(1_234), &json!(1_200)));
    let folded = answered(&sandbox, 200, Method::POST, "/loads", json!({"version": 1_234})).await;
    assert_eq!(folded["balance_minor"], earlier["balance_minor"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_loading_cost_is_in_the_record_and_shown_on_another_server() {
    let (_app, sandbox) = made(&[]).await;
    let (folded, short) = (load(&sandbox, None).await, load(&sandbox, Some(1_000)).await);
    let measured = |event: &Recorded| match event.observation {
        Observation::AccountLoaded { from_version, duration_us, balance_minor, .. } => {
            Some(json!({"from_snapshot": from_version, "took_us": duration_us, "balance_minor": balance_minor}))
        }
        _ => None,
    };
    let record: Vec<Value> = sandbox.record().await.iter().filter_map(measured).collect();
    let of = |loaded: &Value, from: u64| json!({"from_snapshot": from, "took_us": loaded["took_us"], "balance_minor": loaded["balance_minor"]});
    assert_eq!(record, [of(&folded, 0), of(&short, EVENTS - 555)]);

    let other = App::in_process(&[]).await;
    let elsewhere = other.session();
    let export = format!("/api/sandboxes/{}/export/ndjson", sandbox.id());
    let run = elsewhere.import(sandbox.session().get_text(&export).await).await;
    let page = elsewhere.get_text(&format!("/million?run={}", run.id())).await;
    assert!(page.contains("This is a kept run") && page.contains("and 555 events behind it. The balance is"), "{page}");
    assert!(!page.contains("<button"), "there is nothing to press: {page}");
}

/// A run made of a sandbox's record on another server, and its page there.
async fn elsewhere(sandbox: &Sandbox) -> String {
    let other = App::in_process(&[]).await;
    let session = other.session();
    let export = format!("/api/sandboxes/{}/export/ndjson", sandbox.id());
    let run = session.import(sandbox.session().get_text(&export).await).await;
    session.get_text(&format!("/million?run={}", run.id())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_the_copies_is_shown_on_another_server_and_after_a_restart() {
    let (mut app, sandbox) = made(&[]).await;
    load(&sandbox, Some(1_000)).await;
    answered(&sandbox, 200, Method::POST, "/damage", json!({})).await;
    build(&sandbox, "savings").await;
    let built = live(&sandbox, "savings").await;
    let is_built = |event: &Recorded| matches!(&event.observation, Observation::CopiesChanged { reason, .. } if reason.contains("Savings by member"));
    sandbox.wait_for("it is recorded", is_built).await;
    let took = |copies: &Value| copies["read_models"][0]["took_ms"].clone();
    let before = copies(&sandbox).await;
    assert_eq!(before["damage"]["version"], 15_000);

    app.stop().await;
    app.start().await;
    let after = copies(&sandbox).await;
    assert_eq!((&after["damage"], took(&after)), (&before["damage"], took(&before)));
    assert_eq!(after["read_models"][0]["quiet"], built["quiet"]);
    answered(&sandbox, 200, Method::POST, "/check", json!({})).await;

    let page = elsewhere(&sandbox).await;
    for part in [
        "The snapshot at event 15,000 now says that member 42 has 1,000.00 more than the events say.",
        "15 snapshots were compared on the way through 15,000 events",
        "1 of them is wrong",
        "Savings by member",
        "15,555 of 15,555 events",
        "99 of 100 within",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("<button"), "there is nothing to press: {page}");
    answered(&sandbox, 204, Method::DELETE, "/snapshots", json!({})).await;
    let page = elsewhere(&sandbox).await;
    assert!(!page.contains("The snapshot at event 15,000 now says"), "it was thrown away: {page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_interval_that_was_measured_has_its_row_and_its_place_on_the_dial() {
    let (_app, sandbox) = made(&[]).await;
    load(&sandbox, Some(2_500)).await;
    let page = sandbox.session().get_text(&format!("/million?run={}", sandbox.id())).await;
    let dial = r#"<input type="radio" name="every" value="2500" checked"#;
    assert!(page.contains(dial), "{page}");
    assert!(page.contains(r#"data-every="2500""#), "a row of the chart: {page}");
    assert!(
        page.contains(r#"<th scope="row">2,500 events</th><td class="figure">6</td>"#),
        "a row of the costs: {page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_snapshot_misleads_until_a_check_finds_it_and_it_is_made_again() {
    let (app, sandbox) = made(&[]).await;
    assert_eq!(sandbox.session().send(sandbox.request(Method::POST, "/million/damage")).await.status(), 409);
    assert_eq!(sandbox.session().send(sandbox.request(Method::POST, "/million/check")).await.status(), 409);
    let right = load(&sandbox, Some(1_000)).await;
    let checked = answered(&sandbox, 200, Method::POST, "/check", json!({})).await;
    assert_eq!((&checked["snapshots"], &checked["wrong"]), (&json!(15), &json!([])));

    let damage = answered(&sandbox, 200, Method::POST, "/damage", json!({})).await;
    assert_eq!(damage["version"], 15_000);
    let minor = |value: &Value, name: &str| value[name].as_i64().expect("cents");
    let misled = load(&sandbox, Some(1_000)).await;
    assert_eq!(minor(&misled, "balance_minor") - minor(&right, "balance_minor"), minor(&damage, "added_minor"));
    // Nobody else's are.
    let other = app.session().sandbox().await;
    assert_eq!(load(&other, Some(1_000)).await["balance_minor"], right["balance_minor"]);

    let checked = answered(&sandbox, 200, Method::POST, "/check", json!({})).await;
    let [wrong] = &*checked["wrong"].as_array().expect("a list").clone() else { panic!("{checked}") };
    assert_eq!(wrong["version"], 15_000);
    assert_eq!(minor(wrong, "kept_minor") - minor(wrong, "replayed_minor"), minor(&damage, "added_minor"));
    answered(&sandbox, 204, Method::DELETE, "/snapshots", json!({})).await;
    assert_eq!(copies(&sandbox).await["snapshots"], Value::Null);
    assert_eq!(load(&sandbox, Some(1_000)).await["balance_minor"], right["balance_minor"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn read_models_catch_up_one_after_the_other_and_are_built_anew_while_they_are_read() {
    let (mut app, sandbox) = made(&[]).await;
    for model in ["savings", "months", "largest"] {
        let begun = build(&sandbox, model).await;
        assert_eq!((&begun["name"], &begun["end"]), (&json!(model), &json!(EVENTS)));
    }
    for model in ["savings", "months", "largest"] {
        let live = live(&sandbox, model).await;
        assert_eq!((&live["position"], &live["rebuild"]), (&json!(EVENTS), &json!(false)));
        assert!(live["quiet"]["count"].as_u64().is_some_and(|reads| reads > 10), "{live}");
        assert!(live["quiet"]["p50_us"].as_u64() <= live["quiet"]["p99_us"].as_u64(), "{live}");
        assert!(!live["rows"].as_array().expect("rows").is_empty(), "{live}");
    }
    let before = live(&sandbox, "savings").await;
    assert_eq!(build(&sandbox, "savings").await["rebuild"], true);
    let meanwhile = answered(&sandbox, 200, Method::GET, "/projections/savings", json!({})).await;
    assert_eq!(meanwhile["rows"], before["rows"], "the old one serves");
    let after = live(&sandbox, "savings").await;
    assert_eq!(after["rows"], before["rows"]);

    app.stop().await;
    app.start().await;
    let kept = live(&sandbox, "savings").await;
    assert_eq!((&kept["rows"], &kept["position"]), (&before["rows"], &json!(EVENTS)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_read_models_say_what_the_events_say() {
    let (_app, sandbox) = made(&[]).await;
    build(&sandbox, "months").await;
    let months = live(&sandbox, "months").await;
    let newest = &months["rows"][0];
    // 15,555 entries, five minutes apart, end on the 24th of April 2016.
    assert_eq!(newest["month"], "2016-04");
    let of =
        |row: &Value| row["paid_in_minor"].as_i64().expect("cents") - row["paid_out_minor"].as_i64().expect("cents");
    let sum: i64 = months["rows"].as_array().expect("rows").iter().map(of).sum();
    assert_eq!(load(&sandbox, None).await["balance_minor"], sum);
    build(&sandbox, "largest").await;
    let largest = live(&sandbox, "largest").await;
    let amounts: Vec<i64> = largest["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["amount_minor"].as_i64().expect("cents"))
        .collect();
    assert!(amounts.is_sorted_by(|a, b| a >= b) && amounts[0] > 10_000, "{amounts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_read_models_are_built_at_a_time_and_the_others_see_that_they_wait() {
    let (app, sandbox) = made(&["--million-builds", "1"]).await;
    let other = app.session().sandbox().await;
    build(&sandbox, "savings").await;
    in_time("the first begins", async {
        let mut all = copies(&sandbox).await;
        while all["read_models"][0]["state"] == "queued" {
            let path = format!("/api/sandboxes/{}/million?after={}", sandbox.id(), all["revision"]);
            all = sandbox.session().get_json(&path).await;
        }
    })
    .await;
    assert_eq!(build(&other, "savings").await["state"], "queued");
    assert_eq!(build(&other, "savings").await["state"], "queued", "asked for twice, it is built once");
    live(&sandbox, "savings").await;
    assert_eq!(live(&other, "savings").await["rebuild"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_is_deleted_takes_its_copies_along_whatever_is_under_way() {
    let (app, sandbox) = made(&[]).await;
    load(&sandbox, Some(100)).await;
    build(&sandbox, "savings").await;
    build(&sandbox, "months").await;
    let answer = sandbox.session().send(sandbox.request(Method::DELETE, "")).await;
    assert_eq!(answer.status(), 204);
    assert!(!app.data().join("sandboxes").join(sandbox.id()).exists());
    // Its turn is free for the next.
    let next = sandbox.session().sandbox().await;
    build(&next, "savings").await;
    live(&next, "savings").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_with_a_sentence() {
    let app = App::in_process(&["--million-events", "15555"]).await;
    let sandbox = app.session().sandbox().await;
    let session = sandbox.session().clone();
    let load = |body: Value| sandbox.request(Method::POST, "/million/loads").json(&body);
    assert_eq!(session.refused("without a store", load(json!({}))).await.status, 409);
    assert_eq!(session.refused("its copies", sandbox.request(Method::GET, "/million")).await.status, 409);
    make(&session).await;
    for body in [
        json!({"snapshot_every": 99}),
        json!({"snapshot_every": 15_556}),
        json!({"version": 0}),
        json!({"version": 15_556}),
        json!({"snapshot_every": "all"}),
        json!({"every": 100}),
    ] {
        assert_eq!(session.refused("a load", load(body.clone())).await.status, 422, "{body}");
    }
    let unknown = sandbox.request(Method::POST, "/million/projections/likes");
    assert_eq!(session.refused("an unknown model", unknown).await.status, 404);
    let stranger = app.session().sandbox_of(&sandbox);
    let theirs = stranger.request(Method::POST, "/million/loads").json(&json!({}));
    assert_eq!(stranger.session().refused("somebody else's", theirs).await.status, 404);
}
