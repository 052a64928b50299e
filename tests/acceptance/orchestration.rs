//! The orchestrated saga: one service leads, and what it does not hear of waits for it.

use crate::app::{App, Promises, Sandbox};
use protocol::{Observation, Recorded, Uuid};
use serde_json::json;

async fn sandbox(app: &App) -> Sandbox {
    app.session().sandbox_with("saga-orchestration").await
}

/// What the orchestrator noted, in order: what it asked for, what was done, what was taken back.
fn notes(record: &[Recorded]) -> Vec<String> {
    let note = |event: &Recorded| match &event.observation {
        Observation::SagaStepStarted { step, .. } => Some(format!("ask {step}")),
        Observation::SagaStepCompleted { step, .. } => Some(format!("done {step}")),
        Observation::SagaStepCompensated { step, .. } => Some(format!("undone {step}")),
        Observation::StateChanged { entity, to, .. } if &**entity == "saga" => Some(to.to_string()),
        _ => None,
    };
    record.iter().filter_map(note).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_led_from_step_to_step_until_it_is_confirmed_and_sold() {
    let app = App::in_process(&[]).await;
    let sandbox = sandbox(&app).await;
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    let promises = Promises::of(&sandbox).await;
    assert_eq!((promises.confirmed(), sandbox.stock().await), (1, 99));
    let noted = notes(&sandbox.record().await);
    let steps = ["reserve-stock", "charge-card", "confirm-order", "sell-stock"];
    let led = steps.iter().flat_map(|step| [format!("ask {step}"), format!("done {step}")]);
    let expected: Vec<String> = ["RUNNING".to_owned(), "done create-order".to_owned()]
        .into_iter()
        .chain(led)
        .chain(["COMPLETED".to_owned()])
        .collect();
    assert_eq!(noted, expected);
    let log = sandbox.table("saga-orchestrator", "saga_log").await;
    assert_eq!(log.len(), 10, "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_card_takes_back_what_was_done_in_reverse() {
    let app = App::in_process(&[]).await;
    let sandbox = sandbox(&app).await;
    sandbox.put_fault("no-money", json!({"kind": "decline-payments", "target": "payments", "ttl_ms": null})).await;
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CANCELLED");
    let promises = Promises::of(&sandbox).await;
    assert_eq!((promises.cancelled(), sandbox.stock().await), (1, 100));
    let noted = notes(&sandbox.record().await);
    let after = noted.iter().position(|note| note == "COMPENSATING").expect("it goes back");
    let back = ["ask release-stock", "undone reserve-stock", "ask cancel-order", "undone create-order", "COMPENSATED"];
    assert_eq!(noted[after + 1..], back);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_is_sold_out_only_the_order_is_taken_back() {
    let app = App::in_process(&[]).await;
    let sandbox = sandbox(&app).await;
    sandbox.session().send(sandbox.place(protocol::Uuid::new_v4(), 101)).await;
    let promises = Promises::of(&sandbox).await;
    assert_eq!((promises.cancelled(), sandbox.stock().await), (1, 100));
    assert!(!notes(&sandbox.record().await).contains(&"ask release-stock".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_one_orchestrator_sagas_stop_and_go_on_once_it_is_back() {
    let mut app = App::process(&[]).await;
    let sandbox = sandbox(&app).await;
    sandbox.crash("saga-orchestrator").await;
    let mut orders = vec![];
    for _ in 0..3 {
        orders.push(sandbox.place_order().await);
    }
    sandbox.wait_until("three wait for their leader", |state| state.sagas.pending == 3).await;
    app.kill9().await;
    app.start().await;
    sandbox.restart("saga-orchestrator").await;
    for order in orders {
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    }
    assert_eq!(Promises::of(&sandbox).await.confirmed(), 3);
    assert_eq!(sandbox.stock().await, 97);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_in_the_middle_of_sagas_sees_each_of_them_through_once() {
    let mut app = App::process(&[]).await;
    let sandbox = sandbox(&app).await;
    let mut orders = vec![];
    for _ in 0..10 {
        orders.push(sandbox.place_order().await);
    }
    app.kill9().await;
    app.start().await;
    for order in orders {
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    }
    assert_eq!(Promises::of(&sandbox).await.confirmed(), 10);
    assert_eq!(sandbox.stock().await, 90);
}

/// The ids of the messages of a type.
fn ids(record: &[Recorded], kind: &str) -> Vec<Uuid> {
    let messages = record.iter().filter_map(|event| event.observation.message());
    messages.filter(|envelope| &*envelope.kind == kind).map(|envelope| envelope.id).collect()
}

fn becomes(state: &'static str) -> impl Fn(&Recorded) -> bool {
    move |event| matches!(&event.observation, Observation::StateChanged { entity, to, .. } if &**entity == "saga" && **to == *state)
}

async fn pause(sandbox: &Sandbox, service: &str) {
    sandbox.put_fault("asleep", json!({"kind": "pause", "target": service, "ttl_ms": null})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_answered_in_time_is_asked_for_again_with_the_same_message() {
    let app = App::in_process(&[]).await;
    let sandbox = sandbox(&app).await;
    pause(&sandbox, "payments").await;
    let order = sandbox.place_order().await;
    let again = |event: &Recorded| matches!(event.observation, Observation::SagaStepStarted { attempt: 2, .. });
    sandbox.wait_for("it asks again", again).await;
    sandbox.clear_fault("asleep").await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    let promises = Promises::of(&sandbox).await;
    assert_eq!((promises.confirmed(), sandbox.stock().await), (1, 99));
    let asked = ids(&sandbox.record().await, "ChargePayment");
    assert!(asked.len() >= 2 && asked.iter().all(|id| *id == asked[0]), "{asked:?}");
    assert_eq!(sandbox.table("payments", "payments").await.len(), 1, "charged once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_nobody_answers_is_taken_back_as_if_it_had_been_done() {
    let mut app = App::process(&[]).await;
    let sandbox = sandbox(&app).await;
    sandbox.crash("payments").await;
    let order = sandbox.place_order().await;
    let again = |event: &Recorded| matches!(event.observation, Observation::SagaStepStarted { attempt: 2, .. });
    sandbox.wait_for("it asks again", again).await;
    // Deadlines are in the orchestrator's own tables.
    app.kill9().await;
    app.start().await;
    sandbox.wait_for("it gives up", becomes("COMPENSATING")).await;
    sandbox.restart("payments").await;
    assert_eq!(sandbox.outcome(order).await, "CANCELLED");
    let promises = Promises::of(&sandbox).await;
    assert_eq!((promises.cancelled(), sandbox.stock().await), (1, 100));
    let statuses: Vec<_> =
        sandbox.table("payments", "payments").await.iter().map(|payment| payment["status"].clone()).collect();
    assert_eq!(statuses, ["REFUNDED"], "it was charged after all, and given back");
    let orders = sandbox.table("orders", "orders").await;
    assert_eq!(orders[0]["reason"], "no answer to charge-card, asked for 3 times");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compensation_nobody_carries_out_is_parked_until_a_person_has_it_go_on() {
    let app = App::in_process(&[]).await;
    let sandbox = sandbox(&app).await;
    sandbox.switch("compensation", false).await;
    sandbox.put_fault("no-money", json!({"kind": "decline-payments", "target": "payments", "ttl_ms": null})).await;
    let order = sandbox.place_order().await;
    let parked =
        sandbox.wait_for("it is parked", |event| matches!(event.observation, Observation::SagaParked { .. })).await;
    let Observation::SagaParked { id, step, attempt, reason } = parked.observation else { panic!("{parked:?}") };
    assert_eq!((id, &*step, attempt), (101, "release-stock", 5), "{reason}");
    assert_eq!(sandbox.table("inventory", "reservations").await[0]["status"], "HELD", "the case is open");
    sandbox.switch("compensation", true).await;
    sandbox.command("ResumeSaga", 101).await;
    assert_eq!(sandbox.outcome(order).await, "CANCELLED");
    let promises = Promises::of(&sandbox).await;
    assert_eq!((promises.cancelled(), sandbox.stock().await), (1, 100));
    let noted = notes(&sandbox.record().await);
    let parked = noted.iter().position(|note| note == "PARKED").expect("it was parked");
    let on = ["COMPENSATING", "ask release-stock", "undone reserve-stock", "ask cancel-order", "undone create-order"];
    assert_eq!(noted[parked + 1..parked + 6], on);

    sandbox.command("ResumeSaga", 101).await;
    let refused = |event: &Recorded| matches!(&event.observation, Observation::CommandRejected { reason, .. } if reason.contains("PARKED"));
    sandbox.wait_for("there is nothing to resume", refused).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_for_good_is_given_again_once_a_person_asks() {
    let app = App::in_process(&[]).await;
    let sandbox = sandbox(&app).await;
    // Without the outbox what gets lost is never said again; without its answer the saga can't go on.
    sandbox.switch("outbox", false).await;
    let lost =
        json!({"kind": "drop", "target": "topic:orders", "ttl_ms": null, "params": {"only": ["OrderConfirmed"]}});
    sandbox.put_fault("lossy", lost).await;
    sandbox.place_order().await;
    sandbox.wait_for("it is parked", becomes("PARKED")).await;
    sandbox.heal_all().await;
    sandbox.command("ResumeSaga", 101).await;
    sandbox.wait_for("it ends", becomes("COMPLETED")).await;
    assert_eq!(Promises::of(&sandbox).await.confirmed(), 1);
}
