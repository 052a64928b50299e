//! The inbox: what a service has already dealt with. A message or command seen before has
//! no second effect, and a repeated command gets the first one's reply.

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

/// Begins a transaction. Says which of these were dealt with before, with their replies.
pub async fn begin(conn: &mut SqliteConnection, keys: &[Key]) -> Result<HashMap<Key, Option<String>>, sqlx::Error> {
    let rows: Vec<(String, Vec<u8>, Option<String>)> = sqlx::query_as(
        "begin immediate;
         select inbox.source, inbox.id, inbox.reply from json_each(?) as wanted
         join inbox on inbox.id = unhex(wanted.value ->> 1, '-') and inbox.source = wanted.value ->> 0",
    )
    .bind(crate::storage::json(keys.iter()))
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|(source, id, reply)| Some(((source, Uuid::from_slice(&id).ok()?), reply)))
        .collect())
}
