//! The SQL of a sandbox's file.

pub mod kept;

use crate::recorder::history::{Lines, Picture, Stretch};
use crate::recorder::ledger::Ledger;
use crate::recorder::rows::{Rows, Sieve};
use anyhow::Context;
use kit::broker::{self, Broker, Waiting};
use protocol::{Observation, Position, Recorded, Topology, Uuid};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnection, SqliteQueryResult};
use sqlx::{ConnectOptions, Connection};
use std::path::Path;

const MIGRATIONS: [&str; 3] = [
    include_str!("../../migrations/sandbox_001_record.sql"),
    include_str!("../../migrations/sandbox_002_rows.sql"),
    include_str!("../../migrations/sandbox_003_rows_again.sql"),
];

/// Everything of a sandbox's file that is needed to go on.
pub struct Stored {
    pub conn: SqliteConnection,
    pub broker: Broker,
    pub picture: Picture,
    pub rows: Rows,
    /// Where the last rows were stored.
    pub rows_at: Position,
    pub ledger: Ledger,
    /// The lines behind the last block.
    pub tail: Lines,
    pub bytes: u64,
}

/// One group commit.
pub struct Write<'a> {
    pub first: Position,
    pub lines: &'a Lines,
    /// The tail with these lines, where that makes a block.
    pub block: Option<Block>,
    /// Commands, and where they were accepted.
    pub accepted: &'a [(Uuid, Position)],
}

/// Lines as they are stored for good.
pub struct Block {
    pub first: Position,
    pub last: Position,
    pub body: Vec<u8>,
}

/// What the recorder owes others at one position. Only the newest is of use.
#[derive(Default, Serialize, Deserialize)]
pub struct Owed {
    pub ledger: Ledger,
    /// Messages that wait in the broker.
    pub waiting: Vec<Waiting>,
}

/// All folds of the record at one position, as they are stored.
pub struct Checkpoint {
    position: Position,
    picture: Vec<u8>,
    owed: Vec<u8>,
}

impl Checkpoint {
    pub fn of(picture: &Picture, owed: &Owed) -> anyhow::Result<Self> {
        Ok(Checkpoint {
            position: picture.state.position,
            picture: pack(&serde_json::to_vec(picture)?)?,
            owed: pack(&serde_json::to_vec(owed)?)?,
        })
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
    let end = reader.end().await?;
    let mut picture = reader.checkpoint(end).await?;
    let Owed { mut ledger, waiting } = reader.owed(picture.state.position).await?;
    let mut broker = Broker::new(topology, broker::Settings::default());
    restore(&mut broker, &waiting, &mut reader).await?;
    reader
        .fold(picture.state.position, end, |event| {
            picture.evolve(event);
            ledger.evolve(event);
            broker.follow(event);
        })
        .await?;
    let rows_at = reader.rows(end).await?.position;
    let rows = reader.rows_up_to(end).await?;
    Ok(Stored { conn: reader.conn, broker, picture, rows, rows_at, ledger, tail, bytes: bytes.try_into()? })
}

async fn tail(conn: &mut SqliteConnection, first: i64) -> anyhow::Result<Lines> {
    let chunks: Vec<(Vec<u8>,)> =
        sqlx::query_as("select body from chunk where first >= ? order by first").bind(first).fetch_all(conn).await?;
    Ok(Lines::parse(chunks.into_iter().flat_map(|(body,)| body).collect()))
}

/// Puts messages back into the broker, their envelopes read from the record.
async fn restore(broker: &mut Broker, waiting: &[Waiting], reader: &mut Reader) -> anyhow::Result<()> {
    let mut stretch: Option<Stretch> = None;
    for waiting in waiting {
        let position = waiting.position;
        let stretch = match &stretch {
            Some(known) if (known.first..=known.last()).contains(&position) => known,
            _ => stretch.insert(reader.read(position).await?),
        };
        let Observation::MessagePublished { topic, envelope } = stretch.event(position)?.observation else {
            anyhow::bail!("position {position} is no message");
        };
        broker.restore(waiting, topic, envelope);
    }
    Ok(())
}

/// Which of these commands were accepted before, and where.
pub async fn commands(conn: &mut SqliteConnection, ids: &[Uuid]) -> anyhow::Result<Vec<(Uuid, Position)>> {
    let rows: Vec<(Vec<u8>, i64)> =
        sqlx::query_as("select id, position from command where id in (select unhex(value, '-') from json_each(?))")
            .bind(serde_json::to_string(ids)?)
            .fetch_all(conn)
            .await?;
    rows.into_iter().map(|(id, position)| Ok((Uuid::from_slice(&id)?, position.try_into()?))).collect()
}

/// Stores a group commit: one statement list and one hop to SQLite's thread, whatever is in it.
/// Returns the bytes of lines written, packed or not.
pub async fn write(conn: &mut SqliteConnection, write: &Write<'_>) -> anyhow::Result<u64> {
    let chunk = Chunk::of(write);
    let done = sqlx::query(
        "begin immediate;
         delete from chunk where first >= ?;
         insert into chunk (first, last, packed, body) values (?, ?, ?, ?);
         insert into command (id, position) select unhex(value ->> 0, '-'), value ->> 1 from json_each(?);
         commit",
    )
    .bind(chunk.replaces)
    .bind(chunk.first)
    .bind(chunk.last)
    .bind(chunk.packed)
    .bind(chunk.body)
    .bind(serde_json::to_string(write.accepted)?)
    .execute(&mut *conn)
    .await;
    whole(conn, done).await?;
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

/// Stores a checkpoint; a file opened at its position needs no folding.
pub async fn save_checkpoint(conn: &mut SqliteConnection, checkpoint: &Checkpoint) -> anyhow::Result<()> {
    let position = checkpoint.position.cast_signed();
    let saved = sqlx::query(
        "begin immediate;
         insert or replace into checkpoint (position, body) values (?, ?);
         insert or replace into owed (one, position, body) values (1, ?, ?);
         commit",
    )
    .bind(position)
    .bind(&checkpoint.picture)
    .bind(position)
    .bind(&checkpoint.owed)
    .execute(&mut *conn)
    .await;
    whole(conn, saved).await
}

/// Stores the services' rows; a look at a later position begins here.
pub async fn save_rows(conn: &mut SqliteConnection, rows: &Rows) -> anyhow::Result<()> {
    sqlx::query("insert or replace into rows_at (position, body) values (?, ?)")
        .bind(rows.position.cast_signed())
        .bind(pack(&serde_json::to_vec(rows)?)?)
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes back what a failed statement list had done.
async fn whole(conn: &mut SqliteConnection, done: sqlx::Result<SqliteQueryResult>) -> anyhow::Result<()> {
    if let Err(error) = done {
        kit::storage::rollback(conn).await?;
        return Err(error.into());
    }
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

    /// The last position.
    async fn end(&mut self) -> anyhow::Result<Position> {
        let (end,): (i64,) =
            sqlx::query_as("select coalesce(max(last), 0) from chunk").fetch_one(&mut self.conn).await?;
        Ok(end.try_into()?)
    }

    /// The last stored picture at or before a position; the empty one before the first.
    pub async fn checkpoint(&mut self, position: Position) -> anyhow::Result<Picture> {
        let row: Option<(Vec<u8>,)> =
            sqlx::query_as("select body from checkpoint where position <= ? order by position desc limit 1")
                .bind(position.cast_signed())
                .fetch_optional(&mut self.conn)
                .await?;
        let Some((body,)) = row else { return Ok(Picture::default()) };
        let picture: Picture = serde_json::from_slice(&unpack(&body)?)?;
        if picture.is_whole() {
            return Ok(picture);
        }
        let mut whole = Picture::default();
        self.fold(0, picture.state.position, |event| whole.evolve(event)).await?;
        Ok(whole)
    }

    /// What was owed at the last checkpoint, which was at this position.
    async fn owed(&mut self, position: Position) -> anyhow::Result<Owed> {
        let row: Option<(i64, Vec<u8>)> =
            sqlx::query_as("select position, body from owed").fetch_optional(&mut self.conn).await?;
        let Some((at, body)) = row else { return Ok(Owed::default()) };
        anyhow::ensure!(at == position.cast_signed(), "the checkpoints at {at} and {position} differ");
        Ok(serde_json::from_slice(&unpack(&body)?)?)
    }

    /// The last stored rows at or before a position; none before the first.
    pub async fn rows(&mut self, position: Position) -> anyhow::Result<Rows> {
        let row: Option<(Vec<u8>,)> =
            sqlx::query_as("select body from rows_at where position <= ? order by position desc limit 1")
                .bind(position.cast_signed())
                .fetch_optional(&mut self.conn)
                .await?;
        row.map_or_else(|| Ok(Rows::default()), |(body,)| Ok(serde_json::from_slice(&unpack(&body)?)?))
    }

    /// Takes every event behind `from` up to `end`.
    async fn fold(&mut self, from: Position, end: Position, mut step: impl FnMut(&Recorded)) -> anyhow::Result<()> {
        self.fold_lines(from, end, |line| {
            step(&serde_json::from_slice(line)?);
            Ok(())
        })
        .await
    }

    /// Takes every line behind `from` up to `end`.
    async fn fold_lines(
        &mut self,
        from: Position,
        end: Position,
        mut step: impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut next = from + 1;
        while next <= end {
            let stretch = self.read(next).await?;
            for line in stretch.from(next).take(usize::try_from(end + 1 - next).unwrap_or(usize::MAX)) {
                step(line)?;
            }
            next = stretch.last() + 1;
        }
        Ok(())
    }

    /// The services' rows at a position, from the stored ones before it on.
    pub async fn rows_up_to(&mut self, end: Position) -> anyhow::Result<Rows> {
        let mut rows = self.rows(end).await?;
        let sieve = Sieve::all();
        let from = rows.position;
        let step = |line: &[u8]| {
            if sieve.holds(line) {
                rows.evolve(&serde_json::from_slice(line)?);
            }
            Ok(())
        };
        self.fold_lines(from, end, step).await?;
        rows.position = end;
        Ok(rows)
    }

    pub async fn picture_and_rows(&mut self) -> anyhow::Result<(Picture, Rows)> {
        let picture = self.picture().await?;
        let rows = self.rows_up_to(picture.state.position).await?;
        Ok((picture, rows))
    }

    /// The picture as it stands in the file, without opening it for more.
    pub async fn picture(&mut self) -> anyhow::Result<Picture> {
        let end = self.end().await?;
        let mut picture = self.checkpoint(end).await?;
        self.fold(picture.state.position, end, |event| picture.evolve(event)).await?;
        Ok(picture)
    }
}
