//! Runs to keep: they outlive their sandbox, travel as files, and can be laid side by side.

use crate::app::{App, NO_HURRY, Sandbox};
use fastrand::Rng;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// A few orders, some of them declined; at rest.
async fn lived_in(app: &App, rounds: usize) -> Sandbox {
    let sandbox = app.session().sandbox().await;
    for round in 0..rounds {
        if round == 1 {
            let decline = json!({"kind": "decline-payments", "target": "payments", "ttl_ms": null});
            sandbox.put_fault("no-money", decline).await;
        }
        futures_util::future::join_all((0..10).map(|_| sandbox.place_order())).await;
        sandbox.at_rest().await;
        sandbox.heal_all().await;
    }
    sandbox
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_kept_listed_renamed_and_deleted_and_outlives_its_sandbox() {
    let mut app = App::in_process(&NO_HURRY).await;
    let sandbox = lived_in(&app, 2).await;
    let session = sandbox.session().clone();
    assert_eq!(session.get_json("/api/runs").await, json!([]));
    let end = sandbox.position().await;
    let early = session.keep(&sandbox, " The first order ", Some(40)).await;
    let all = session.keep(&sandbox, "<b>all</b> of it", None).await;
    let (lines, state) = (sandbox.lines().await, sandbox.state().await);
    let picture = serde_json::to_value(sandbox.state_at(end).await).expect("plain data");
    sandbox.delete().await;
    app.stop().await;
    app.start().await;

    let listed = session.get_json("/api/runs").await;
    assert_eq!(listed.as_array().expect("a list").len(), 2);
    assert_eq!(listed[0], all.view().await, "the newest first");
    let view = early.view().await;
    assert_eq!((view["name"].as_str(), view["position"].as_u64()), (Some("The first order"), Some(40)));
    assert_eq!((view["topology"].as_str(), view["origin"].as_str()), (Some("saga-choreography"), Some("kept")));
    assert!(view["created"].as_i64().is_some_and(|created| created > 1_500_000_000_000));
    assert_eq!(all.view().await["name"], "<b>all</b> of it");

    let exported = all.export().await;
    assert_eq!(exported.lines().collect::<Vec<_>>(), lines[..end as usize]);
    assert_eq!(early.export().await.lines().collect::<Vec<_>>(), lines[..40]);
    assert_eq!(serde_json::from_str::<Value>(&all.text("/state").await).expect("JSON"), picture);
    assert_eq!(state.position, end);
    assert_eq!(all.text(&format!("/state?at={end}")).await, all.text("/state").await);

    let renamed = session.send(early.request(Method::PUT, "").json(&json!({"name": "Later"}))).await;
    assert_eq!(renamed.status(), 200);
    assert_eq!(renamed.json::<Value>().await.expect("JSON"), early.view().await);
    assert_eq!(early.view().await["name"], "Later");
    assert_eq!(session.send(early.request(Method::DELETE, "")).await.status(), 204);
    assert_eq!(session.refused("what was deleted", early.request(Method::GET, "")).await.status, 404);
    assert_eq!(session.get_json("/api/runs").await, json!([all.view().await]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_looked_at_as_a_sandbox_is() {
    let app = App::in_process(&NO_HURRY).await;
    let sandbox = lived_in(&app, 3).await;
    let session = sandbox.session().clone();
    let run = session.keep(&sandbox, "all", None).await;
    let end = run.view().await["position"].as_u64().expect("a position");
    for at in [0, 1, 40, 127, 128, 129, end / 2, end] {
        let then = serde_json::to_value(sandbox.state_at(at).await).expect("plain data");
        assert_eq!(serde_json::from_str::<Value>(&run.text(&format!("/state?at={at}")).await).expect("JSON"), then);
        for (service, table) in [("orders", "orders"), ("inventory", "stock"), ("payments", "payments")] {
            let path = format!("/services/{service}/tables/{table}?at={at}");
            assert_eq!(rows(&run.text(&path).await), sandbox.table_at(service, table, at).await, "{path}");
        }
    }
    let tables: Value = serde_json::from_str(&run.text("/services/inventory/tables").await).expect("JSON");
    let stock = sandbox.table("inventory", "stock").await.len();
    assert!(tables["tables"].as_array().expect("tables").contains(&json!({"name": "stock", "rows": stock})));
    let before = run.text("/services/orders/tables?at=1").await;
    assert_eq!(before, r#"{"tables":[{"name":"orders","rows":0}]}"#);
    let invariants: Value = serde_json::from_str(&run.text("/invariants").await).expect("JSON");
    assert_eq!(invariants, serde_json::to_value(sandbox.invariants().await).expect("plain data"));

    let mut events = run.events(end - 2).await;
    assert_eq!(events.next().await.expect("an event").position, end - 1);
    assert_eq!(events.next().await.expect("an event").position, end);
    let more = tokio::time::timeout(Duration::from_millis(300), events.next()).await;
    assert!(more.is_err(), "the stream stays open and says nothing");

    for (what, status, request) in [
        ("a state past the end", 409, run.request(Method::GET, &format!("/state?at={}", end + 1))),
        ("a stream from past the end", 409, run.request(Method::GET, &format!("/events?after={}", end + 1))),
        ("an export past the end", 409, run.request(Method::GET, &format!("/export/ndjson?at={}", end + 1))),
        ("a format that is none", 404, run.request(Method::GET, "/export/docx")),
        ("a table that is none", 404, run.request(Method::GET, "/services/orders/tables/secrets")),
        ("a service that is none", 404, run.request(Method::GET, "/services/shipping/tables")),
        ("a command to a run", 404, run.request(Method::POST, "/commands").json(&json!({}))),
        ("a crash in a run", 404, run.request(Method::POST, "/services/orders/crash")),
        ("a name that is none", 422, run.request(Method::PUT, "").json(&json!({"name": " "}))),
        ("a name with a control character", 422, run.request(Method::PUT, "").json(&json!({"name": "a\u{7}b"}))),
        ("keeping nothing", 422, keep(&sandbox, json!({"sandbox": sandbox.id(), "name": "x", "at": 0}))),
        (
            "keeping what is not there yet",
            409,
            keep(&sandbox, json!({"sandbox": sandbox.id(), "name": "x", "at": 1e9 as u64})),
        ),
        ("keeping a run of a run", 404, keep(&sandbox, json!({"sandbox": run.id(), "name": "x"}))),
        ("keeping nobody's", 404, keep(&sandbox, json!({"sandbox": "x", "name": "x"}))),
        ("a compare of one", 400, session.request(Method::GET, &format!("/api/runs/compare?a={}", run.id()))),
        ("a compare with none", 404, session.request(Method::GET, &format!("/api/runs/compare?a={}&b=x", run.id()))),
    ] {
        assert_eq!(session.refused(what, request).await.status, status, "{what}");
    }
    let download = session.get(&format!("/api/sandboxes/{}/export/ndjson?at=40", sandbox.id())).await;
    assert_eq!(download.headers()["content-type"], "application/x-ndjson");
    let disposition = download.headers()["content-disposition"].to_str().expect("text");
    assert_eq!(disposition, "attachment; filename=\"saga-choreography-at-40.ndjson\"");
    assert_eq!(download.text().await.expect("text").lines().count(), 40);
}

fn keep(sandbox: &Sandbox, body: Value) -> reqwest::RequestBuilder {
    sandbox.session().request(Method::POST, "/api/runs").json(&body)
}

/// A table's rows, by column, whatever the order of the columns.
fn rows(text: &str) -> Vec<serde_json::Map<String, Value>> {
    let table: Value = serde_json::from_str(text).expect("JSON");
    let columns: Vec<&str> = table["columns"].as_array().expect("columns").iter().filter_map(Value::as_str).collect();
    let row = |row: &Value| {
        let cells = row.as_array().expect("cells").iter().cloned();
        columns.iter().map(ToString::to_string).zip(cells).collect()
    };
    table["rows"].as_array().expect("rows").iter().map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_run_is_not_there() {
    let app = App::in_process(&NO_HURRY).await;
    let sandbox = lived_in(&app, 1).await;
    let mine = sandbox.session().keep(&sandbox, "mine", None).await;
    let other = app.session();
    other.sandbox().await;
    for session in [other, app.session()] {
        let theirs = mine.asked_by(&session);
        let compare = format!("/api/runs/compare?a={0}&b={0}", mine.id());
        let body = json!({"sandbox": sandbox.id(), "name": "theirs"});
        for (what, request) in [
            ("looking", theirs.request(Method::GET, "")),
            ("renaming", theirs.request(Method::PUT, "").json(&json!({"name": "theirs"}))),
            ("deleting", theirs.request(Method::DELETE, "")),
            ("the state", theirs.request(Method::GET, "/state")),
            ("the stream", theirs.request(Method::GET, "/events")),
            ("the tables", theirs.request(Method::GET, "/services/orders/tables")),
            ("a table", theirs.request(Method::GET, "/services/orders/tables/orders")),
            ("the invariants", theirs.request(Method::GET, "/invariants")),
            ("an export", theirs.request(Method::GET, "/export/ndjson")),
            ("an export of the sandbox", session.sandbox_of(&sandbox).request(Method::GET, "/export/ndjson")),
            ("comparing", session.request(Method::GET, &compare)),
            ("keeping", session.request(Method::POST, "/api/runs").json(&body)),
        ] {
            assert_eq!(session.refused(what, request).await.status, 404, "{what}");
        }
        assert_eq!(session.get_json("/api/runs").await, json!([]));
    }
    assert_eq!(mine.view().await["name"], "mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_run_is_the_same_on_another_machine() {
    let (here, there) = (App::in_process(&NO_HURRY).await, App::in_process(&[]).await);
    let sandbox = lived_in(&here, 9).await;
    let kept = sandbox.session().keep(&sandbox, "kept", None).await;
    let end = kept.view().await["position"].as_u64().expect("a position");
    assert!(end > 2048, "{end}");
    let file = kept.export().await;

    let session = there.session();
    let imported = session.import(file.clone()).await;
    let view = imported.view().await;
    assert_eq!((view["name"].as_str(), view["origin"].as_str()), (Some("From elsewhere"), Some("imported")));
    assert_eq!((view["position"].as_u64(), view["topology"].as_str()), (Some(end), Some("saga-choreography")));
    assert_eq!(imported.export().await, file);
    for at in [1, 40, 127, 128, 129, 2047, 2048, 2049, end / 2, end] {
        let path = format!("/state?at={at}");
        assert_eq!(imported.text(&path).await, kept.text(&path).await, "{path}");
        for (service, table) in [("orders", "orders"), ("inventory", "reservations"), ("payments", "payments")] {
            let path = format!("/services/{service}/tables/{table}?at={at}");
            assert_eq!(imported.text(&path).await, kept.text(&path).await, "{path}");
        }
    }
    for path in ["/state", "/invariants", "/services/inventory/tables"] {
        assert_eq!(imported.text(path).await, kept.text(path).await, "{path}");
    }

    let again = session.import(file).await;
    let same = session.get_json(&format!("/api/runs/compare?a={}&b={}", imported.id(), again.id())).await;
    assert_eq!(same["first_difference"], Value::Null);
    assert!(same["commands"].as_array().expect("commands").iter().all(|command| command["differs"] == false));
    assert_eq!(same["commands_in_all"], 90);
}

#[tokio::test(flavor = "multi_thread")]
async fn comparing_two_runs_finds_where_they_first_differ() {
    let app = App::in_process(&NO_HURRY).await;
    let session = app.session();
    let (mut runs, mut sandboxes) = (vec![], vec![]);
    for declined in [false, true] {
        let sandbox = session.sandbox().await;
        for order in 1..=3 {
            if declined && order == 2 {
                let decline = json!({"kind": "decline-payments", "target": "payments", "ttl_ms": null});
                sandbox.put_fault("no-money", decline).await;
            }
            let placed = sandbox.place_order().await;
            sandbox.outcome(placed).await;
            sandbox.at_rest().await;
        }
        runs.push(session.keep(&sandbox, "one of two", None).await);
        sandboxes.push(sandbox);
    }
    let compared = session.get_json(&format!("/api/runs/compare?a={}&b={}", runs[0].id(), runs[1].id())).await;
    let commands = compared["commands"].as_array().expect("commands");
    let of = |ordinal: u64| commands.iter().find(|command| command["ordinal"] == ordinal).expect("a command");
    assert_eq!((of(2)["differs"].as_bool(), of(3)["differs"].as_bool()), (Some(true), Some(true)));
    // The fault was installed after the first order, and counts to it.
    let first = &compared["first_difference"];
    assert_eq!((first["command"].as_u64(), first["a"].as_u64()), (Some(1), None));
    let fault = &of(1)["b"]["facts"][first["fact"].as_u64().expect("a place") as usize];
    assert!(fault["text"].as_str().is_some_and(|text| text.contains("the fault no-money was installed")), "{fault}");
    assert_eq!(fault["position"], first["b"]);
    let differing: Vec<&str> = of(2)["b"]["facts"]
        .as_array()
        .expect("facts")
        .iter()
        .filter(|fact| fact["differs"] == true)
        .filter_map(|fact| fact["text"].as_str())
        .collect();
    assert!(differing.iter().any(|text| text.contains("payment 102 began as DECLINED")), "{differing:?}");
    assert!(!differing.iter().any(|text| text.contains("began as PENDING")), "{differing:?}");

    let with_itself = session.get_json(&format!("/api/runs/compare?a={}&b={}", runs[0].id(), sandboxes[0].id())).await;
    assert_eq!(
        (&with_itself["first_difference"], with_itself["b"]["origin"].as_str()),
        (&Value::Null, Some("sandbox"))
    );
    let page =
        session.get_json(&format!("/api/runs/compare?a={}&b={}&from=3&limit=1", runs[0].id(), runs[1].id())).await;
    assert_eq!(page["commands"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (page["commands"][0]["ordinal"].as_u64(), page["first_difference"]["command"].as_u64()),
        (Some(3), Some(1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_is_refused_with_its_line_and_nothing_of_it_is_kept() {
    let app = App::in_process(&[&NO_HURRY[..], &["--import-bytes", "3000000", "--runs", "2"]].concat()).await;
    let sandbox = lived_in(&app, 1).await;
    let session = app.session();
    let lines = sandbox.lines().await;
    let with = |line: usize, text: &str| {
        let mut lines = lines.clone();
        lines[line - 1] = text.to_owned();
        lines.join("\n")
    };
    let without = |line: usize| [&lines[..line - 1], &lines[line..]].concat().join("\n");
    let later = lines[0].replacen("\"format\":1", "\"format\":2", 1);
    for (what, line, file) in [
        ("no file", 1, String::new()),
        ("no record", 1, "hello".into()),
        ("a line that is missing", 7, without(7)),
        ("a beginning that is missing", 1, without(1)),
        ("a line that is cut off", 9, with(9, &lines[8][..40])),
        ("a line that is twice there", 31, with(31, &lines[29])),
        ("a format of later", 1, with(1, &later)),
        ("a file that is cut off", 5, lines[..5].join("\n")[..lines[..5].join("\n").len() - 9].to_owned()),
    ] {
        let answer = session.send(session.import_of(file)).await;
        assert_eq!(answer.status(), 422, "{what}");
        assert_eq!(answer.headers().get("set-cookie"), None, "{what}");
        let problem: Value = answer.json().await.expect("JSON");
        assert_eq!(problem["line"], line, "{what}: {problem}");
        let detail = problem["detail"].as_str().expect("a sentence");
        assert!(detail.contains(&format!("Line {line} ")), "{what}: {detail}");
    }
    let large = session.refused("a file too large", session.import_of(vec![b' '; 3_000_001])).await;
    assert_eq!(large.status, 413);
    let no_name = session.request(Method::POST, "/api/runs?name=%07").header("content-type", "application/x-ndjson");
    assert_eq!(session.refused("a bad name", no_name.body(lines.join("\n"))).await.status, 422);
    assert_eq!(session.get_json("/api/runs").await, json!([]));
    assert_eq!(folders(&app), BTreeSet::new());

    // Lines as some editors write them, and no newline after the last.
    session.import(lines.join("\r\n")).await;
    let run = session.import(lines.join("\n")).await;
    assert_eq!(run.export().await, lines.join("\n") + "\n");
    let full = session.send(session.import_of(lines.join("\n"))).await;
    assert_eq!(full.status(), 507);
    assert_eq!(folders(&app).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_keeps_so_many_runs_and_no_more_whoever_asks() {
    let app = App::in_process(&[&NO_HURRY[..], &["--all-runs", "1"]].concat()).await;
    let record = lived_in(&app, 1).await.lines().await.join("\n");
    app.session().import(record.clone()).await;
    let stranger = app.session();
    assert_eq!(stranger.send(stranger.import_of(record)).await.status(), 507);
    assert_eq!(folders(&app).len(), 1);
}

/// The folders of runs, whole or not.
fn folders(app: &App) -> BTreeSet<String> {
    let Ok(folders) = std::fs::read_dir(app.data().join("runs")) else { return BTreeSet::new() };
    folders.map(|folder| folder.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_sent_as_a_file_is_taken_or_refused_and_never_breaks_anything() {
    let app = App::in_process(&[&NO_HURRY[..], &["--runs", "100000", "--all-runs", "100000"]].concat()).await;
    let file = lived_in(&app, 2).await.lines().await.join("\n").into_bytes();
    let session = app.session();
    let mut rng = Rng::with_seed(7);
    let mut taken = 0;
    for round in 0..150 {
        let body = if round % 10 == 0 { noise(&mut rng) } else { edited(&file, &mut rng) };
        let answer = session.send(session.import_of(body)).await;
        let status = answer.status().as_u16();
        let made: Value = answer.json().await.expect("JSON");
        if status == 201 {
            taken += 1;
            let id = made["id"].as_str().expect("an id");
            for path in
                ["state", "invariants", "events?limit=5", "services/orders/tables", "services/orders/tables/orders"]
            {
                let request = session.request(Method::GET, &format!("/api/runs/{id}/{path}"));
                let seen = session.send(request.header("accept", "application/x-ndjson")).await.status().as_u16();
                assert!(seen < 500, "{path} of round {round}: {seen}");
            }
            let page = session.get(&format!("/playground?run={id}")).await;
            assert_eq!(page.status(), 200, "the page of round {round}");
        } else {
            assert_eq!(status, 422, "round {round}: {made}");
            assert!(made["line"].as_u64().is_some_and(|line| line > 0), "round {round}: {made}");
        }
    }
    assert!(taken > 5, "too few were near enough to say anything: {taken}");
}

fn noise(rng: &mut Rng) -> Vec<u8> {
    let length = rng.usize(0..5000);
    std::iter::repeat_with(|| rng.u8(..)).take(length).collect()
}

/// A record with a few things changed: digits, bytes, lines left out, lines exchanged, an end cut off.
fn edited(file: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut file = file.to_vec();
    match rng.u8(0..5) {
        0 => file.truncate(rng.usize(0..file.len())),
        1 => {
            let at = rng.usize(0..file.len());
            file[at] = rng.u8(..);
        }
        2 => {
            let lines: Vec<&[u8]> = file.split(|byte| *byte == b'\n').collect();
            let cut = rng.usize(1..lines.len());
            file = lines[..cut].join(&b'\n');
        }
        _ => {
            for _ in 0..rng.usize(1..4) {
                let digits: Vec<usize> = (0..file.len()).filter(|at| file[*at].is_ascii_digit()).collect();
                let at = digits[rng.usize(0..digits.len())];
                file[at] = b'0' + rng.u8(0..10);
            }
        }
    }
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_runs_are_kept_leaves_whole_runs_and_nothing_else() {
    let mut app = App::process(&NO_HURRY).await;
    let sandbox = lived_in(&app, 2).await;
    let session = sandbox.session().clone();
    let mut rng = Rng::with_seed(7);
    let mut acknowledged = BTreeSet::new();
    for round in 0..12 {
        if round % 4 == 0 {
            acknowledged.insert(session.keep(&sandbox, "well before the kill", None).await.id().to_owned());
        }
        let keeping: Vec<_> = (0..4)
            .map(|_| {
                let request = keep(&sandbox, json!({"sandbox": sandbox.id(), "name": "before the kill"}));
                tokio::spawn(async move { request.send().await.ok()?.json::<Value>().await.ok() })
            })
            .collect();
        // The moment of the kill is the point here, so this waits for no event.
        tokio::time::sleep(Duration::from_millis(rng.u64(1..60))).await;
        app.kill9().await;
        for kept in keeping {
            if let Ok(Some(run)) = kept.await {
                acknowledged.insert(run["id"].as_str().expect("an id").to_owned());
            }
        }
        app.start().await;
        let listed = session.get_json("/api/runs").await;
        let listed: BTreeSet<String> = listed
            .as_array()
            .expect("a list")
            .iter()
            .map(|run| run["id"].as_str().expect("an id").to_owned())
            .collect();
        assert_eq!(folders(&app), listed, "folders and list are the same");
        assert!(acknowledged.is_subset(&listed), "what was acknowledged is there");
        for id in &listed {
            let run = session.get_json(&format!("/api/runs/{id}")).await;
            let lines = session.get_text(&format!("/api/runs/{id}/export/ndjson")).await;
            assert_eq!(Some(lines.lines().count() as u64), run["position"].as_u64());
        }
    }
    app.stop().await;

    // Between a file in its place and its row in the list, and between two others of its steps.
    let runs = app.data().join("runs");
    let whole = folders(&app).pop_first();
    for left in ["0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef.draft"] {
        let folder = runs.join(left);
        std::fs::create_dir_all(&folder).expect("a folder");
        if let Some(whole) = &whole {
            std::fs::copy(runs.join(whole).join("record.db"), folder.join("record.db")).expect("a copy");
        }
    }
    let before = folders(&app).len();
    app.start().await;
    assert_eq!(folders(&app).len(), before - 2);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_the_run_it_is_asked_for_at_the_position_it_is_asked_for() {
    let app = App::in_process(&NO_HURRY).await;
    let sandbox = lived_in(&app, 1).await;
    let session = sandbox.session().clone();
    let run = session.keep(&sandbox, "<i>kept</i> & told", Some(90)).await;
    let end = sandbox.position().await;
    let page = async |path: &str| {
        let answer = session.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["cache-control"], "private, no-store", "{path}");
        answer.text().await.expect("text")
    };
    for path in ["/", "/lessons/sagas", "/playground"] {
        let kept = page(&format!("{path}?run={}&at=40", run.id())).await;
        assert!(kept.contains(&format!("data-sandbox=\"{}\"", run.id())), "{path}");
        assert!(kept.contains("data-kept=\"true\"") && kept.contains("data-end=\"90\""), "{path}");
        assert!(kept.contains("&quot;position&quot;:40,"), "{path}");
        let past = page(&format!("{path}?run={}&at=1000", run.id())).await;
        assert!(past.contains("&quot;position&quot;:90,"), "{path}");
        let living = page(&format!("{path}?run={}", sandbox.id())).await;
        assert!(living.contains(&format!("data-end=\"{end}\"")) && !living.contains("data-kept"), "{path}");
        let newest = page(&format!("{path}?at=40")).await;
        assert!(newest.contains(sandbox.id()) && newest.contains("&quot;position&quot;:40,"), "{path}");

        let others = app.session().get(&format!("{path}?run={}", run.id())).await;
        assert_eq!(others.status(), 200);
        let others = others.text().await.expect("text");
        assert!(others.contains("class=\"missing\"") && !others.contains("data-sandbox="), "{path}");
    }
    let runs = page("/runs").await;
    assert!(runs.contains(run.id()) && runs.contains(sandbox.id()) && !runs.contains("<i>kept"));
    let compare = page(&format!("/runs/compare?a={}&b={}", run.id(), sandbox.id())).await;
    assert!(compare.contains("The first difference") && !compare.contains("<i>kept"));
    let theirs = app.session();
    assert!(!theirs.get_text("/runs").await.contains(run.id()));
    let theirs = theirs.get(&format!("/runs/compare?a={0}&b={0}", run.id())).await;
    assert_eq!(theirs.status(), 404);
}
