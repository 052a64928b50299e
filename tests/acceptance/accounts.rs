//! The event-sourced accounts: what happened is kept, the balance is counted from it, read models
//! are built from it and built anew.

use crate::app::{App, NO_HURRY, Sandbox};
use protocol::{Observation, Recorded, Uuid};
use reqwest::Method;
use serde_json::{Map, Value, json};

type Row = Map<String, Value>;

async fn accounts() -> (App, Sandbox) {
    let app = App::in_process(&[]).await;
    let sandbox = with_a_past(&app).await;
    (app, sandbox)
}

/// A sandbox whose first day has begun.
async fn with_a_past(app: &App) -> Sandbox {
    let sandbox = app.session().sandbox_with("event-sourced-account").await;
    let seeded = |event: &Recorded| match &event.observation {
        Observation::TransactionCommitted { rows, .. } => rows.iter().any(|change| &*change.table == "statement"),
        _ => false,
    };
    sandbox.wait_for("the accounts have a past", seeded).await;
    sandbox
}

/// Gives a command and waits for what becomes of it: the reason, where it is refused.
async fn give(sandbox: &Sandbox, kind: &str, data: Value) -> Result<(), String> {
    give_again(sandbox, Uuid::new_v4(), kind, data).await
}

async fn give_again(sandbox: &Sandbox, id: Uuid, kind: &str, data: Value) -> Result<(), String> {
    let command = json!({"id": id, "type": kind, "data": data});
    let answer = sandbox.session().send(sandbox.request(Method::POST, "/commands").json(&command)).await;
    assert_eq!(answer.status(), 202, "{kind}");
    let answer: Value = answer.json().await.expect("JSON");
    let correlation = answer["correlation_id"].as_str().map(str::to_owned);
    let its = |event: &Recorded| event.correlation_id.map(|id| id.to_string()) == correlation;
    let ends = |event: &Recorded| its(event) && matches!(event.observation, Observation::ResponseReceived { .. });
    let end = sandbox.wait_for(&format!("{kind} is answered"), ends).await;
    match end.observation {
        Observation::ResponseReceived { status: 200, .. } => Ok(()),
        _ => {
            let said =
                |event: &Recorded| its(event) && matches!(event.observation, Observation::CommandRejected { .. });
            match sandbox.wait_for("it is told why", said).await.observation {
                Observation::CommandRejected { reason, .. } => Err(reason),
                _ => unreachable!("just looked for"),
            }
        }
    }
}

async fn of_account(sandbox: &Sandbox, table: &str, account: i64) -> Vec<Row> {
    let rows = sandbox.table("accounts", table).await;
    rows.into_iter().filter(|row| row["account_id"] == account).collect()
}

async fn statement(sandbox: &Sandbox, account: i64) -> Vec<Row> {
    of_account(sandbox, "statement", account).await
}

async fn balance(sandbox: &Sandbox, account: i64) -> i64 {
    statement(sandbox, account).await.last().and_then(|row| row["balance_minor"].as_i64()).expect("it has a balance")
}

/// The same as a kept run tells it: its rows are a fold of the record.
fn kept_statement(table: &str, account: i64) -> Vec<Row> {
    let table: Value = serde_json::from_str(table).expect("JSON");
    let columns = table["columns"].as_array().expect("columns");
    let names = || columns.iter().map(|name| name.as_str().unwrap_or_default().to_owned());
    let rows = table["rows"].as_array().expect("rows").iter();
    let mut rows: Vec<Row> =
        rows.map(|row| names().zip(row.as_array().expect("cells").iter().cloned()).collect()).collect();
    rows.retain(|row| row["account_id"] == account);
    rows.sort_by_key(|row| row["sequence"].as_i64());
    rows
}

/// Waits until the newest build of a projection stands so.
async fn built(sandbox: &Sandbox, projection: &str, state: &str) -> Row {
    let stands = |row: &Row| row["projection"] == projection && row["state"] == state;
    let noted = |event: &Recorded| match &event.observation {
        Observation::TransactionCommitted { rows, .. } => rows.iter().any(|change| {
            let after = change.after.as_ref();
            &*change.table == "projections"
                && after.is_some_and(|after| after["projection"] == projection && after["state"] == state)
        }),
        _ => false,
    };
    sandbox.wait_for(&format!("{projection} is {state}"), noted).await;
    let rows = sandbox.table("accounts", "projections").await;
    rows.into_iter().rfind(stands).expect("it is there")
}

#[tokio::test(flavor = "multi_thread")]
async fn account_42_holds_what_its_events_fold_to() {
    let (_app, sandbox) = accounts().await;
    let events: Vec<(Value, Value, Value)> = statement(&sandbox, 42)
        .await
        .into_iter()
        .map(|row| (row["event"].clone(), row["amount_minor"].clone(), row["balance_minor"].clone()))
        .collect();
    let expected = [
        ("AccountCreated", 0, 0),
        ("MoneyDeposited", 20_000, 20_000),
        ("MoneyWithdrawn", -5_000, 15_000),
        ("MoneyDeposited", 10_000, 25_000),
    ];
    assert_eq!(events, expected.map(|(event, amount, balance)| (json!(event), json!(amount), json!(balance))));

    give(&sandbox, "DepositMoney", json!({"account_id": 42, "amount_minor": 5_000})).await.expect("done");
    assert_eq!(balance(&sandbox, 42).await, 30_000);
    let refused = give(&sandbox, "WithdrawMoney", json!({"account_id": 42, "amount_minor": 30_001})).await;
    assert_eq!(refused, Err("account 42: it holds 300.00, and 300.01 cannot be taken out".to_owned()));
    assert_eq!(balance(&sandbox, 42).await, 30_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_is_published_and_says_who_did_it_and_by_which_command() {
    let (_app, sandbox) = accounts().await;
    let (id, data) =
        (Uuid::new_v4(), json!({"account_id": 42, "amount_minor": 100, "by": "teller 9", "why": "a coin"}));
    give_again(&sandbox, id, "DepositMoney", data.clone()).await.expect("done");
    let line = statement(&sandbox, 42).await.pop().expect("a line");
    assert_eq!((&line["by_whom"], &line["why"], &line["seeded"]), (&json!("teller 9"), &json!("a coin"), &json!(0)));
    assert_eq!(line["command_id"], id.to_string());
    let accepted =
        |event: &Recorded| matches!(&event.observation, Observation::CommandAccepted { command } if command.id == id);
    let trace = sandbox.wait_for("it is accepted", accepted).await.correlation_id.expect("it has a trace");
    assert_eq!(line["correlation_id"], trace.to_string());
    let page = sandbox.session().get_text("/replay?account=42").await;
    assert!(page.contains(&format!("view=trace&amp;trace={trace}")), "the audit leads to it");

    // The same command again is the same command.
    give_again(&sandbox, id, "DepositMoney", data).await.expect("done");
    assert_eq!(statement(&sandbox, 42).await.len(), 5);
    let published = |event: &Recorded| match &event.observation {
        Observation::MessagePublished { envelope, .. } => {
            (&*envelope.kind, &*envelope.subject) == ("MoneyDeposited", "account/42")
                && envelope.data["amount_minor"] == 100
        }
        _ => false,
    };
    assert_eq!(sandbox.record().await.iter().filter(|event| published(event)).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_with_a_sentence() {
    let (_app, sandbox) = accounts().await;
    for (kind, data, part) in [
        ("DepositMoney", json!({"account_id": 42, "amount_minor": 0}), "out of range"),
        ("DepositMoney", json!({"account_id": 0, "amount_minor": 1}), "There is no account 0"),
        ("DepositMoney", json!({"account_id": 42}), "It takes account_id and amount_minor"),
        ("BuildProjection", json!({"projection": "drop table"}), "There is no such projection"),
        ("CorrectEntry", json!({"account_id": 42, "sequence": -1, "amount_minor": 1}), "does not fit"),
    ] {
        let command = json!({"id": Uuid::new_v4(), "type": kind, "data": data});
        let problem = sandbox.session().refused(kind, sandbox.request(Method::POST, "/commands").json(&command)).await;
        assert_eq!(problem.status, 422, "{kind}");
        assert!(problem.detail.contains(part), "{}", problem.detail);
    }
    for (kind, data, reason) in [
        ("OpenAccount", json!({"account_id": 42}), "account 42: it is open already"),
        (
            "DepositMoney",
            json!({"account_id": 9, "amount_minor": 1}),
            "account 9: there is no such account: open it first",
        ),
        (
            "CorrectEntry",
            json!({"account_id": 42, "sequence": 1, "amount_minor": 1}),
            "account 42 has no deposit or withdrawal at 1",
        ),
        ("SwitchProjection", json!({"projection": "monthly"}), "no new build of monthly is ready: build it first"),
        ("CompareReaders", json!({"account_id": 9}), "account 9: there is no such account: open it first"),
        (
            "DepositMoney",
            json!({"account_id": 42, "amount_minor": 1, "value_date": "2999-01-01T00:00:00Z"}),
            "its value date lies in the future",
        ),
        (
            "DepositMoney",
            json!({"account_id": 42, "amount_minor": 1, "value_date": "1969-12-31T23:59:59Z"}),
            "1969-12-31T23:59:59Z is no date and time in UTC since 1970, as 2026-11-28T15:00:00Z is",
        ),
    ] {
        assert_eq!(give(&sandbox, kind, data).await, Err(reason.to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_writers_that_have_read_the_same_the_second_is_refused_and_tries_again() {
    let (_app, sandbox) = accounts().await;
    let withdraw = |sequence: u64| json!({"account_id": 42, "amount_minor": 10_000, "expected_sequence": sequence});
    give(&sandbox, "WithdrawMoney", withdraw(4)).await.expect("the first is done");
    let conflict = give(&sandbox, "WithdrawMoney", withdraw(4)).await.expect_err("the second is refused");
    assert!(conflict.contains("up to event 4, and it is at 5"), "{conflict}");
    let more = json!({"account_id": 42, "amount_minor": 20_000, "expected_sequence": 4});
    let conflict = give(&sandbox, "WithdrawMoney", more).await.expect_err("more than there is by now");
    assert!(conflict.contains("conflict: you have read account 42 up to event 4"), "{conflict}");
    assert_eq!(balance(&sandbox, 42).await, 15_000);
    give(&sandbox, "WithdrawMoney", withdraw(5)).await.expect("having read it again, it is done");
    assert_eq!(balance(&sandbox, 42).await, 5_000);
}

/// What was believed at some time about another: the sum of what was recorded by the one and counts from the other.
fn believed(statement: &[Row], recorded_by: &str, about: &str) -> i64 {
    let before = |row: &&Row| {
        row["recorded_at"].as_str().is_some_and(|at| at <= recorded_by)
            && row["value_date"].as_str().is_some_and(|at| at <= about)
    };
    statement.iter().filter(before).filter_map(|row| row["amount_minor"].as_i64()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_believed_on_tuesday_about_monday_is_still_known() {
    let (_app, sandbox) = accounts().await;
    let lines = statement(&sandbox, 44).await;
    let monday = lines[0]["recorded_at"].as_str().and_then(|at| at.get(..10)).expect("a day");
    let correction = lines.last().and_then(|row| row["recorded_at"].as_str()).expect("a moment");
    let evening = format!("{monday}T20:00:00Z");
    // Any moment before the correction stands for Tuesday.
    assert_eq!(believed(&lines, &evening, &evening), 42_000);
    assert_eq!(believed(&lines, correction, &evening), 32_000);

    give(&sandbox, "CorrectEntry", json!({"account_id": 44, "sequence": 2, "amount_minor": 60_000}))
        .await
        .expect("done");
    let lines = statement(&sandbox, 44).await;
    let line = lines.last().expect("a line");
    assert_eq!(
        (&line["event"], &line["amount_minor"], &line["corrects"]),
        (&json!("EntryCorrected"), &json!(10_000), &json!(2))
    );
    assert_eq!(line["value_date"], lines[1]["value_date"], "it counts from when the entry did");
    assert_eq!(believed(&lines, "9999", &evening), 42_000);
    assert_eq!(believed(&lines, correction, &evening), 32_000, "what was believed before is not changed by it");
    // Corrected once more, it is the difference to what stands by now.
    give(&sandbox, "CorrectEntry", json!({"account_id": 44, "sequence": 2, "amount_minor": 50_000}))
        .await
        .expect("done");
    assert_eq!(believed(&statement(&sandbox, 44).await, "9999", &evening), 32_000);
}

/// Balances by account, of a build.
async fn balances(sandbox: &Sandbox, build: &Value) -> Vec<(i64, i64)> {
    let rows = sandbox.table("accounts", "balances").await;
    let of_build = rows.iter().filter(|row| row["build"] == *build);
    of_build.filter_map(|row| Some((row["account_id"].as_i64()?, row["balance_minor"].as_i64()?))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bug_in_a_projection_is_fixed_by_building_it_anew_and_only_what_was_wrong_changes() {
    let (_app, sandbox) = accounts().await;
    let old = balances(&sandbox, &json!(1)).await;
    assert!(old.contains(&(43, 32_750)), "the bug leaves 75.00 out: {old:?}");

    // With the bug still in, it comes out the same.
    give(&sandbox, "BuildProjection", json!({"projection": "balances"})).await.expect("begun");
    let build = built(&sandbox, "balances", "ready").await;
    assert_eq!((&build["build"], &build["logic"]), (&json!(2), &json!("by day and amount")));
    assert_eq!(balances(&sandbox, &build["build"]).await, old);

    sandbox.switch("distinct-by-event-id", true).await;
    give(&sandbox, "BuildProjection", json!({"projection": "balances"})).await.expect("begun");
    let fixed = |event: &Recorded| match &event.observation {
        Observation::TransactionCommitted { rows, .. } => rows.iter().any(|change| {
            let after = change.after.as_ref();
            &*change.table == "projections"
                && after.is_some_and(|after| after["build"] == 3 && after["state"] == "ready")
        }),
        _ => false,
    };
    sandbox.wait_for("the fixed build is ready", fixed).await;
    let new = balances(&sandbox, &json!(3)).await;
    let differ: Vec<_> = old.iter().zip(&new).filter(|(old, new)| old != new).collect();
    assert_eq!(differ, [(&(43, 32_750), &(43, 40_250))]);
    assert!(balances(&sandbox, &json!(2)).await.is_empty(), "the build nobody switched to is gone");

    // Both follow what is new, the one that is read and the one that waits.
    give(&sandbox, "DepositMoney", json!({"account_id": 43, "amount_minor": 100})).await.expect("done");
    let caught_up = |event: &Recorded| match &event.observation {
        Observation::TransactionCommitted { rows, .. } => rows.iter().any(|change| {
            &*change.table == "balances" && change.after.as_ref().is_some_and(|row| row["balance_minor"] == 40_350)
        }),
        _ => false,
    };
    sandbox.wait_for("it follows", caught_up).await;
    give(&sandbox, "SwitchProjection", json!({"projection": "balances"})).await.expect("done");
    let left = sandbox.table("accounts", "projections").await;
    assert_eq!(left.len(), 1);
    assert_eq!((&left[0]["build"], &left[0]["state"]), (&json!(3), &json!("live")));
    assert!(balances(&sandbox, &json!(1)).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projection_that_comes_later_catches_up_in_steps_and_survives_a_crash() {
    let (_app, sandbox) = accounts().await;
    give(&sandbox, "BuildProjection", json!({"projection": "monthly"})).await.expect("begun");
    sandbox.crash("accounts").await;
    sandbox.restart("accounts").await;
    let build = built(&sandbox, "monthly", "live").await;
    assert_eq!(build["position"], build["end"]);
    let steps = sandbox
        .record()
        .await
        .iter()
        .filter_map(|event| match &event.observation {
            Observation::TransactionCommitted { rows, .. } => {
                rows.iter().find(|change| change.key.starts_with("monthly/")).and_then(|change| change.after.clone())
            }
            _ => None,
        })
        .filter_map(|row| row["position"].as_i64())
        .collect::<Vec<_>>();
    assert!(steps.len() >= 3 && steps.is_sorted(), "{steps:?}");
    let paid_in: i64 =
        sandbox.table("accounts", "monthly").await.iter().filter_map(|row| row["paid_in_minor"].as_i64()).sum();
    let deposits = sandbox.table("accounts", "statement").await;
    let deposits: i64 =
        deposits.iter().filter_map(|row| row["amount_minor"].as_i64()).filter(|amount| *amount > 0).sum();
    assert_eq!(paid_in, deposits);

    // A correction changes the payment; none is made of it.
    let month = async |account: i64| {
        let row =
            of_account(&sandbox, "monthly", account).await.into_iter().rfind(|row| row["build"] == build["build"]);
        row.map(|row| (row["paid_in_minor"].clone(), row["paid_out_minor"].clone())).expect("it is there")
    };
    assert_eq!(month(42).await, (json!(30_000), json!(5_000)));
    give(&sandbox, "CorrectEntry", json!({"account_id": 42, "sequence": 4, "amount_minor": 1_000}))
        .await
        .expect("done");
    let corrected = |event: &Recorded| match &event.observation {
        Observation::TransactionCommitted { rows, .. } => rows.iter().any(|change| {
            &*change.table == "monthly" && change.after.as_ref().is_some_and(|row| row["paid_in_minor"] == 21_000)
        }),
        _ => false,
    };
    sandbox.wait_for("monthly follows", corrected).await;
    assert_eq!(month(42).await, (json!(21_000), json!(5_000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_is_held_to_a_pace_is_no_faster_and_says_what_it_took() {
    let (_app, sandbox) = accounts().await;
    let pace = 400;
    let data = json!({"projection": "activity", "events_per_second": pace});
    give(&sandbox, "BuildProjection", data).await.expect("begun");
    let build = built(&sandbox, "activity", "live").await;
    assert_eq!((&build["position"], &build["events_per_second"]), (&build["end"], &json!(pace)));
    let number = |name: &str| build[name].as_i64().expect("a number");
    let (took_in, took_us) = (number("took_in"), number("took_us"));
    assert_eq!(took_in, number("end"));
    assert!(took_in * 1_000_000 / took_us <= pace, "{took_in} events in {took_us} µs");
    let page = sandbox.session().get_text("/replay").await;
    assert!(page.contains("held to 400 so that it can be watched"));

    // Another one of the same model waits for its turn, and a free one does not.
    give(&sandbox, "BuildProjection", json!({"projection": "activity", "events_per_second": 1})).await.expect("begun");
    give(&sandbox, "BuildProjection", json!({"projection": "balances"})).await.expect("begun");
    built(&sandbox, "balances", "ready").await;
    let slow = sandbox.table("accounts", "projections").await;
    let slow = slow.iter().find(|row| row["projection"] == "activity" && row["build"] == 2).expect("it is there");
    assert_eq!(slow["state"], "building");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_account_has_snapshots_and_its_rows_are_had_by_themselves() {
    let app = App::in_process(&NO_HURRY).await;
    let sandbox = with_a_past(&app).await;
    for _ in 0..100 {
        let data = json!({"account_id": 42, "amount_minor": 100});
        let command = json!({"id": Uuid::new_v4(), "type": "DepositMoney", "data": data});
        sandbox.session().send(sandbox.request(Method::POST, "/commands").json(&command)).await;
    }
    sandbox.at_rest().await;
    let snapshots = sandbox.table("accounts", "snapshot").await;
    let of = |row: &Row| (row["stream"].clone(), row["version"].clone());
    assert_eq!(snapshots.iter().map(of).collect::<Vec<_>>(), [(json!(42), json!(100))]);
    // What is loaded after a crash begins with it.
    sandbox.crash("accounts").await;
    sandbox.restart("accounts").await;
    give(&sandbox, "WithdrawMoney", json!({"account_id": 42, "amount_minor": 35_000})).await.expect("it holds 350.00");
    assert_eq!(balance(&sandbox, 42).await, 0);

    sandbox.at_rest().await;
    let lines = statement(&sandbox, 42).await;
    assert_eq!(lines.len(), 105);
    let run = sandbox.session().keep(&sandbox, "a long life", None).await;
    let under = "/services/accounts/tables/statement?key=42";
    let end = sandbox.position().await;
    let look = async |path: String| {
        let answer = sandbox.session().send(sandbox.request(Method::GET, &path)).await;
        answer.text().await.expect("text")
    };
    let (live, then) = (look(under.into()).await, look(format!("{under}&at={end}")).await);
    for table in [live, then, run.text(under).await] {
        let rows: Value = serde_json::from_str(&table).expect("JSON");
        assert_eq!(rows["rows"].as_array().map(Vec::len), Some(105), "of no other account");
        assert_eq!(kept_statement(&table, 42), lines);
    }
    let one: Value = serde_json::from_str(&look(format!("{under}/105")).await).expect("JSON");
    assert_eq!(one["rows"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_upcaster_off_what_is_older_breaks_and_says_so_and_on_again_all_is_well() {
    let (_app, sandbox) = accounts().await;
    give(&sandbox, "DepositMoney", json!({"account_id": 43, "amount_minor": 100})).await.expect("with all on, done");
    sandbox.switch("upcast-v1", false).await;
    let refused = give(&sandbox, "DepositMoney", json!({"account_id": 43, "amount_minor": 100})).await;
    let why = "account 43: its event 2 cannot be read: the upcaster upcast-v1 is switched off";
    assert_eq!(refused, Err(why.to_owned()));
    give(&sandbox, "DepositMoney", json!({"account_id": 42, "amount_minor": 100})).await.expect("nothing of it is old");
    give(&sandbox, "BuildProjection", json!({"projection": "activity"})).await.expect("begun");
    let stuck = built(&sandbox, "activity", "stuck").await;
    assert!(stuck["detail"].as_str().is_some_and(|why| why.contains("upcast-v1 is switched off")), "{stuck:?}");

    sandbox.switch("upcast-v1", true).await;
    give(&sandbox, "DepositMoney", json!({"account_id": 43, "amount_minor": 100})).await.expect("on again, done");
    give(&sandbox, "BuildProjection", json!({"projection": "activity"})).await.expect("begun");
    built(&sandbox, "activity", "live").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_of_each_age_read_what_is_older_and_break_at_what_is_newer() {
    let (_app, sandbox) = accounts().await;
    give(&sandbox, "CompareReaders", json!({"account_id": 43})).await.expect("done");
    let readings = of_account(&sandbox, "readings", 43).await;
    let outcomes = |reader: &str| -> Vec<String> {
        let rows = readings.iter().filter(|row| row["reader"] == reader);
        rows.filter_map(|row| row["outcome"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(outcomes("v1"), ["read", "read", "read", "broken", "broken", "broken", "broken"]);
    assert_eq!(outcomes("v2"), ["read", "upcast", "upcast", "read", "read", "read", "broken"]);
    assert_eq!(outcomes("v3"), ["read", "upcast", "upcast", "upcast", "upcast", "upcast", "read"]);
    let last = readings.iter().rfind(|row| row["reader"] == "v3").expect("it read on");
    assert_eq!(last["balance_minor"], 40_250);

    sandbox.switch("upcast-v2", false).await;
    give(&sandbox, "CompareReaders", json!({"account_id": 43})).await.expect("done");
    let readings = of_account(&sandbox, "readings", 43).await;
    let broken = readings.iter().filter(|row| row["reader"] == "v3" && row["outcome"] == "broken").count();
    assert_eq!((readings.len(), broken), (21, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_nothing_that_was_acknowledged_and_a_kept_run_shows_the_same() {
    let mut app = App::process(&[]).await;
    let sandbox = with_a_past(&app).await;
    for _ in 0..5 {
        give(&sandbox, "DepositMoney", json!({"account_id": 42, "amount_minor": 1_000})).await.expect("done");
    }
    app.kill9().await;
    app.start().await;
    assert_eq!(balance(&sandbox, 42).await, 30_000);
    give(&sandbox, "WithdrawMoney", json!({"account_id": 42, "amount_minor": 30_000})).await.expect("done");
    sandbox.at_rest().await;

    let run = sandbox.session().keep(&sandbox, "a life", None).await;
    let lines = statement(&sandbox, 42).await;
    assert_eq!(lines.len(), 10);
    assert_eq!(kept_statement(&run.text("/services/accounts/tables/statement").await, 42), lines);
    let imported = sandbox.session().import(run.export().await).await;
    assert_eq!(kept_statement(&imported.text("/services/accounts/tables/statement").await, 42), lines);
    app.stop().await;
}
