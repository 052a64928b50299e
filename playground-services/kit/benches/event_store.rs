//! The event store against plain SQLite through sqlx, with the settings of a service's database:
//! replaying, looking back, appending, loading, and building a read model anew while it is read.
//!
//! `--only replay`, `looks`, `append`, `load` or `rebuild` runs that part alone.

#[path = "event_store/account.rs"]
mod account;
#[path = "event_store/append.rs"]
mod append;
#[path = "event_store/load.rs"]
mod load;
#[path = "event_store/looks.rs"]
mod looks;
#[path = "event_store/rebuild.rs"]
mod rebuild;
#[path = "event_store/replay.rs"]
mod replay;
#[allow(dead_code, reason = "each benchmark uses its part")]
mod report;

use std::path::Path;

fn main() -> anyhow::Result<()> {
    let dir = report::temp_dir("event-store")?;
    let done = tokio::runtime::Runtime::new()?.block_on(all(&dir));
    std::fs::remove_dir_all(&dir)?;
    done
}

async fn all(dir: &Path) -> anyhow::Result<()> {
    let only = std::env::args().skip_while(|argument| argument != "--only").nth(1);
    let wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    if wanted("replay") {
        replay::measure(dir).await?;
    }
    if wanted("looks") {
        looks::measure(dir).await?;
    }
    if wanted("append") {
        append::measure(dir).await?;
    }
    if wanted("load") {
        load::measure(dir).await?;
    }
    if wanted("rebuild") {
        rebuild::measure(dir).await?;
    }
    Ok(())
}
