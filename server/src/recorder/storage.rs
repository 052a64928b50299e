//! The SQL of a sandbox's file.

use crate::recorder::Accepted;
use crate::recorder::history::{Lines, Picture, Stretch};
use anyhow::Context;
use kit::broker::{self, Broker, Change};
use kit::ctx::Span;
use protocol::{Command, Name, Observation, Position, Recorded, Topology, TraceContext, Uuid};
use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions, Connection};
use std::collections::HashMap;
use std::path::Path;

const MIGRATIONS: [&str; 2] = [include_str!("../../migrations/sandbox_001_record.sql"), broker::SCHEMA];

/// Everything of a sandbox's file that is needed to go on.
pub struct Stored {
    pub conn: SqliteConnection,
    pub broker: Broker,
    pub picture: Picture,
    /// The lines behind the last block.
    pub tail: Lines,
    pub shipped: HashMap<Name, u64>,
    /// Commands ever accepted.
    pub commands: u64,
    pub unanswered: Vec<Accepted>,
    pub bytes: u64,
}

/// One group commit.
pub struct Write<'a> {
    pub first: Position,
    pub lines: &'a Lines,
    /// The tail with these lines, where that makes a block.
    pub block: Option<Block>,
    pub broker: &'a [Change],
    pub shipped: &'a HashMap<Name, u64>,
    pub accepted: &'a [Accepted],
    pub answered: &'a [Uuid],
    pub checkpoint: Option<Checkpoint>,
}

/// Lines as they are stored for good.
pub struct Block {
    pub first: Position,
    pub last: Position,
    pub body: Vec<u8>,
}

/// The picture as it is stored.
pub struct Checkpoint {
    position: Position,
    body: Vec<u8>,
}

impl Checkpoint {
    pub fn of(picture: &Picture) -> anyhow::Result<Self> {
        Ok(Checkpoint { position: picture.state.position, body: pack(&serde_json::to_vec(picture)?)? })
    }
}

/// What makes a command the same command.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownCommand {
    kind: String,
    data: String,
}

impl KnownCommand {
    pub fn of(command: &Command) -> Self {
        KnownCommand { kind: command.kind.clone(), data: command.data.to_string() }
    }
}

/// Level 1: half the size of level 3's work, most of its gain.
pub fn pack(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    Ok(zstd::bulk::compress(bytes, 1)?)
}

fn unpack(body: &[u8]) -> anyhow::Result<Vec<u8>> {
    Ok(zstd::stream::decode_all(body)?)
}

/// Opens the file, making it if need be.
pub async fn open(path: &Path, topology: &Topology) -> anyhow::Result<Stored> {
    let mut conn = kit::storage::open(path, &MIGRATIONS).await?;
    let (tail_first, bytes): (i64, i64) = sqlx::query_as(
        "select coalesce(max(last) filter (where packed), 0) + 1, coalesce(sum(length(body)), 0) from chunk",
    )
    .fetch_one(&mut conn)
    .await?;
    let tail = tail(&mut conn, tail_first).await?;
    let mut reader = Reader { conn };
    let picture = reader.picture().await?;
    let broker = broker(&mut reader, topology).await?;
    let mut conn = reader.conn;
    let shipped: Vec<(String, i64)> = sqlx::query_as("select service, n from shipped").fetch_all(&mut conn).await?;
    let (commands,): (i64,) =
        sqlx::query_as("select coalesce(max(ordinal), 0) from command").fetch_one(&mut conn).await?;
    Ok(Stored {
        broker,
        picture,
        tail,
        shipped: shipped.into_iter().map(|(service, n)| (service.into(), n.cast_unsigned())).collect(),
        commands: commands.try_into()?,
        unanswered: unanswered(&mut conn).await?,
        bytes: bytes.try_into()?,
        conn,
    })
}

async fn tail(conn: &mut SqliteConnection, first: i64) -> anyhow::Result<Lines> {
    let chunks: Vec<(Vec<u8>,)> =
        sqlx::query_as("select body from chunk where first >= ? order by first").bind(first).fetch_all(conn).await?;
    Ok(Lines::parse(chunks.into_iter().flat_map(|(body,)| body).collect()))
}

/// The messages not yet acked, their envelopes read from the record.
async fn broker(reader: &mut Reader, topology: &Topology) -> anyhow::Result<Broker> {
    let mut restored = Broker::new(topology, broker::Settings::default());
    let mut stretch: Option<Stretch> = None;
    for (group, position, row) in broker::load(&mut reader.conn).await? {
        let stretch = match &stretch {
            Some(known) if (known.first..=known.last()).contains(&position) => known,
            _ => stretch.insert(reader.read(position).await?),
        };
        let line = stretch.from(position).next().context("a message's line is missing")?;
        let event: Recorded = serde_json::from_slice(line)?;
        let Observation::MessagePublished { topic, envelope } = event.observation else {
            anyhow::bail!("position {position} is no message");
        };
        restored.restore(&group, position, row, topic, envelope);
    }
    Ok(restored)
}

async fn unanswered(conn: &mut SqliteConnection) -> anyhow::Result<Vec<Accepted>> {
    type Row = (String, i64, String, String, String, String);
    let rows: Vec<Row> = sqlx::query_as(
        "select id, ordinal, kind, data, traceparent, correlation_id from command where not answered order by ordinal",
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|(id, ordinal, kind, data, traceparent, correlation_id)| {
            let trace = TraceContext::parse(&traceparent).context("a stored traceparent does not read")?;
            Ok(Accepted {
                command: Command { id: id.parse()?, kind, data: serde_json::from_str(&data)? },
                span: Span { trace, parent: None, correlation_id: Some(correlation_id.parse()?) },
                ordinal: ordinal.try_into()?,
            })
        })
        .collect()
}

/// Which of these commands were accepted before.
pub async fn commands(conn: &mut SqliteConnection, ids: &[Uuid]) -> anyhow::Result<HashMap<Uuid, KnownCommand>> {
    let rows: Vec<(String, String, String)> =
        sqlx::query_as("select id, kind, data from command where id in (select value from json_each(?))")
            .bind(serde_json::to_string(ids)?)
            .fetch_all(conn)
            .await?;
    rows.into_iter().map(|(id, kind, data)| Ok((id.parse()?, KnownCommand { kind, data }))).collect()
}

/// Stores a group commit: one statement list and one hop to SQLite's thread, whatever is in it.
/// Returns by how many bytes the record grew, about.
pub async fn write(conn: &mut SqliteConnection, write: &Write<'_>) -> anyhow::Result<u64> {
    let chunk = Chunk::of(write);
    let broker = broker::Rows::of(write.broker);
    let shipped: Vec<_> = write.shipped.iter().collect();
    let accepted: Vec<_> = write
        .accepted
        .iter()
        .map(|Accepted { command, span, ordinal }| {
            let data = command.data.to_string();
            (command.id, ordinal, &command.kind, data, span.trace.traceparent(), span.correlation_id)
        })
        .collect();
    let done = sqlx::query(
        "begin immediate;
         delete from chunk where first >= ?;
         insert into chunk (first, last, packed, body) select ?, ?, ?, ? where ?;
         insert or replace into delivery (grp, position, attempt, nacks, dead)
             select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 from json_each(?);
         delete from delivery where (grp, position) in (select value ->> 0, value ->> 1 from json_each(?));
         insert or replace into shipped (service, n) select value ->> 0, value ->> 1 from json_each(?);
         insert into command (id, ordinal, kind, data, traceparent, correlation_id)
             select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 from json_each(?);
         update command set answered = 1 where id in (select value from json_each(?));
         commit",
    )
    .bind(chunk.replaces)
    .bind(chunk.first)
    .bind(chunk.last)
    .bind(chunk.packed)
    .bind(chunk.body)
    .bind(!chunk.body.is_empty())
    .bind(broker.kept)
    .bind(broker.gone)
    .bind(serde_json::to_string(&shipped)?)
    .bind(serde_json::to_string(&accepted)?)
    .bind(serde_json::to_string(write.answered)?)
    .execute(&mut *conn)
    .await;
    if let Err(error) = done {
        sqlx::query("rollback").execute(&mut *conn).await?;
        return Err(error.into());
    }
    if let Some(checkpoint) = &write.checkpoint {
        // A picture can be folded again: it need not be in the same transaction.
        save_checkpoint(conn, checkpoint).await?;
    }
    Ok(chunk.body.len() as u64)
}

/// The row of the record that a group commit adds.
struct Chunk<'a> {
    /// Chunks from this position on give way to it.
    replaces: i64,
    first: i64,
    last: i64,
    packed: bool,
    body: &'a [u8],
}

impl<'a> Chunk<'a> {
    fn of(write: &'a Write<'_>) -> Self {
        match &write.block {
            Some(block) => Chunk {
                replaces: block.first.cast_signed(),
                first: block.first.cast_signed(),
                last: block.last.cast_signed(),
                packed: true,
                body: &block.body,
            },
            None => Chunk {
                replaces: i64::MAX,
                first: write.first.cast_signed(),
                last: (write.first + write.lines.len() as u64).cast_signed() - 1,
                packed: false,
                body: write.lines.bytes(),
            },
        }
    }
}

/// Stores the picture; a file opened at this position needs no folding.
pub async fn save_checkpoint(conn: &mut SqliteConnection, checkpoint: &Checkpoint) -> anyhow::Result<()> {
    sqlx::query("insert or replace into checkpoint (position, body) values (?, ?)")
        .bind(checkpoint.position.cast_signed())
        .bind(&checkpoint.body)
        .execute(conn)
        .await?;
    Ok(())
}

/// Reads from a connection of its own, so that nobody who writes waits.
pub struct Reader {
    conn: SqliteConnection,
}

impl Reader {
    pub async fn open(path: &Path) -> anyhow::Result<Self> {
        Ok(Reader { conn: kit::storage::options(path).read_only(true).connect().await? })
    }

    pub async fn close(self) {
        // Nothing was written: there is nothing to lose.
        let _ = self.conn.close().await;
    }

    /// The stored stretch of lines that holds a position.
    pub async fn read(&mut self, position: Position) -> anyhow::Result<Stretch> {
        let (first, packed, body): (i64, bool, Vec<u8>) =
            sqlx::query_as("select first, packed, body from chunk where first <= ? order by first desc limit 1")
                .bind(position.cast_signed())
                .fetch_optional(&mut self.conn)
                .await?
                .with_context(|| format!("position {position} is not in the record"))?;
        let lines = Lines::parse(if packed { unpack(&body)? } else { body });
        let stretch = Stretch { first: first.try_into()?, lines };
        anyhow::ensure!(position <= stretch.last(), "position {position} is past the end of the record");
        Ok(stretch)
    }

    /// The last stored picture at or before a position; the empty one before the first.
    pub async fn checkpoint(&mut self, position: Position) -> anyhow::Result<Picture> {
        let row: Option<(Vec<u8>,)> =
            sqlx::query_as("select body from checkpoint where position <= ? order by position desc limit 1")
                .bind(position.cast_signed())
                .fetch_optional(&mut self.conn)
                .await?;
        row.map_or_else(|| Ok(Picture::default()), |(body,)| Ok(serde_json::from_slice(&unpack(&body)?)?))
    }

    /// The picture as it stands in the file, without opening it for more.
    pub async fn picture(&mut self) -> anyhow::Result<Picture> {
        let (end,): (i64,) =
            sqlx::query_as("select coalesce(max(last), 0) from chunk").fetch_one(&mut self.conn).await?;
        let end = Position::try_from(end)?;
        let mut picture = self.checkpoint(end).await?;
        while picture.state.position < end {
            let next = picture.state.position + 1;
            for line in self.read(next).await?.from(next) {
                picture.evolve(&serde_json::from_slice(line)?);
            }
        }
        Ok(picture)
    }
}
