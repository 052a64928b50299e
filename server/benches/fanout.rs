//! One record to many viewers: saturated, as a ratio to a bare axum `Sse` over a tokio
//! broadcast channel with the same events; and paced, as a latency.

mod report;

use axum::Router;
use axum::response::Sse;
use axum::response::sse::Event;
use axum::routing::get;
use futures_util::StreamExt;
use report::viewer::{Glass, Viewer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::broadcast;
use tokio::task::JoinSet;

const VIEWERS: usize = 1000;
const PACED_VIEWERS: usize = 100;
const PACED_ORDERS: u64 = 130;
const WARM_UP: u64 = 10;

fn main() -> anyhow::Result<()> {
    let orders = report::argument("--orders").unwrap_or(100);
    tokio::runtime::Runtime::new()?.block_on(async {
        let dir = report::temp_dir("fanout")?;
        let mut ratios = vec![];
        for round in 0..3 {
            let (events, ours) = saturated(&dir.join(round.to_string()), orders).await?;
            let bare = bare(&events).await?;
            println!("round {round}: {ours:.0} deliveries/s, bare axum {bare:.0}/s, {} events", events.len());
            ratios.push(ours / bare);
        }
        let mut p99s = vec![];
        for round in 0..3 {
            p99s.push(paced(&dir.join(format!("paced-{round}"))).await?);
        }
        std::fs::remove_dir_all(&dir)?;
        let latency = report::at_most("200 events/s to 100 viewers, p99 in ms", report::median(p99s), 5.0);
        let ratio = report::at_least("deliveries to 1,000 viewers, ratio to bare axum", report::median(ratios), 1.0);
        latency.and(ratio)
    })
}

/// All viewers are there before the first order; the clock stops when the last has everything.
async fn saturated(dir: &std::path::Path, orders: u64) -> anyhow::Result<(Vec<String>, f64)> {
    let glass = Arc::new(Glass::start(dir, "64").await?);
    let before = glass.sandbox.state().position;
    let mut viewers = vec![];
    for _ in 0..VIEWERS {
        viewers.push(glass.viewer(before).await?);
    }
    let began = Instant::now();
    let mut accepting = JoinSet::new();
    for _ in 0..orders {
        let glass = glass.clone();
        accepting.spawn(async move { glass.order().await });
    }
    while let Some(accepted) = accepting.join_next().await {
        accepted??;
    }
    // One more viewer tells how many events there are in the end.
    let mut teller = glass.viewer(before).await?;
    let (mut events, mut told) = (vec![], 0);
    while told < orders
        || !glass.sandbox.state().at_rest()
        || (events.len() as u64) < glass.sandbox.state().position - before
    {
        let data = String::from_utf8(teller.next().await?)?;
        told += u64::from(data.contains(r#""to":"SENT""#));
        events.push(data);
    }
    let count = events.len() as u64;
    read_all(viewers, count).await?;
    let rate = count as f64 * VIEWERS as f64 / began.elapsed().as_secs_f64();
    if let Ok(glass) = Arc::try_unwrap(glass) {
        glass.stop().await?;
    }
    Ok((events, rate))
}

/// Returns when every viewer has seen so many events.
async fn read_all(viewers: Vec<Viewer>, count: u64) -> anyhow::Result<()> {
    let mut reading = JoinSet::new();
    for mut viewer in viewers {
        reading.spawn(async move { viewer.count(count).await });
    }
    while let Some(read) = reading.join_next().await {
        read??;
    }
    Ok(())
}

/// The peer: every event encoded and written for every viewer, as axum does it.
async fn bare(events: &[String]) -> anyhow::Result<f64> {
    let (sender, _) = broadcast::channel::<Arc<str>>(events.len() + 1);
    let stream = {
        let sender = sender.clone();
        move || {
            let receiver = sender.subscribe();
            async move {
                let events = futures_util::stream::unfold((receiver, 0_u64), |(mut receiver, n)| async move {
                    let data = receiver.recv().await.ok()?;
                    let event = Event::default().id((n + 1).to_string()).data(&*data);
                    Some((Ok::<_, Infallible>(event), (receiver, n + 1)))
                });
                Sse::new(events.boxed())
            }
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(axum::serve(listener, Router::new().route("/", get(stream))).into_future());
    let mut viewers = vec![];
    for _ in 0..VIEWERS {
        viewers.push(Viewer::open(address, "/", "").await?);
    }
    let began = Instant::now();
    for event in events {
        sender.send(event.as_str().into())?;
    }
    let count = events.len() as u64;
    read_all(viewers, count).await?;
    let rate = count as f64 * VIEWERS as f64 / began.elapsed().as_secs_f64();
    server.abort();
    Ok(rate)
}

/// Each viewer's wait for each event, from the event's own time (before its service's commit) on.
/// The viewers have a thread of their own, as they would in another program.
async fn paced(dir: &std::path::Path) -> anyhow::Result<f64> {
    let glass = Glass::start(dir, "1").await?;
    let mut viewers = vec![];
    for _ in 0..PACED_VIEWERS {
        viewers.push(glass.viewer(glass.sandbox.state().position).await?.detach()?);
    }
    let clock = glass.sandbox.clock();
    let watching = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut reading = JoinSet::new();
            for viewer in viewers {
                reading.spawn(async move { waits(viewer.attach()?, clock).await });
            }
            let mut waits = vec![];
            while let Some(read) = reading.join_next().await {
                waits.extend(read??);
            }
            anyhow::Ok(waits)
        })
    });
    // An order leads to about 31 events: 200 events/s.
    let mut tick = tokio::time::interval(Duration::from_millis(155));
    let began = Instant::now();
    for _ in 0..WARM_UP + PACED_ORDERS {
        tick.tick().await;
        glass.order().await?;
    }
    let paced_for = began.elapsed().as_secs_f64();
    let watched = tokio::task::spawn_blocking(move || watching.join()).await?;
    let mut waits = watched.map_err(|_| anyhow::anyhow!("a viewer panicked"))??;
    let events = glass.sandbox.state().position;
    glass.stop().await?;
    let (p50, p99) = (report::quantile(&mut waits, 0.5), report::quantile(&mut waits, 0.99));
    println!("paced: {:.0} events/s, p50 {p50:.2} ms, p99 {p99:.2} ms", events as f64 / paced_for);
    Ok(p99)
}

/// How long each event took to arrive, in milliseconds, until the last customer was told.
async fn waits(mut viewer: Viewer, clock: kit::Clock) -> anyhow::Result<Vec<f64>> {
    let at = memchr::memmem::Finder::new(br#""at":"#);
    let (mut waits, mut told) = (vec![], 0);
    while told < WARM_UP + PACED_ORDERS {
        let mut came = vec![];
        viewer
            .events(|event| {
                told += u64::from(memchr::memmem::find(event, br#""to":"SENT""#).is_some());
                // The first of this name in a line is the event's own.
                let digits = at.find(event).map_or(&[][..], |found| &event[found + 5..]);
                came.push(
                    digits.iter().take_while(|c| c.is_ascii_digit()).fold(0, |n, c| n * 10 + u64::from(c - b'0')),
                );
            })
            .await?;
        let now = clock.now_us();
        if told < WARM_UP {
            continue;
        }
        waits.extend(came.into_iter().map(|at| now.saturating_sub(at) as f64 / 1000.0));
    }
    Ok(waits)
}
