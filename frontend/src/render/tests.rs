use super::*;

fn assets() -> Assets {
    Assets {
        css: "/assets/main.1.css".into(),
        start: "/assets/start.1.js".into(),
        lesson: "/assets/lesson.1.js".into(),
        runs: "/assets/runs.1.js".into(),
        matrix: "/assets/matrix.1.js".into(),
        feed: "/assets/feed.1.js".into(),
        million: "/assets/million.1.js".into(),
        replay: "/assets/replay.1.js".into(),
        glue: "/assets/frontend.1.js".into(),
        wasm: "/assets/frontend_bg.1.wasm".into(),
        fonts: vec!["/assets/fonts/literata.1.woff2".into()],
        icon: "/assets/icon.1.svg".into(),
        dev_reload: false,
    }
}

fn begun(steps_done: usize, answered: usize) -> LessonEntry {
    LessonEntry { lesson: lessons::lesson("sagas").expect("it is embedded"), steps_done, answered }
}

#[test]
fn the_list_of_lessons_says_how_far_one_has_come() {
    assert!(lessons(&assets(), vec![begun(0, 0)]).contains("Read and try · About "));
    let (steps, questions) = (begun(0, 0).lesson.steps.len(), begun(0, 0).lesson.quiz.len());
    let page = lessons(&assets(), vec![begun(1, 2)]);
    assert!(page.contains(&format!("Begun · 1 of {steps} steps, 2 of {questions} questions")), "{page}");
    let page = lessons(&assets(), vec![begun(steps, questions)]);
    assert!(page.contains(&format!("Done · {steps} of {steps} steps")));
}

fn every_page() -> Vec<String> {
    let assets = assets();
    let sagas = lessons::lesson("sagas").expect("it is embedded");
    vec![
        home(&assets, Shown::New),
        lessons(&assets, vec![begun(0, 0)]),
        lesson(&assets, sagas, vec![], Shown::New),
        playground(&assets, TOPOLOGY, Shown::New),
        not_found(&assets),
        error_page(&assets, 500, "The <server> stumbled."),
    ]
}

#[test]
fn every_page_is_a_whole_document() {
    for page in every_page() {
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{}", &page[..80]);
        assert!(page.ends_with("</html>"));
        for part in ["<title>", "name=\"description\"", "name=\"viewport\"", "<main id=\"content\"", "<h1>"] {
            assert_eq!(page.matches(part).count(), 1, "{part}");
        }
    }
}

#[test]
fn no_page_has_what_the_content_security_policy_forbids() {
    for page in every_page() {
        assert!(!page.contains(" style=\"") && !page.contains("<style"));
        assert!(!page.contains(" onclick="));
        // The one that starts the islands, and a page's own.
        let own = [" data-slug=", "<main id=\"content\" class=\"runs\"", "<main id=\"content\" class=\"coverage\""];
        let own = own.iter().filter(|sign| page.contains(**sign)).count();
        assert!(page.matches("<script").count() <= 1 + own, "a script without a reason");
        assert_eq!(page.matches("<script").count(), page.matches("<script type=\"module\" src=").count());
    }
}

#[test]
fn the_living_pages_show_the_system_without_a_script() {
    let page = lesson(&assets(), lessons::lesson("sagas").expect("it is embedded"), vec![], Shown::New);
    assert!(page.contains("not started") && page.contains("card network · declared 50 ms"));
    assert_eq!(page.matches("<leptos-island").count(), 1);
    assert_eq!(page.matches(">Place an order</button>").count(), 1);
    for service in ["orders", "inventory", "payments", "notifications"] {
        assert_eq!(page.matches(&format!("aria-label=\"Crash {service}\"")).count(), 1);
    }
}

#[test]
fn a_step_that_was_done_is_folded_and_the_others_are_open() {
    let sagas = lessons::lesson("sagas").expect("it is embedded");
    let page = lesson(&assets(), sagas, vec!["place-an-order"], Shown::New);
    let (folded, open) = ("<details class=\"fold\">", "<details open class=\"fold\">");
    assert_eq!((page.matches(folded).count(), page.matches(open).count()), (1, sagas.steps.len() - 1), "{page}");
    assert_eq!(page.matches("data-state=\"done\"").count(), 1);
}

#[test]
fn words_from_elsewhere_are_escaped() {
    assert!(error_page(&assets(), 500, "The <server> stumbled.").contains("The &lt;server&gt; stumbled."));
}

#[test]
fn the_page_of_runs_lists_them_and_says_what_to_do_when_there_are_none() {
    let empty = runs(&assets(), RunsView { import_bytes: 64 << 20, ..RunsView::default() });
    assert!(empty.contains("Nothing is kept yet.") && empty.contains("Up to 64 MB."));
    assert!(!empty.contains("<select") && !empty.contains(" style=\""));
    assert_eq!(empty.matches("<script").count(), 2, "the page's own script, too");
    let page = runs(&assets(), RunsView { kept: vec![entry("<b>one</b>"), entry("two")], ..RunsView::default() });
    assert!(page.contains("&lt;b>one&lt;/b>") || page.contains("&lt;b&gt;one&lt;/b&gt;"), "a name is text");
    assert!(page.contains("href=\"/playground?run=0000\"") && page.contains("href=\"/api/runs/0000/export/ndjson\""));
    assert!(page.contains("<time datetime=\"2026-11-23T18:44Z\">23 November 2026, 18:44 UTC</time>"));
    assert_eq!((page.matches("<select").count(), page.matches(" selected").count()), (2, 2));
}

fn entry(name: &str) -> RunEntry {
    RunEntry {
        id: "0000".into(),
        name: name.into(),
        topology: "saga-choreography".into(),
        position: 812,
        created: 1_795_459_440_000,
        origin: "kept",
    }
}

#[test]
fn two_runs_stand_side_by_side_with_the_first_difference_on_top() {
    let side = |position, text: &str| {
        let fact = FactEntry { position, service: "payments".into(), text: text.into(), differs: true };
        Some(SideEntry { facts: vec![fact], left_out: 0 })
    };
    let (a, b) = (side(21, "payment 102 began as CAPTURED"), side(24, "payment 102 began as <DECLINED>"));
    let view = CompareView {
        a: entry("one"),
        b: entry("two"),
        commands: vec![CommandEntry { ordinal: 2, a, b, differs: true }],
        first: Some(FirstDifference { command: 2, a: Some(21), b: Some(24) }),
        earlier: None,
        later: Some(201),
    };
    let page = compare(&assets(), view.clone());
    assert_eq!(page.matches("href=\"/playground?run=0000&amp;at=21\"").count(), 2, "on top and in its place");
    assert_eq!(page.matches("began as &lt;DECLINED").count(), 2);
    assert!(
        page.contains("id=\"command-2\"") && page.contains("href=\"#command-2\"") && page.contains("&amp;from=201")
    );
    let same = compare(&assets(), CompareView { first: None, ..view });
    assert!(same.contains("No difference"));
}

#[test]
fn the_page_of_the_matrix_reads_without_a_script() {
    let cell = |fault, state, run: Option<&str>| MatrixCell {
        fault,
        state,
        run: run.map(str::to_owned),
        detail: "charged <twice>".into(),
    };
    let row = MatrixRow {
        step: "charge-card".into(),
        service: "payments".into(),
        on: vec!["StockReserved".into()],
        compensates: None,
        cells: vec![
            cell("before-commit", "consistent", Some("0001")),
            cell("after-commit", "consistent", Some("0002")),
            cell("timeout", "consistent", Some("0003")),
            cell("duplicate", "inconsistent", Some("0004")),
        ],
    };
    let result = MatrixResult {
        id: "00".into(),
        state: "done",
        detail: String::new(),
        took_ms: 7_460,
        off: vec!["inbox".into()],
    };
    let view = MatrixPageView {
        choices: vec![(TOPOLOGY.into(), "Choreography".into())],
        topology: TOPOLOGY.into(),
        switches: vec![MatrixSwitch { name: "inbox".into(), on: false }],
        rows: vec![row],
        result: Some(result),
    };
    let page = matrix(&assets(), view.clone());
    assert!(page.contains("1 of 4 cells fall through, in 7.4 s.") && page.contains("With inbox off."));
    assert_eq!(page.matches("href=\"/playground?run=0004\"").count(), 2, "in the grid, and under it with its reason");
    assert!(page.contains("charged &lt;twice") && !page.contains(" style=\""));
    let never = matrix(&assets(), MatrixPageView { result: None, ..view });
    assert!(never.contains("It has not been run yet."));
}

#[test]
fn the_page_of_the_million_events_shows_what_was_measured_without_a_script() {
    let store = MillionStore {
        state: "ready",
        events: 1_055_555,
        made: 1_055_555,
        bytes: Some(52_000_000),
        ..MillionStore::default()
    };
    let load = |snapshots: Option<MillionKept>, from, took_us| MillionLoad {
        snapshots,
        version: 1_055_555,
        from,
        took_us,
        balance_minor: 123_456,
        at: 0,
    };
    let kept = MillionKept { every: 1_000, count: 1_055, bytes: 412_000 };
    let model = MillionModel {
        name: "largest",
        state: "live",
        rebuild: false,
        position: 1_055_555,
        end: 1_055_555,
        per_second: Some(300_000),
        took_ms: Some(3_500),
        reads: Some(MillionReads { count: 3_000, p50_us: 30, p99_us: 90 }),
        quiet: Some(MillionReads { count: 900, p50_us: 28, p99_us: 60 }),
        rows: vec![MillionRow::Withdrawal { amount_minor: 9_900, member: 7, sequence: 12, day: "<day>".into() }],
    };
    let view = MillionPageView {
        topology: TOPOLOGY.into(),
        store,
        snapshots: Some(kept),
        loads: vec![load(None, None, 41_260), load(Some(kept), Some(1_055_000), 214)],
        damage: Some(MillionDamage { version: 1_055_000, member: 42, added_minor: 100_000, at: 0 }),
        checked: Some(MillionChecked {
            snapshots: 1_055,
            replayed: 1_055_000,
            took_us: 50_000,
            wrong: vec![(1_055_000, Some(2), 1)],
        }),
        models: vec![model],
        ..MillionPageView::default()
    };
    let page = million(&assets(), view);
    for told in [
        "1,055,555 events of one account lie on this server, 52.0 MB.",
        "Loaded in 214 µs: the snapshot at event 1,055,000, and 555 events behind it. The balance is 1,234.56.",
        "Measured on this machine, just now.",
        "41.2 ms",
        "1 of them is wrong",
        "1.5 times as long as alone",
        "&lt;day",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert_eq!(page.matches("<circle").count(), 2, "a dot for each load");
    assert!(!page.contains(" style=\"") && page.matches("<script").count() == 2);
    let none = million(&assets(), MillionPageView { missing: true, ..MillionPageView::default() });
    assert!(none.contains("This server has none of them yet.") && none.contains("There is no such sandbox"));
}

#[test]
fn a_kept_run_is_known_from_a_living_system_and_a_missing_one_is_told() {
    let state = DiagramState::new(&protocol::topology(TOPOLOGY).expect("there is one"));
    let live = Live { sandbox_id: "0000".into(), state, kept: true, end: 812 };
    let page = playground(&assets(), TOPOLOGY, Shown::Live(&live));
    assert!(page.contains("data-sandbox=\"0000\" data-kept=\"true\" data-end=\"812\""));
    let living = playground(&assets(), TOPOLOGY, Shown::Live(&Live { kept: false, ..live }));
    assert!(!living.contains("data-kept") && living.contains("data-end=\"812\""));
    let missing = playground(&assets(), TOPOLOGY, Shown::Missing);
    assert!(missing.contains("class=\"missing\"") && !missing.contains("data-sandbox"));
    assert!(!playground(&assets(), TOPOLOGY, Shown::New).contains("class=\"missing\""));
}

#[test]
fn the_page_of_the_feed_reads_without_a_script() {
    let second = FeedSecond { planned: 500, answered: 498, reads_us: Some([6_000, 9_000]), ..FeedSecond::default() };
    let setting = |split, read_us| FeedSetting {
        per_write: 80,
        split,
        replicas: 3,
        planned: 400,
        answered: 398,
        read_us,
        lag_us: if split { 12_000 } else { 0 },
        ..FeedSetting::default()
    };
    let build = FeedBuild { build: 1, state: "live".into(), position: 4, rows: 3, or_more: false, differs: 3 };
    let feed = FeedView {
        id: "0f".repeat(16),
        split: true,
        replicas: 3,
        workers: 2,
        latency_ms: 5,
        posts: vec![FeedPost { post_id: 4, author: "nobody".into(), text: "Fog".into() }],
        seconds: vec![second],
        settings: vec![setting(false, 900_000), setting(true, 9_000)],
        builds: vec![build],
        costs: vec![["1".into(), "4".into()]],
        ..FeedView::default()
    };
    let page = feed_page(FeedPageView { missing: false, feed: Some(feed.clone()) });
    for part in [
        "answered 498, planned 500 a second",
        "the split model wins from 80 reads per post on",
        "live: readers are shown it",
        "<b>nobody</b>",
        "/assets/feed.1.js",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let kept = feed_page(FeedPageView { missing: false, feed: Some(FeedView { kept: true, ..feed }) });
    assert!(kept.contains("This is a kept run") && !kept.contains("type=\"range\""), "{kept}");
    assert!(feed_page(FeedPageView { missing: true, feed: None }).contains("Start a feed"));
}

fn feed_page(view: FeedPageView) -> String {
    feed(&assets(), view)
}
