//! The broker's rows. Small: a message's envelope is in the record already, at its position.

use super::{Change, Row};
use protocol::Position;
use sqlx::sqlite::SqliteConnection;

pub const SCHEMA: &str = "
-- Messages not yet acked, per consumer group. `position` is that of the MessagePublished.
create table delivery (
    grp text not null,
    position integer not null,
    attempt integer not null,
    nacks integer not null,
    dead integer not null,
    primary key (grp, position)
) without rowid";

/// Changes as the two binds of whoever writes the table `delivery` in its own transaction.
pub struct Rows {
    /// `[group, position, attempt, nacks, dead]` each.
    pub kept: String,
    /// `[group, position]` each.
    pub gone: String,
}

impl Rows {
    pub fn of(changes: &[Change]) -> Self {
        let kept = changes.iter().filter_map(|change| {
            let row = change.row?;
            Some((&change.group, change.position, row.attempt, row.nacks, row.dead))
        });
        let gone = changes.iter().filter(|change| change.row.is_none()).map(|change| (&change.group, change.position));
        Rows { kept: crate::storage::json(kept), gone: crate::storage::json(gone) }
    }
}

/// All stored messages, oldest first.
pub async fn load(conn: &mut SqliteConnection) -> anyhow::Result<Vec<(String, Position, Row)>> {
    let rows: Vec<(String, i64, i64, i64, bool)> =
        sqlx::query_as("select grp, position, attempt, nacks, dead from delivery order by position")
            .fetch_all(conn)
            .await?;
    rows.into_iter()
        .map(|(group, position, attempt, nacks, dead)| {
            let row = Row { attempt: u32::try_from(attempt)?, nacks: u32::try_from(nacks)?, dead };
            Ok((group, u64::try_from(position)?, row))
        })
        .collect()
}
