//! R8 and R9: each client's stream equals the record.

use crate::app::{App, Event, NO_HURRY, Promises, Sandbox, in_time};
use fastrand::Rng;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What a client has seen: every position with the hash of its line.
#[derive(Default)]
struct Seen(Vec<(u64, u64)>);

impl Seen {
    fn last(&self) -> u64 {
        self.0.last().map_or(0, |(position, _)| *position)
    }

    fn take(&mut self, event: &Event) {
        self.0.push((event.position, hash(&event.line)));
    }

    fn assert_is(&self, lines: &[String]) {
        let record: Vec<(u64, u64)> = (1..).zip(lines).map(|(position, line)| (position, hash(line))).collect();
        let wrong = self.0.iter().zip(&record).position(|(seen, recorded)| seen != recorded);
        assert_eq!(wrong, None, "not what was recorded");
        assert_eq!(self.0.len(), record.len());
    }
}

fn hash(line: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish()
}

#[tokio::test(flavor = "multi_thread")]
async fn r8_a_thousand_reconnects_lose_and_repeat_nothing() {
    const CLIENTS: usize = 50;
    const RECONNECTS: usize = 20;
    let app = App::in_process(&NO_HURRY).await;
    let sandbox = app.session().sandbox().await;
    let (reconnects, end) = (Arc::new(AtomicUsize::new(0)), watch::Sender::new(None));
    let mut clients = JoinSet::new();
    for seed in 0..CLIENTS {
        let (sandbox, reconnects, end) = (sandbox.clone(), reconnects.clone(), end.subscribe());
        clients.spawn(async move {
            let (mut rng, mut seen) = (Rng::with_seed(seed as u64), Seen::default());
            for _ in 0..RECONNECTS {
                let mut events = sandbox.events(seen.last()).await;
                for _ in 0..rng.u32(0..40) {
                    seen.take(&events.next().await.expect("an event"));
                }
                reconnects.fetch_add(1, Ordering::Relaxed);
            }
            follow(&sandbox, &mut seen, end).await;
            seen
        });
    }
    // Orders run for as long as somebody has reconnects left.
    while reconnects.load(Ordering::Relaxed) < CLIENTS * RECONNECTS {
        // None can be through yet: whoever has ended has failed.
        if let Some(ended) = clients.try_join_next() {
            ended.expect("a client that goes on");
        }
        let order = sandbox.place_order().await;
        sandbox.place_order().await;
        sandbox.outcome(order).await;
    }
    sandbox.at_rest().await;
    let lines = sandbox.lines().await;
    end.send_replace(Some(lines.len() as u64));
    for seen in in_time("all clients are at the end", clients.join_all()).await {
        seen.assert_is(&lines);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r9_fifty_restarts_of_the_server_lose_and_repeat_nothing() {
    const RESTARTS: usize = 50;
    const CLIENTS: usize = 6;
    let mut app = App::process(&NO_HURRY).await;
    let sandbox = app.session().sandbox().await;
    let (progress, end) = (watch::Sender::new(0), watch::Sender::new(None));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (sandbox, end, progress) = (sandbox.clone(), end.subscribe(), progress.clone());
        clients.spawn(async move {
            let mut seen = Seen::default();
            let mut base = sandbox.session().base();
            while end.borrow().is_none_or(|end| seen.last() < end) {
                base.borrow_and_update();
                if let Some(mut events) = sandbox.try_events(seen.last()).await {
                    read(&mut events, &mut seen, end.clone(), &progress).await;
                    if end.borrow().is_some_and(|end| seen.last() >= end) {
                        break;
                    }
                } else {
                    in_time("the server is back", base.changed()).await.expect("the test goes on");
                }
            }
            seen
        });
    }
    let mut acknowledged = vec![];
    for round in 0..RESTARTS {
        let before = *progress.borrow();
        for _ in 0..2 {
            acknowledged.extend(sandbox.try_place(uuid::Uuid::new_v4()).await);
        }
        // Somebody has seen some of it when the server goes.
        let mut seen = progress.subscribe();
        in_time("events arrive", seen.wait_for(|seen| *seen > before + 5)).await.expect("the test goes on");
        if round % 2 == 0 {
            app.kill9().await;
        } else {
            app.stop().await;
        }
        app.start().await;
    }
    assert_eq!(acknowledged.len(), 2 * RESTARTS);
    Promises::of(&sandbox).await.kept(&acknowledged);
    let lines = sandbox.lines().await;
    end.send_replace(Some(lines.len() as u64));
    for seen in in_time("all clients are at the end", clients.join_all()).await {
        seen.assert_is(&lines);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r9_a_client_that_does_not_read_for_ten_thousand_events_gets_all_of_them() {
    let app = App::in_process(&[&NO_HURRY[..], &["--service-batch", "64"]].concat()).await;
    let sandbox = app.session().sandbox().await;
    let mut slow = vec![];
    for _ in 0..3 {
        let (mut events, mut seen) = (sandbox.events(0).await, Seen::default());
        seen.take(&events.next().await.expect("an event"));
        slow.push((events, seen));
    }
    for _ in 0..70 {
        futures_util::future::join_all((0..16).map(|_| sandbox.place_order())).await;
    }
    sandbox.at_rest().await;
    let lines = sandbox.lines().await;
    assert!(lines.len() > 10_000, "{}", lines.len());
    for (mut events, mut seen) in slow {
        while seen.last() < lines.len() as u64 {
            seen.take(&events.next().await.expect("an event"));
        }
        seen.assert_is(&lines);
    }
    let orders = sandbox.table("orders", "orders").await;
    assert_eq!(orders.len(), 1000, "a look shows the newest");
    assert_eq!(sandbox.table_at("orders", "orders", lines.len() as u64).await, orders);
}

/// Reads one stream after the other until the end of the record.
async fn follow(sandbox: &Sandbox, seen: &mut Seen, end: watch::Receiver<Option<u64>>) {
    let progress = watch::Sender::new(0);
    while end.borrow().is_none_or(|end| seen.last() < end) {
        let mut events = sandbox.events(seen.last()).await;
        read(&mut events, seen, end.clone(), &progress).await;
    }
}

/// Reads until the stream ends, or the record.
async fn read(
    events: &mut crate::app::Events,
    seen: &mut Seen,
    mut end: watch::Receiver<Option<u64>>,
    progress: &watch::Sender<u64>,
) {
    while end.borrow_and_update().is_none_or(|end| seen.last() < end) {
        tokio::select! {
            event = events.next() => {
                let Some(event) = event else { return };
                seen.take(&event);
                progress.send_if_modified(|most| std::mem::replace(most, (*most).max(event.position)) < event.position);
            }
            _ = end.changed() => {}
        }
    }
}
