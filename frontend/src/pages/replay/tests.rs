use super::ledger::tests::{account_42, account_44, entry};
use super::*;
use crate::render::{Assets, replay};

/// The evening after account 42 was opened.
const NOW: &str = "2026-11-29T18:30:00Z";

fn view(asked: ReplayAsked) -> ReplayView {
    ReplayView {
        run: Some("0000".into()),
        end: 812,
        now: date::seconds(NOW).unwrap(),
        asked,
        entries: [account_44(), account_42()].concat(),
        ..ReplayView::default()
    }
}

fn page(view: ReplayView) -> String {
    let page = replay(&Assets::default(), view);
    // Leptos marks where texts meet.
    page.replace("<!>", "")
}

fn asked(change: impl FnOnce(&mut ReplayAsked)) -> String {
    let mut asked = ReplayAsked::default();
    change(&mut asked);
    page(view(asked))
}

#[test]
fn without_a_system_it_says_what_one_is_and_how_to_start_one() {
    let page = page(ReplayView::default());
    assert!(page.contains("No account lives here yet.") && page.contains("Start an account"));
    assert!(!page.contains("id=\"stream\"") && !page.contains("class=\"missing\""));
    assert!(replay(&Assets::default(), ReplayView { missing: true, ..ReplayView::default() }).contains("no such run"));
}

#[test]
fn the_newest_state_of_account_42_is_shown_first() {
    let page = page(view(ReplayAsked::default()));
    assert!(page.contains("State after event 4 of 4") && page.contains("class=\"balance\">250.00</p>"), "{page}");
    assert!(page.contains("150.00 + 100.00 = 250.00") && page.contains("100.00 came in."));
    assert_eq!(page.matches("class=\"event ahead\"><a").count(), 0, "all cards are in");
    assert!(page.contains("Now account 42 holds 250.00.") && !page.contains("a kept run"));
    assert!(!page.contains(" style=\"") && page.contains("data-address=\"/replay?\""));
}

#[test]
fn a_cursor_in_the_stream_leaves_what_comes_after_it_ahead() {
    let page = asked(|asked| asked.at_sequence = Some(3));
    assert!(page.contains("State after event 3 of 4") && page.contains("200.00 − 50.00 = 150.00"), "{page}");
    assert_eq!(page.matches("class=\"event ahead\"><a").count(), 1);
    assert_eq!(page.matches("aria-current=\"step\"").count(), 1);
    let before = asked_at_beginning();
    assert!(before.contains("State before event 1 of 4") && before.contains("class=\"balance\">–</p>"));
    assert_eq!(before.matches("class=\"event ahead\"><a").count(), 4);
}

fn asked_at_beginning() -> String {
    asked(|asked| asked.at_sequence = Some(0))
}

#[test]
fn a_moment_is_asked_for_in_words_by_clock_and_by_position() {
    let held = "At 15:00 yesterday account 42 held 200.00.";
    for words in ["yesterday 15:00", "3 p.m. yesterday", "2026-11-28T15:00:00Z"] {
        let page = asked(|asked| asked.at = Some(words.into()));
        assert!(page.contains(held), "{words}");
        assert!(page.contains("data-address=\"/replay?at=2026-11-28T15:00:00Z\""), "as machines write it: {words}");
    }
    let page = asked(|asked| asked.position = Some(2));
    assert!(page.contains("After position 2 account 42 held 200.00: its own event 2 was the last before that."));
    assert!(asked(|asked| asked.at = Some("yesterday 8:00".into())).contains("there was no account 42 yet"));
    let unclear = asked(|asked| asked.at = Some("<soon>".into()));
    assert!(unclear.contains("“&lt;soon&gt;” is no moment known here.") && unclear.contains("Now account 42 holds"));
}

#[test]
fn of_an_account_whose_beginning_is_not_at_hand_nothing_is_made_up() {
    let cut = |change: fn(&mut ReplayAsked)| {
        let mut shown = view(ReplayAsked::default());
        shown.entries.retain(|entry| entry.account_id == 42 && entry.sequence > 2);
        shown.cut = true;
        change(&mut shown.asked);
        page(shown)
    };
    let whole = cut(|_| {});
    assert!(whole.contains("Events 1 to 2 are not at hand here: only the newest are."), "{whole}");
    assert!(whole.contains("State after event 4 of 4") && whole.contains(">4 of 4<"));
    assert!(whole.contains("Now account 42 holds 250.00.") && whole.contains("Events 1 to 2 +200.00"));
    assert!(whole.contains("Now the bank knows that account 42 holds 250.00.") && whole.contains("= 250.00"));
    assert!(!whole.contains("no account 42"));

    let before = cut(|asked| asked.at_sequence = Some(2));
    assert!(before.contains("State before event 3 of 4") && before.contains("class=\"balance\">200.00</p>"));
    assert!(before.contains("Events 1 to 2 are not at hand here; this is what they come to."));
    assert!(!before.contains("there is no account"));

    let early = cut(|asked| (asked.at, asked.about) = (Some("yesterday 13:00".into()), Some("yesterday 13:00".into())));
    assert!(
        early.contains("What account 42 held at 13:00 yesterday is not at hand here: its events are, from event 3 on.")
    );
    assert!(early.contains("it takes earlier events.") && early.contains("= –"));
    let position = cut(|asked| asked.position = Some(2));
    assert!(position.contains("What account 42 held after position 2 is not at hand here"), "{position}");
}

#[test]
fn an_account_that_is_not_there_is_named() {
    let page = asked(|asked| asked.account = Some(99));
    assert!(page.contains("There is no account 99 here. Below is account 42."), "{page}");
    assert!(page.contains("data-address=\"/replay?account=99\""));
    assert!(!asked(|asked| asked.account = Some(44)).contains("There is no account"));
}

#[test]
fn an_entry_is_offered_for_correction_as_it_stands_by_now() {
    let page = asked(|asked| asked.account = Some(44));
    assert!(page.contains("3 · MoneyWithdrawn 180.00") && page.contains("2 · MoneyDeposited 500.00"), "{page}");
}

#[test]
fn the_past_has_two_answers_before_and_after_a_correction() {
    let monday = |believed: Option<&str>| {
        asked(|asked| {
            asked.account = Some(44);
            asked.about = Some("2026-11-16T20:00:00Z".into());
            asked.believed = believed.map(Into::into);
        })
    };
    let then = monday(Some("2026-11-17T12:00:00Z"));
    assert!(
        then.contains("At 12:00 on Tuesday 17 November the bank believed that account 44 held 420.00 at 20:00 on Monday 16 November."),
        "{then}"
    );
    assert!(then.contains("not recorded yet") && then.contains("What did the bank believe on Tuesday about Monday?"));
    let now = monday(None);
    assert!(now.contains("Now the bank knows that account 44 held 320.00 at 20:00 on Monday 16 November."));
    assert!(now.contains("Event 3 should have been 180.00. The difference, −100.00, is posted now"));
    let other = page(view(ReplayAsked::default()));
    assert!(
        other.contains("href=\"/replay?account=44#believed\"") || other.contains("account=44#believed"),
        "the way there"
    );
}

fn build(build: i64, state: &str, logic: &str) -> Build {
    let (projection, state, logic) = ("balances".into(), state.into(), logic.into());
    Build { projection, build, logic, position: 8, end: 8, state, ..Build::default() }
}

fn balance(build: i64, account_id: i64, balance_minor: i64) -> BalanceRow {
    BalanceRow { build, account_id, balance_minor, entries: 3 }
}

#[test]
fn a_wrong_read_model_is_seen_beside_the_streams_and_beside_its_mended_build() {
    let mut shown = view(ReplayAsked::default());
    shown.builds = vec![build(1, "live", "by day and amount")];
    shown.balances = vec![balance(1, 42, 25_000), balance(1, 44, 24_500)];
    let alone = page(shown.clone());
    assert!(alone.contains("1 row is not what its stream says.") && alone.contains("differs by +75.00"), "{alone}");
    shown.builds.push(build(2, "ready", "by event id"));
    shown.balances.extend([balance(2, 42, 25_000), balance(2, 44, 32_000)]);
    let both = page(shown.clone());
    assert!(both.contains("Old and new differ in 1 row.") && both.contains("Switch balances"));
    let (wrong, right) = (both.find("<th scope=\"row\">44</th>"), both.find("<th scope=\"row\">42</th>"));
    assert!(wrong < right && wrong.is_some(), "what differs comes first");
    shown.builds = vec![build(2, "live", "by event id")];
    assert!(page(shown.clone()).contains("Every row is what the streams say."));
    shown.cut = true;
    let cut = page(shown);
    assert!(!cut.contains("Every row is") && cut.contains("while all events of all accounts are at hand"));
}

#[test]
fn how_fast_a_build_goes_is_said_with_what_it_is_held_to() {
    let mut shown = view(ReplayAsked::default());
    let free = Build { took_in: Some(80), took_us: Some(5_000), ..build(1, "live", "") };
    let held = Build {
        events_per_second: Some(50),
        took_in: Some(5),
        took_us: Some(100_000),
        position: 5,
        ..build(2, "building", "")
    };
    shown.builds = vec![free, held];
    let page = page(shown);
    assert!(page.contains("16,000 events a second, measured over 5 ms<"), "{page}");
    assert!(page.contains("50 events a second, measured over 100 ms; held to 50 so that it can be watched"));
    assert!(page.contains("at 50 events a second, to be watched") && page.contains("<progress"));
}

#[test]
fn what_breaks_in_a_reader_says_where_and_why() {
    let mut shown = view(ReplayAsked { account: Some(43), ..ReplayAsked::default() });
    let old = Entry { schema: 1, ..entry(43, 1, "AccountCreated", 0, 0, "2026-08-30T09:00:00Z") };
    shown.entries.extend([old, entry(43, 2, "MoneyDeposited", 30_000, 30_000, "2026-09-01T09:00:00Z")]);
    let reading = |sequence, reader: &str, outcome: &str, balance_minor| Reading {
        account_id: 43,
        sequence,
        reader: reader.into(),
        schema: 1,
        outcome: outcome.into(),
        detail: if outcome == "broken" { "there is no upcaster".into() } else { String::new() },
        balance_minor,
    };
    shown.readings = vec![
        reading(1, "v1", "read", Some(0)),
        reading(2, "v1", "broken", None),
        reading(1, "v3", "upcast", Some(0)),
        reading(2, "v3", "read", Some(30_000)),
    ];
    let page = page(shown);
    assert!(page.contains("there is no upcaster") && page.contains("none: breaks at event 2"), "{page}");
    assert!(page.contains("lifted") && page.contains("not read") && page.contains("43"));
}

#[test]
fn a_kept_run_takes_no_commands_and_says_so() {
    let page = page(ReplayView { kept: true, ..view(ReplayAsked::default()) });
    assert!(page.contains("This is a kept run") && page.contains("/api/runs/0000/services/accounts/tables/statement"));
    for command in ["data-does=\"money\"", "data-does=\"correct\"", "data-does=\"write\"", "data-command"] {
        assert!(!page.contains(command), "{command}");
    }
}

#[test]
fn the_audit_says_who_why_and_by_which_command() {
    let mut shown = view(ReplayAsked::default());
    let [command, trace] = ["6f2c9a1e-0000-4000-8000-000000000001", "0b7d3c55-0000-5000-8000-000000000002"];
    shown.entries.push(Entry {
        command_id: Some(command.into()),
        correlation_id: Some(trace.into()),
        by_whom: Some("<Ada>".into()),
        why: Some("=rent".into()),
        ..entry(42, 5, "MoneyWithdrawn", -2_000, 23_000, "2026-11-29T18:00:00Z")
    });
    let page_of = page(shown.clone());
    assert!(page_of.contains(&format!("/playground?run=0000&amp;view=trace&amp;trace={trace}")), "{page_of}");
    assert!(page_of.contains("&lt;Ada&gt;") && page_of.contains("=rent") && page_of.contains("command 6f2c9a1e"));
    // Older runs do not say which trace it is.
    shown.entries.iter_mut().for_each(|entry| entry.correlation_id = None);
    let older = page(shown);
    assert!(!older.contains("view=trace") && older.contains("command 6f2c9a1e"));
}
