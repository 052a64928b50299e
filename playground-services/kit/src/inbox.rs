//! The inbox: what a service has already dealt with. A message or command seen before has
//! no second effect, and a repeated command gets the first one's reply.

use crate::lease::Fence;
use protocol::Uuid;
use sqlx::sqlite::SqliteConnection;
use std::collections::HashMap;

pub const SCHEMA: &str = "
-- Messages and commands already dealt with, by (source, id); the reply is kept for commands.
-- An id is the 16 bytes of its UUID, so that many fit on a page: they come in no order.
create table inbox (
    id blob not null,
    source text not null,
    reply text,
    primary key (id, source)
) without rowid";

/// Where commands come from, in the inbox's words.
pub const COMMAND: &str = "command";

/// Names one message or command.
pub type Key = (String, Uuid);

/// What stands in the database as a transaction begins.
pub struct Begun {
    /// The number of the last transaction. It may be another replica's.
    pub n: u64,
    /// Which of the work was dealt with before, with the replies.
    pub seen: HashMap<Key, Option<String>>,
    pub fence: Fence,
}

/// Begins a transaction.
pub async fn begin(conn: &mut SqliteConnection, keys: &[Key]) -> anyhow::Result<Begun> {
    type Row = (Option<i64>, Option<String>, Option<Vec<u8>>, Option<String>);
    // One hop to SQLite's thread for all of it.
    let rows: Vec<Row> = sqlx::query_as(
        "begin immediate;
         select n, null, null, null from sequence
         union all
         select token, source, null, null from fence
         union all
         select null, inbox.source, inbox.id, inbox.reply from json_each(?) as wanted
         join inbox on inbox.id = unhex(wanted.value ->> 1, '-') and inbox.source = wanted.value ->> 0",
    )
    .bind(crate::storage::json(keys.iter()))
    .fetch_all(conn)
    .await?;
    let mut begun = Begun { n: 0, seen: HashMap::new(), fence: Fence::new() };
    for row in rows {
        match row {
            (Some(token), Some(source), ..) => drop(begun.fence.insert(source, u64::try_from(token)?)),
            (Some(n), ..) => begun.n = u64::try_from(n)?,
            (None, Some(source), Some(id), reply) => {
                begun.seen.insert((source, Uuid::from_slice(&id)?), reply);
            }
            _ => {}
        }
    }
    Ok(begun)
}
