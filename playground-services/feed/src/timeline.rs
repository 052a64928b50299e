//! The timeline, a read model: the posts as they are shown, newest first.
//!
//! Owns `timeline`, `builds`, `heard` and `origin` (who asked for a build). Hears `PostPublished`. Keeps what it has heard, too, so
//! that it can be built anew without asking anybody: `RebuildReadModel` begins a build beside the
//! live one, and readers are shown it at `SwitchReadModel`. `BreakReadModel` is what there is to
//! be repaired: a migration that went wrong.

mod domain;
mod storage;

use crate::reading::limit;
use domain::{Change, State, Timelines};
use kit::{Ctx, Due, NoAnswer, Query, Refusal, Reply, Service, Stage, Work};
use serde_json::Value;
use sqlx::sqlite::SqliteConnection;

pub struct Timeline;

/// Between two transactions of a build others have their turn, in microseconds.
const PAUSE_US: u64 = 1_000;

impl Service for Timeline {
    const MIGRATIONS: &'static [&'static str] =
        &[include_str!("../migrations/0001_timeline.sql"), include_str!("../migrations/0002_timeline_origin.sql")];
    type Outside = ();

    async fn seed(&self, _: &Ctx, conn: &mut SqliteConnection) -> anyhow::Result<()> {
        Ok(storage::begin(conn).await?)
    }

    async fn outside(&self, _: &Ctx, _: &Work) {}

    type Rows = Timelines;

    async fn load(&self, conn: &mut SqliteConnection, batch: &[&Work]) -> sqlx::Result<Timelines> {
        let from =
            batch.iter().find(|work| matches!(work, Work::Deadline { .. })).and_then(|work| work.number("position"));
        storage::load(conn, from).await
    }

    fn handle(&self, timelines: &mut Timelines, work: &Work, (): &(), stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
        let soon = Some(stage.ctx.clock.now_us() + PAUSE_US);
        match work.kind() {
            "RebuildReadModel" => {
                changed(timelines.rebuild(work.origin()).map_err(Refusal::Domain)?, stage);
                timelines.due_us = soon;
            }
            "SwitchReadModel" => {
                let changes = timelines.switch().map_err(Refusal::Domain)?;
                changes.into_iter().for_each(|change| changed(change, stage));
            }
            "BreakReadModel" => timelines.damaged = timelines.in_state(State::Live).map(|live| live.build),
            Work::DEADLINE => {
                let numbers = (work.number("build").unwrap_or_default(), work.number("position").unwrap_or_default());
                match timelines.go_on(numbers.0, numbers.1) {
                    Some(change) => changed(change, stage),
                    None => timelines.due_us = soon,
                }
            }
            _ => timelines.hear(work.data()?),
        }
        Ok(Reply::default())
    }

    async fn position(&self, conn: &mut SqliteConnection) -> sqlx::Result<i64> {
        storage::position(conn).await
    }

    async fn query(&self, conn: &mut SqliteConnection, query: &Query) -> Result<Value, NoAnswer> {
        match &*query.name {
            "newest" => Ok(storage::newest(conn, limit(query)?, query.number("author")?).await?),
            _ => Err(NoAnswer::Unknown),
        }
    }

    async fn save(&self, conn: &mut SqliteConnection, timelines: &Timelines) -> sqlx::Result<()> {
        storage::save(conn, timelines).await
    }

    fn deadline(&self, timelines: &Timelines) -> Option<u64> {
        timelines.due_us
    }

    async fn due(&self, conn: &mut SqliteConnection, _: u64, _: usize) -> sqlx::Result<Due> {
        storage::due(conn).await
    }
}

fn changed((build, from, to): Change, stage: &mut Stage<'_>) {
    let from = from.map(|state| state.name().to_uppercase());
    stage.state_changed("build", build, from.as_deref(), &to.name().to_uppercase());
}
