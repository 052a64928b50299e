//! From a service's commit to a browser's EventSource at 1,000 observations a second, one viewer.
//!
//! An observation's `at` is taken before its service commits, so the commit itself is part of
//! what is measured, and so are the group commit of the record and the way over loopback.

mod report;

use protocol::{Observation, Recorded};
use report::viewer::Glass;
use std::time::Duration;

/// Observations one order leads to.
const PER_ORDER: f64 = 31.0;

fn main() -> anyhow::Result<()> {
    let seconds = report::argument("--seconds").unwrap_or(20);
    tokio::runtime::Runtime::new()?.block_on(async {
        let dir = report::temp_dir("latency")?;
        let glass = Glass::start(&dir, "1").await?;
        let mut viewer = glass.viewer(0).await?;
        let clock = glass.sandbox.clock();
        let orders = (1000.0 / PER_ORDER * seconds as f64) as u32;
        let reader = tokio::spawn(async move {
            let (mut waits, mut ended, mut seen) = (vec![], 0, 0_u64);
            while ended < orders {
                let event: Recorded = serde_json::from_slice(&viewer.next().await?)?;
                seen += 1;
                match event.observation {
                    Observation::TransactionCommitted { .. } | Observation::MessagePublished { .. } => {
                        waits.push((clock.now_us() - event.at) as f64 / 1000.0);
                    }
                    Observation::StateChanged { entity, .. } if &*entity == "notification" => ended += 1,
                    _ => {}
                }
            }
            anyhow::Ok((waits, seen))
        });
        let mut tick = tokio::time::interval(Duration::from_secs_f64(PER_ORDER / 1000.0));
        let began = std::time::Instant::now();
        for _ in 0..orders {
            tick.tick().await;
            glass.order().await?;
        }
        let (mut waits, seen) = reader.await??;
        println!("{:.0} observations/s, {} commits measured", seen as f64 / began.elapsed().as_secs_f64(), waits.len());
        println!("p50 {:.2} ms", report::quantile(&mut waits, 0.5));
        glass.stop().await?;
        std::fs::remove_dir_all(&dir)?;
        report::at_most("commit to EventSource, p99 in ms", report::quantile(&mut waits, 0.99), 10.0)
    })
}
