//! One record to many viewers: saturated, as a ratio to a bare axum `Sse` over a tokio
//! broadcast channel with the same events; and paced, as a latency.

mod report;

use axum::Router;
use axum::response::Sse;
use axum::response::sse::Event;
use axum::routing::get;
use futures_util::StreamExt;
use protocol::Recorded;
use report::viewer::{Glass, Viewer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Barrier, broadcast};
use tokio::task::JoinSet;

const VIEWERS: usize = 1000;

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
        let p99 = paced(&dir.join("paced")).await?;
        std::fs::remove_dir_all(&dir)?;
        let latency = report::at_most("200 events/s to 100 viewers, p99 in ms", p99, 5.0);
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

/// Each viewer's wait for each event, from the event's own time on.
async fn paced(dir: &std::path::Path) -> anyhow::Result<f64> {
    const PACED_VIEWERS: usize = 100;
    let glass = Glass::start(dir, "1").await?;
    let clock = glass.sandbox.clock();
    let orders = 60_u64;
    let ready = Arc::new(Barrier::new(PACED_VIEWERS + 1));
    let mut reading = JoinSet::new();
    for _ in 0..PACED_VIEWERS {
        let mut viewer = glass.viewer(glass.sandbox.state().position).await?;
        let ready = ready.clone();
        reading.spawn(async move {
            ready.wait().await;
            let (mut waits, mut told) = (vec![], 0);
            while told < orders {
                let data = viewer.next().await?;
                let now = clock.now_us();
                told += u64::from(memchr::memmem::find(&data, br#""to":"SENT""#).is_some());
                let event: Recorded = serde_json::from_slice(&data)?;
                waits.push(now.saturating_sub(event.at) as f64 / 1000.0);
            }
            anyhow::Ok(waits)
        });
    }
    ready.wait().await;
    // An order leads to about 31 events: 200 events/s.
    let mut tick = tokio::time::interval(Duration::from_millis(155));
    for _ in 0..orders {
        tick.tick().await;
        glass.order().await?;
    }
    let mut waits = vec![];
    while let Some(read) = reading.join_next().await {
        waits.extend(read??);
    }
    glass.stop().await?;
    Ok(report::quantile(&mut waits, 0.99))
}
