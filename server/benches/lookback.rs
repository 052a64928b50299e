//! Looking back: the picture, and a table, at any position of a record of 50,000 events, against
//! reading and inflating the same lines without folding them.
//!
//! `--events N` and `--looks N` change the lengths.

mod report;

use report::viewer::Glass;
use server::sandbox::Sandbox;
use std::time::Instant;

/// Positions between two stored pictures: how many lines a look may have to fold.
const CHECKPOINT_EVERY: u64 = 2048;
const IN_FLIGHT: usize = 64;
const BUDGET_MS: f64 = 50.0;

fn main() -> anyhow::Result<()> {
    let events = report::argument("--events").unwrap_or(50_000);
    let looks = report::argument("--looks").unwrap_or(300);
    tokio::runtime::Runtime::new()?.block_on(async {
        let dir = report::temp_dir("lookback")?;
        let glass = Glass::start(&dir, "64").await?;
        let sandbox = &glass.sandbox;
        fill(&glass, events).await?;
        let end = sandbox.state().position;
        println!("{end} events, {} orders", sandbox.state().sagas.confirmed);

        let (mut floor, mut pictures, mut tables) = (vec![], vec![], vec![]);
        for look in 0..looks {
            // Spread over the whole record, in no order; the three of them take turns.
            let position = look * 7919 % looks * (end - 1) / looks + 1;
            floor.push(timed(lines(sandbox, position)).await?);
            pictures.push(timed(picture(sandbox, position)).await?);
            tables.push(timed(table(sandbox, position)).await?);
        }
        println!("the same lines, unfolded: {}", spread(&mut floor));
        println!("the picture at a position: {}", spread(&mut pictures));
        println!("a table at a position: {}", spread(&mut tables));
        let ratio = report::median(pictures.clone()) / report::median(floor);
        println!("the picture, ratio to the unfolded lines: {ratio:.2}");
        glass.stop().await?;
        std::fs::remove_dir_all(&dir)?;
        report::at_most("the picture at a position, p99 in ms", report::quantile(&mut pictures, 0.99), BUDGET_MS)?;
        report::at_most("a table at a position, p99 in ms", report::quantile(&mut tables, 0.99), BUDGET_MS)
    })
}

/// Orders until there are so many events and nothing is under way.
async fn fill(glass: &Glass, events: u64) -> anyhow::Result<()> {
    let mut viewer = glass.viewer(0).await?;
    let (mut placed, mut seen) = (0, 0);
    while glass.sandbox.state().position < events {
        for _ in 0..IN_FLIGHT {
            glass.order().await?;
            placed += 1;
        }
        // The last of an order is that its notification was sent.
        while seen < placed {
            viewer
                .events(|event| seen += usize::from(memchr::memmem::find(event, br#""to":"SENT""#).is_some()))
                .await?;
        }
    }
    Ok(())
}

async fn timed(look: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<f64> {
    let began = Instant::now();
    look.await?;
    Ok(began.elapsed().as_secs_f64() * 1000.0)
}

/// What a look at this position folds, only read.
async fn lines(sandbox: &Sandbox, position: u64) -> anyhow::Result<()> {
    let after = position - position % CHECKPOINT_EVERY;
    let pieces = sandbox.history(after, (position - after) as usize).await?;
    anyhow::ensure!(pieces.iter().all(|piece| !piece.is_empty()));
    Ok(())
}

async fn picture(sandbox: &Sandbox, position: u64) -> anyhow::Result<()> {
    let state = sandbox.state_at(position).await?;
    anyhow::ensure!(state.position == position, "{} for {position}", state.position);
    Ok(())
}

async fn table(sandbox: &Sandbox, position: u64) -> anyhow::Result<()> {
    let table = sandbox.table("orders", "orders", Some(position), None).await?;
    anyhow::ensure!(!table.columns.is_empty());
    Ok(())
}

fn spread(times: &mut [f64]) -> String {
    let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| report::quantile(times, share));
    format!("p50 {p50:.2} ms, p99 {p99:.2} ms, max {max:.2} ms")
}
