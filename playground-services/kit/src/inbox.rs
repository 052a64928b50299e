//! The inbox: what a service has already dealt with. A message or command seen before has
//! no second effect, and a repeated command gets the first one's reply.

use protocol::Uuid;
use sqlx::sqlite::SqliteConnection;
use std::collections::HashMap;

/// Written once per service; see `outbox::SCHEMA` for its other tables.
pub const SCHEMA: &str = "
-- Messages and commands already dealt with, by (source, id); the reply is kept for commands.
create table inbox (
    source text not null,
    id text not null,
    reply text,
    primary key (source, id)
) without rowid";

/// Names one message or command.
pub type Key = (String, Uuid);

/// Begins a transaction. Says which of these were dealt with before, with their replies.
pub async fn begin(conn: &mut SqliteConnection, keys: &[Key]) -> Result<HashMap<Key, Option<String>>, sqlx::Error> {
    let rows: Vec<(String, String, Option<String>)> = sqlx::query_as(
        "begin immediate;
         select inbox.source, inbox.id, inbox.reply from json_each(?) as wanted
         join inbox on inbox.source = wanted.value ->> 0 and inbox.id = wanted.value ->> 1",
    )
    .bind(crate::storage::json(keys.iter().map(|(source, id)| (source, id))))
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().filter_map(|(source, id, reply)| Some(((source, id.parse().ok()?), reply))).collect())
}
