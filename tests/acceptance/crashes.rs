//! R1: what was acknowledged survives `kill -9` of the server, and of its services.

use crate::app::{App, NO_HURRY, Promises, Sandbox, in_time};
use crate::promised::Figure;
use fastrand::Rng;
use protocol::Uuid;
use serde_json::json;
use std::time::Duration;
use tokio::task::JoinSet;

/// Kills in the life of one sandbox: its stock lasts for about so long.
const KILLS_PER_SANDBOX: usize = 12;
const CRASHES_PER_SANDBOX: usize = 25;
const SANDBOXES: usize = 2;
const ORDERS_PER_ROUND: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn r1_a_hundred_kills_of_the_server_lose_no_acknowledged_order() {
    let mut figure = Figure::of("R1");
    kills(&NO_HURRY, &mut figure).await;
    figure.report("kills of the server lost an acknowledged order");
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_kills_of_the_server_with_services_as_processes_lose_no_acknowledged_order() {
    kills(&[&NO_HURRY[..], &["--isolation", "process"]].concat(), &mut Figure::fixed("R1", 12)).await;
}

async fn kills(args: &[&str], figure: &mut Figure) {
    let mut rng = seeded();
    let mut app = App::process(args).await;
    let (mut sandboxes, mut acknowledged, mut ends) = (vec![], vec![], (0, 0));
    for kill in 0.. {
        if figure.is_reached() {
            break;
        }
        if kill % KILLS_PER_SANDBOX == 0 {
            settle(&mut sandboxes, &mut acknowledged, &mut ends).await;
            let session = app.session();
            for _ in 0..SANDBOXES {
                let sandbox = session.sandbox().await;
                let share = json!({"kind": "decline-payments", "target": "payments", "strength": 30, "ttl_ms": null});
                sandbox.put_fault("some", share).await;
                sandboxes.push(sandbox);
                acknowledged.push(vec![]);
            }
        }
        let load = load(&sandboxes, &mut rng);
        // The moment of the kill is the point here, so this waits for no event.
        tokio::time::sleep(Duration::from_millis(rng.u64(5..250))).await;
        app.kill9().await;
        for (index, order) in load.join_all().await {
            acknowledged[index].extend(order);
        }
        if rng.u8(0..5) == 0 {
            let mut starting = app.spawn();
            tokio::time::sleep(Duration::from_millis(rng.u64(1..150))).await;
            starting.kill().await.expect("it can be killed");
        }
        app.start().await;
        figure.add(1);
    }
    settle(&mut sandboxes, &mut acknowledged, &mut ends).await;
    let (confirmed, cancelled) = ends;
    let kills = figure.seen() as usize;
    assert!(confirmed > kills && cancelled > kills / 4, "too little load to say anything");
    app.stop().await;
}

/// Orders, each of them asked for once; which sandbox, and whether it was acknowledged.
fn load(sandboxes: &[Sandbox], rng: &mut Rng) -> JoinSet<(usize, Option<Uuid>)> {
    let mut load = JoinSet::new();
    for (index, sandbox) in sandboxes.iter().enumerate() {
        for _ in 0..ORDERS_PER_ROUND {
            let (sandbox, pause) = (sandbox.clone(), Duration::from_millis(rng.u64(0..200)));
            load.spawn(async move {
                tokio::time::sleep(pause).await;
                (index, sandbox.try_place(Uuid::new_v4()).await)
            });
        }
    }
    load
}

/// Everything that was acknowledged came to its end. Then these sandboxes have done their work.
async fn settle(sandboxes: &mut Vec<Sandbox>, acknowledged: &mut Vec<Vec<Uuid>>, ends: &mut (usize, usize)) {
    for (sandbox, acknowledged) in sandboxes.drain(..).zip(acknowledged.drain(..)) {
        let promises = Promises::of(&sandbox).await;
        promises.kept(&acknowledged);
        ends.0 += promises.confirmed();
        ends.1 += promises.cancelled();
        sandbox.delete().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_crashes_of_services_lose_no_acknowledged_order() {
    let app = App::in_process(&NO_HURRY).await;
    let mut figure = Figure::of("R1 of services");
    crash_services(&app, &mut figure).await;
    figure.report("crashes of services lost an acknowledged order");
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_kills_of_service_processes_lose_no_acknowledged_order() {
    let mut app = App::process(&[&NO_HURRY[..], &["--isolation", "process"]].concat()).await;
    crash_services(&app, &mut Figure::fixed("R1", 12)).await;
    app.stop().await;
}

/// Half of them crash, half of them are restarted while they work.
async fn crash_services(app: &App, figure: &mut Figure) {
    let mut rng = seeded();
    let session = app.session();
    while !figure.is_reached() {
        let sandbox = session.sandbox().await;
        let mut acknowledged = vec![];
        for _ in 0..CRASHES_PER_SANDBOX {
            let load = load(std::slice::from_ref(&sandbox), &mut rng);
            let service = rng.choice(["orders", "inventory", "payments", "notifications"]).expect("four");
            tokio::time::sleep(Duration::from_millis(rng.u64(5..220))).await;
            if rng.bool() {
                sandbox.crash(service).await;
            }
            sandbox.restart(service).await;
            let orders = in_time("the load is through", load.join_all()).await;
            acknowledged.extend(orders.into_iter().map(|(_, order)| order.expect("202, whatever crashes")));
            figure.add(1);
        }
        let promises = Promises::of(&sandbox).await;
        promises.kept(&acknowledged);
        assert_eq!(promises.confirmed() + promises.cancelled(), acknowledged.len());
        sandbox.delete().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_orders_under_way_when_their_service_goes_are_asked_for_again() {
    let app = App::in_process(&NO_HURRY).await;
    let sandbox = app.session().sandbox().await;
    let mut acknowledged = vec![];
    for round in 0..60 {
        let orders = (0..8).map(|_| sandbox.place_order());
        let goes = async {
            if round % 2 == 0 {
                sandbox.crash("orders").await;
            }
            sandbox.restart("orders").await;
        };
        let (orders, ()) = tokio::join!(futures_util::future::join_all(orders), goes);
        acknowledged.extend(orders);
    }
    Promises::of(&sandbox).await.kept(&acknowledged);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_was_made_is_whole_however_soon_the_server_is_killed() {
    let mut app = App::process(&NO_HURRY).await;
    let session = app.session();
    for _ in 0..10 {
        let sandbox = session.sandbox().await;
        app.kill9().await;
        app.start().await;
        let order = sandbox.place_order().await;
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
        Promises::of(&sandbox).await;
        sandbox.delete().await;
    }
    app.stop().await;
}

/// `ACCEPTANCE_SEED` repeats a run.
fn seeded() -> Rng {
    let given = std::env::var("ACCEPTANCE_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    println!("ACCEPTANCE_SEED={seed}");
    Rng::with_seed(seed)
}
