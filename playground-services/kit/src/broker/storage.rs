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

/// Adds the changes to the transaction under way.
pub async fn save(conn: &mut SqliteConnection, changes: &[Change]) -> Result<(), sqlx::Error> {
    if changes.is_empty() {
        return Ok(());
    }
    let kept = crate::inbox::json(changes.iter().filter_map(|change| {
        let row = change.row?;
        Some((&change.group, change.position, row.attempt, row.nacks, row.dead))
    }));
    let gone = crate::inbox::json(
        changes.iter().filter(|change| change.row.is_none()).map(|change| (&change.group, change.position)),
    );
    sqlx::query(
        "insert or replace into delivery (grp, position, attempt, nacks, dead)
             select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 from json_each(?);
         delete from delivery where (grp, position) in (select value ->> 0, value ->> 1 from json_each(?))",
    )
    .bind(kept)
    .bind(gone)
    .execute(conn)
    .await?;
    Ok(())
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
