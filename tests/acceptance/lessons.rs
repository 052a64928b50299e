//! Lessons: every step can be solved, and what a learner does is kept.

use crate::app::{App, Folder, NO_HURRY, Taken, program};
use lessons::{Action, Lesson, Prediction, PredictionKind, Step};
use reqwest::Method;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::process::Command;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread")]
async fn every_step_of_every_lesson_is_done_by_what_it_shows() {
    let app = App::in_process(&NO_HURRY).await;
    solve(&app, lessons::lessons()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sagas_lesson_tells_comes_true() {
    comes_true(
        "sagas",
        [
            ("all-or-nothing", json!(100)),
            ("place-an-order", json!(["OrderCreated", "StockReserved", "PaymentSucceeded", "OrderConfirmed"])),
            ("decline-payments", json!(["orders", "inventory"])),
            ("a-fourth-participant", json!(["inventory", "payments"])),
            ("dirty-read", json!(["StockReserved", "OrderShipped", "PaymentFailed", "OrderCancelled"])),
            ("dual-write", json!("stuck")),
            ("charged-twice", json!(22)),
            ("orchestrated-order", json!(["saga-orchestrator"])),
            ("takeover", json!("once")),
            ("parked-saga", json!("parked")),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_event_sourcing_lesson_tells_comes_true() {
    comes_true(
        "event-sourcing",
        [
            ("own-events", json!(30_000)),
            ("overdraw", json!(4)),
            ("three-o-clock", json!(20_000)),
            ("second-correction", json!(42_000)),
            ("two-alike", json!(32_500)),
            ("fix-and-replay", json!("replay")),
            ("no-letters", json!(0)),
            ("latecomers", json!("all")),
            ("two-writers", json!("conflict")),
            ("old-shapes", json!("newest")),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_cqrs_lesson_tells_comes_true() {
    comes_true(
        "cqrs",
        [
            ("a-post-by-nobody", json!(0)),
            ("one-write", json!(["feed", "timeline", "catalogue", "dashboard"])),
            ("three-questions", json!(4)),
            ("more-readers", json!(1)),
            ("four-seconds-late", json!(["feed", "catalogue", "timeline"])),
            ("posted-twice", json!("two")),
            ("token", json!("wait")),
            ("reader-down", json!("waits")),
            ("counted-twice", json!("dashboard")),
            ("built-anew", json!("heard")),
        ],
    )
    .await;
}

/// What the texts beside these steps tell is what the record says.
async fn comes_true<const N: usize>(lesson: &str, steps: [(&'static str, Value); N]) {
    let app = App::in_process(&NO_HURRY).await;
    let mut taken = JoinSet::new();
    for (step, truth) in steps {
        let solved = app.session().step(lesson, step);
        taken.spawn(async move {
            let sandbox = solved.begin(None).await;
            solved.show(&sandbox).await;
            solved.until_done(&sandbox).await;
            let now = sandbox.position().await;
            sandbox.wait_until("nothing is under way", |state| state.position >= now && state.at_rest()).await;
            assert_eq!(solved.check(&sandbox).await["truth"], truth, "{step}");
        });
    }
    while let Some(step) = taken.join_next().await {
        step.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_step_can_ask_for_and_do_works() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/acceptance/fixtures/lessons");
    let lessons = server::course::load(Path::new(dir)).await.expect("services have tables");
    let lessons = lessons.unwrap_or_else(|errors| panic!("{}", errors.join("\n")));
    let app = App::in_process(&[&NO_HURRY[..], &["--lessons-dir", dir]].concat()).await;
    solve(&app, &lessons).await;
}

/// Takes every step of the lessons, each on a fresh sandbox, by what it shows.
async fn solve(app: &App, lessons: &[Lesson]) {
    let all = lessons.iter().flat_map(|lesson| lesson.steps.iter().map(move |step| (&lesson.slug, step)));
    // A coverage matrix keeps the machine busy by itself.
    let runs_matrix = |step: &Step| step.show.iter().any(|action| matches!(action, Action::RunMatrix { .. }));
    let (alone, together): (Vec<_>, Vec<_>) = all.partition(|(_, step)| runs_matrix(step));
    let mut steps = JoinSet::new();
    for (slug, step) in together {
        steps.spawn(solve_step(app.session().step(slug, &step.id), step.clone()));
    }
    while let Some(step) = steps.join_next().await {
        step.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    }
    for (slug, step) in alone {
        solve_step(app.session().step(slug, &step.id), step.clone()).await;
    }
}

async fn solve_step(taken: Taken, step: Step) {
    let sandbox = taken.begin(None).await;
    let before = taken.check(&sandbox).await;
    assert_eq!(before["done"], false, "{} is done before anything was: {before:#}", step.id);
    if let Some(predict) = &step.predict {
        taken.predict(guess(predict)).await;
    }
    taken.show(&sandbox).await;
    let check = taken.until_done(&sandbox).await;
    assert!(step.predict.is_none() || check["right"] != Value::Null, "{} has no truth: {check:#}", step.id);
}

/// Any answer that fits.
fn guess(predict: &Prediction) -> Value {
    let ids: Vec<&str> = predict.options.iter().map(|option| &*option.id).collect();
    match predict.kind {
        PredictionKind::Number => json!(0),
        PredictionKind::Choice => json!(ids[0]),
        PredictionKind::Services | PredictionKind::Order => json!(ids),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_predicted_done_and_revealed() {
    let app = App::in_process(&[]).await;
    let session = app.session();
    let step = session.step("sagas", "decline-payments");
    // Who predicts is a learner from then on.
    let kept = step.predict(json!(["orders", "inventory", "orders"])).await;
    assert_eq!(kept, json!({"answer": ["orders", "inventory"]}));
    let sandbox = step.begin(None).await;
    let before = step.check(&sandbox).await;
    assert_eq!((&before["done"], &before["truth"], &before["right"]), (&json!(false), &Value::Null, &Value::Null));
    assert_eq!(before["conditions"][1], json!({"text": "2 orders became CANCELLED.", "holds": false}));

    sandbox.put_fault("mine", json!({"kind": "decline-payments", "target": "payments"})).await;
    sandbox.place_order().await;
    sandbox.at_rest().await;
    sandbox.switch("compensation", false).await;
    sandbox.place_order().await;
    let after = step.until_done(&sandbox).await;
    assert_eq!((&after["truth"], &after["right"]), (&json!(["orders", "inventory"]), &json!(true)));
    assert_eq!(after["show"], json!({"state": "idle"}));

    step.predict(json!(["payments"])).await;
    assert_eq!(step.check(&sandbox).await["right"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_true_stays_so_until_the_step_is_set_up_anew() {
    let app = App::in_process(&NO_HURRY).await;
    let session = app.session();
    let step = session.step("sagas", "charged-twice");
    step.predict(json!(22)).await;
    let sandbox = step.begin(None).await;
    step.show(&sandbox).await;
    assert_eq!(step.until_done(&sandbox).await["truth"], 22);
    sandbox.place_order().await;
    sandbox.at_rest().await;
    for check in [step.note(&sandbox).await, step.check(&sandbox).await] {
        assert_eq!((&check["truth"], &check["right"], &check["settled"]), (&json!(22), &json!(true), &json!(true)));
    }

    // Another scene has a truth of its own.
    let step = session.step("sagas", "all-or-nothing");
    step.predict(json!(99)).await;
    let first = step.begin(None).await;
    step.show(&first).await;
    step.until_done(&first).await;
    let second = step.begin(Some(&first)).await;
    second.clear_fault("decline-payments").await;
    second.place_order().await;
    second.at_rest().await;
    second.put_fault("decline", json!({"kind": "decline-payments", "target": "monolith"})).await;
    second.place_order().await;
    let now = second.position().await;
    second.wait_until("nothing is under way", |state| state.position >= now && state.at_rest()).await;
    let check = step.note(&second).await;
    assert_eq!((&check["truth"], &check["right"]), (&json!(99), &json!(true)), "{check:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn to_look_at_a_step_changes_nothing_and_to_note_it_keeps_it() {
    let app = App::in_process(&[]).await;
    let session = app.session();
    let step = session.step("sagas", "place-an-order");
    step.predict(json!(["OrderCreated", "StockReserved", "PaymentSucceeded", "OrderConfirmed"])).await;
    let sandbox = step.begin(None).await;
    sandbox.place_order().await;
    sandbox.at_rest().await;
    let kept = async || {
        let progress = session.progress("sagas").await;
        let steps = progress["steps"].as_array().expect("steps");
        steps.iter().find(|known| known["id"] == "place-an-order").expect("the step").clone()
    };
    let seen = step.check(&sandbox).await;
    assert_eq!((&seen["done"], &seen["right"]), (&json!(true), &json!(true)), "{seen:#}");
    let before = kept().await;
    assert_eq!((&before["done"], &before["truth"]), (&Value::Null, &Value::Null));
    assert_eq!(step.note(&sandbox).await, seen);
    let after = kept().await;
    assert!(after["done"].is_u64() && after["right"] == true, "{after:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_to_its_end_is_kept_whether_anybody_looks_or_not() {
    let app = App::in_process(&[]).await;
    let session = app.session();
    let step = session.step("sagas", "dual-write");
    let sandbox = step.begin(None).await;
    step.show(&sandbox).await;
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let progress = session.progress("sagas").await;
        let steps = progress["steps"].as_array().expect("steps");
        if steps.iter().any(|known| known["id"] == "dual-write" && known["truth"] == "stuck") {
            return;
        }
        assert!(Instant::now() < until, "{progress:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_matrix_from_before_the_step_began_does_not_count() {
    let app = App::in_process(&[]).await;
    let session = app.session();
    session.matrix("saga-choreography", &["inbox"]).await.cells().await;
    session.matrix("saga-choreography", &[]).await.cells().await;
    let step = session.step("sagas", "matrix");
    let holds = async |sandbox| {
        let check = step.check(sandbox).await;
        (check["conditions"][0]["holds"].clone(), check["conditions"][1]["holds"].clone())
    };
    let sandbox = step.begin(None).await;
    assert_eq!(holds(&sandbox).await, (json!(false), json!(false)));
    session.matrix("saga-choreography", &[]).await.cells().await;
    assert_eq!(holds(&sandbox).await, (json!(false), json!(true)), "a green one alone closes no hole");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_came_after_the_scene_began_counts_and_its_sandbox_makes_room_for_the_next() {
    let app = App::in_process(&[]).await;
    let session = app.session();
    let step = session.step("sagas", "place-an-order");
    let first = step.begin(None).await;
    step.show(&first).await;
    step.until_done(&first).await;
    let second = step.begin(Some(&first)).await;
    let check = step.check(&second).await;
    assert_eq!((&check["done"], &check["conditions"][0]["holds"]), (&json!(true), &json!(false)), "done, but not anew");
    let listed = session.get_json("/api/sandboxes").await;
    let ids: Vec<_> = listed.as_array().expect("a list").iter().map(|sandbox| &sandbox["id"]).collect();
    assert_eq!(ids, [second.id()]);

    // A sandbox that no scene made stays.
    let own = session.sandbox().await;
    let third = step.begin(Some(&own)).await;
    assert_ne!(third.id(), own.id());
    assert_eq!(own.view().await["id"], own.id());
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_outlives_the_sandbox_and_the_server() {
    let mut app = App::in_process(&[]).await;
    let session = app.session();
    let step = session.step("sagas", "dual-write");
    step.predict(json!("stuck")).await;
    let sandbox = step.begin(None).await;
    step.show(&sandbox).await;
    step.until_done(&sandbox).await;
    let wrong: Value = session.send(session.quiz("sagas", "why-pending", "lock")).await.json().await.expect("JSON");
    assert_eq!((&wrong["right"], wrong["choices"].as_array().map(Vec::len)), (&json!(false), Some(3)));
    assert!(wrong["choices"].as_array().expect("choices").iter().all(|choice| choice["because"] != ""));
    session.send(session.quiz("sagas", "why-pending", "named")).await;
    sandbox.delete().await;
    app.stop().await;
    app.start().await;

    let progress = session.progress("sagas").await;
    let steps = progress["steps"].as_array().expect("steps");
    let done: Vec<_> = steps.iter().filter(|step| step["done"] != Value::Null).collect();
    assert_eq!(done.len(), 1, "{progress:#}");
    assert_eq!(
        (&done[0]["id"], &done[0]["truth"], &done[0]["right"]),
        (&json!("dual-write"), &json!("stuck"), &json!(true))
    );
    let answers = progress["quiz"].as_array().expect("a quiz");
    let answer = answers.iter().find(|answer| answer["id"] == "why-pending").expect("the question");
    assert_eq!(answer, &json!({"id": "why-pending", "choice": "named", "right": true}));
    let (list, shared) = (session.get_text("/lessons").await, app.session().get_text("/lessons").await);
    assert!(list.contains("Begun · 1 of ") && !shared.contains("Begun"), "{list}");
    let others = app.session().progress("sagas").await;
    assert!(others["steps"].as_array().expect("steps").iter().all(|step| step["done"] == Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_of_a_lesson_is_refused_with_a_sentence() {
    let app = App::in_process(&[]).await;
    let (session, other) = (app.session(), app.session());
    let step = session.step("sagas", "place-an-order");
    let sandbox = step.begin(None).await;
    other.sandbox().await;
    let theirs = other.step("sagas", "place-an-order");
    let id = json!({ "sandbox": sandbox.id() });
    for (what, status, request) in [
        (
            "somebody else's sandbox, checked",
            404,
            theirs.request(Method::GET, &format!("check?sandbox={}", sandbox.id())),
        ),
        ("somebody else's sandbox, shown in", 404, theirs.request(Method::POST, "show").json(&id)),
        ("somebody else's sandbox, taken over", 404, theirs.request(Method::POST, "scene").json(&id)),
        ("no lesson of that name", 404, session.step("opera", "one").request(Method::POST, "scene").json(&json!({}))),
        ("no step of that name", 404, session.step("sagas", "one").request(Method::POST, "scene").json(&json!({}))),
        ("no sandbox named", 400, step.request(Method::GET, "check")),
        ("a number for an order", 422, step.request(Method::PUT, "prediction").json(&json!({"answer": 3}))),
        ("an order of half", 422, step.request(Method::PUT, "prediction").json(&json!({"answer": ["OrderCreated"]}))),
        (
            "a prediction where none is asked for",
            422,
            session.step("sagas", "matrix").request(Method::PUT, "prediction").json(&json!({"answer": 3})),
        ),
        ("no question of that name", 404, session.quiz("sagas", "one", "a")),
        ("no choice of that name", 422, session.quiz("sagas", "why-pending", "a")),
    ] {
        let problem = session.refused(what, request).await;
        assert_eq!(problem.status, status, "{what}: {}", problem.detail);
    }
    // A client without a session has none by then, either.
    let stranger = app.session();
    let check =
        stranger.step("sagas", "place-an-order").request(Method::GET, &format!("check?sandbox={}", sandbox.id()));
    assert_eq!(stranger.refused("a stranger's check", check).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_lessons_gives_no_answers_away() {
    let app = App::in_process(&[]).await;
    let lessons = app.session().get_json("/api/lessons").await;
    let text = lessons.to_string();
    assert!(lessons[0]["quiz"][0]["choices"][0]["text"].is_string() && lessons[0]["steps"][0]["predict"].is_object());
    for secret in ["\"right\"", "\"because", "\"truth\"", "\"show\"", "reveal", "<p>"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn the_promises_a_lesson_can_name_are_those_that_are_checked() {
    let mut checks = runner::invariants::Checks::default();
    checks.evolve(&protocol::Recorded::bare(1, 0, protocol::TERRARIUM, protocol::Observation::SandboxWoken));
    assert_eq!(checks.report().len(), lessons::INVARIANTS.len());
    for invariant in checks.report() {
        assert!(lessons::INVARIANTS.contains(&&*invariant.name), "{}", invariant.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_teachers_own_lessons_are_checked_and_taught() {
    let folder = Folder::new();
    write_lesson(&folder.path().join("mine"), "## One\n\nText <script>x</script>.\n");
    let (ok, out, _) = check(folder.path()).await;
    assert_eq!((ok, out.as_str()), (true, "mine: 1 step, 0 questions\n"));

    let dir = folder.path().to_str().expect("UTF-8");
    let app = App::in_process(&["--lessons-dir", dir]).await;
    let list = app.session().get_text("/lessons").await;
    assert!(list.contains("href=\"/lessons/mine\"") && list.contains("href=\"/lessons/sagas\""));
    let page = app.session().get_text("/lessons/mine").await;
    assert!(page.contains("<h1>My own</h1>") && page.contains("&lt;script&gt;x&lt;/script&gt;"));
    let step = app.session().step("mine", "try");
    let sandbox = step.begin(None).await;
    step.show(&sandbox).await;
    step.until_done(&sandbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_without_a_scene_goes_on_in_the_sandbox_that_is_there() {
    let folder = Folder::new();
    write_lesson(&folder.path().join("mine"), "## One\n\nText.\n");
    let app = App::in_process(&["--lessons-dir", folder.path().to_str().expect("UTF-8")]).await;
    let session = app.session();
    let (own, other) = (session.sandbox().await, session.sandbox().await);
    own.place_order().await;
    own.at_rest().await;
    let step = session.step("mine", "try");
    assert_eq!(step.begin(Some(&own)).await.id(), own.id());
    assert_eq!(step.check(&own).await["done"], false, "what was before does not count");
    own.place_order().await;
    step.until_done(&own).await;
    assert_eq!(step.begin(Some(&other)).await.id(), other.id());
    assert_eq!(own.view().await["id"], own.id(), "no scene made it, so none takes it away");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_that_is_not_fit_is_reported_by_file_line_and_column_and_not_served() {
    let folder = Folder::new();
    write_lesson(&folder.path().join("mine"), "Only a lede, and ![a picture](/x.png).\n");
    write_lesson(&folder.path().join("yours"), "## One\n\n[a link](#two)\n");
    let scene = "[step.scene]\ntopology = \"saga-choreography\"\nfaults = { one = { kind = \"decline-payments\", target = \"orders\" } }\n";
    let manifest = folder.path().join("yours/lesson.toml");
    let text = fs::read_to_string(&manifest).expect("a file");
    fs::write(&manifest, text + scene).expect("a file");
    let (ok, out, errors) = check(folder.path()).await;
    let lines: Vec<&str> = errors.lines().collect();
    assert!(!ok && out.is_empty());
    for (line, end) in lines.iter().zip([
        "mine/lesson.md:1:1: there is no section: a line that begins with `## ` opens one",
        "mine/lesson.md:1:18: `/x.png` is an image: a lesson's pictures are drawn from what runs",
        "mine/lesson.toml:9:11: there is no section `one` in lesson.md: name one of its headings",
        "yours/lesson.md:3:1: the link `#two` leads to no section",
        "yours/lesson.toml:17:28: the fault is refused: orders charges no cards. Target payments.",
        "terrarium: 5 errors",
    ]) {
        assert!(line.ends_with(end), "{line}");
    }
    let config = ["--addr", "127.0.0.1:0", "--data-dir", folder.path().join("data").to_str().expect("UTF-8")]
        .map(str::to_owned)
        .into_iter()
        .chain(["--lessons-dir".to_owned(), folder.path().to_str().expect("UTF-8").to_owned()]);
    let refused = server::Server::open(server::Config::from_args(config).expect("options")).await.err();
    let refused = format!("{:#}", refused.expect("it does not start"));
    assert!(refused.contains("mine/lesson.md:1:18: `/x.png` is an image"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nothing_has_is_reported_where_it_stands() {
    let folder = Folder::new();
    write_lesson(&folder.path().join("mine"), "## One\n\nText.\n");
    let manifest = folder.path().join("mine/lesson.toml");
    let text = fs::read_to_string(&manifest).expect("a file");
    let step = r#"[[step]]
id = "names"
section = "one"
title = "Names"
do_it = "So."
reveal = "So."
show = [
    { run-matrix = { topology = "saga-choreography", switches = { letterbox = false } } },
    { fault = { id = "f", rule = { kind = "drop", target = "topic:orders", only = ["OrderLost"] } } },
]
check = [
    { rows = { service = "inventory", table = "shelves" } },
    { rows = { service = "inventory", table = "reservations", where = { state = "HELD" } } },
    { matrix-green = { topology = "saga-choreography", switches = { upcast-v1 = true } } },
]
[step.predict]
kind = "number"
ask = "How many?"
truth = { sum-of-rows = { service = "inventory", table = "stock", column = "at_hand", where = { item_id = "42" } } }
"#;
    fs::write(&manifest, text + step).expect("a file");
    let (ok, _, errors) = check(folder.path()).await;
    let lines: Vec<&str> = errors.lines().collect();
    assert!(!ok && lines.len() == 7, "{errors}");
    for (line, part) in lines.iter().zip([
        "mine/lesson.toml:22:67: there is no switch `letterbox`: choose one of outbox, inbox, semantic-lock, compensation",
        "mine/lesson.toml:23:85: there is no event or command `OrderLost`: choose one of OrderCreated, ",
        "mine/lesson.toml:26:48: there is no table `shelves`: choose one of ",
        "mine/lesson.toml:27:73: there is no column `state`: choose one of order_id, ",
        "mine/lesson.toml:28:69: there is no switch `upcast-v1`: choose one of outbox, inbox, semantic-lock, compensation",
        "mine/lesson.toml:33:77: there is no column `at_hand`: choose one of ",
    ]) {
        assert!(line.contains(part), "{line}\n{part}");
    }
}

fn write_lesson(folder: &Path, prose: &str) {
    fs::create_dir_all(folder).expect("a folder");
    let manifest = r#"number = 9
kicker = "Mine"
title = "My own"
summary = "A teacher's."
topology = "saga-choreography"
minutes = 5
[[step]]
id = "try"
section = "one"
title = "Try"
do_it = "Press **Place an order**."
reveal = "So."
show = [{ place-order = {} }, { wait = "rest" }]
check = [{ order-ended = { status = "CONFIRMED" } }]
"#;
    for (name, text) in [("lesson.toml", manifest), ("lesson.md", prose), ("quiz.toml", "")] {
        fs::write(folder.join(name), text).expect("a file");
    }
}

/// `terrarium lessons check`: whether it went well, and what it said.
async fn check(dir: &Path) -> (bool, String, String) {
    let ended = Command::new(program()).args(["lessons", "check"]).arg(dir).output().await.expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (ended.status.success(), text(ended.stdout), text(ended.stderr))
}
