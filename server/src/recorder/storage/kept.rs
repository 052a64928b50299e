//! The file of a kept run: a sandbox's file, written once and only read from then on.

use super::{Block, MIGRATIONS, Reader, pack, save_rows, unpack, whole};
use crate::recorder::Rows;
use crate::recorder::history::{Lines, Picture, Stretch};
use anyhow::Context;
use protocol::Position;
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use std::path::Path;

/// All of a file is one transaction: a file that was not finished holds nothing.
pub struct Writer {
    conn: SqliteConnection,
    /// Bytes of checkpoints so far, packed.
    pub checkpoint_bytes: u64,
}

impl Writer {
    pub async fn create(path: &Path) -> anyhow::Result<Self> {
        let mut conn = kit::storage::open(path, &MIGRATIONS).await?;
        sqlx::raw_sql("pragma synchronous = full; begin immediate").execute(&mut conn).await?;
        Ok(Writer { conn, checkpoint_bytes: 0 })
    }

    /// The record up to `end`, from a file that may go on growing. What is packed is copied as it is.
    pub async fn copy(&mut self, from: &mut Reader, end: Position) -> anyhow::Result<()> {
        let (mut next, mut loose) = (1, Stretch { first: 1, lines: Lines::default() });
        while next <= end {
            let (block, packed) = from.stored(next).await?;
            let last = block.last;
            if packed && block.first == next && last <= end {
                self.lines(&loose).await?;
                self.block(&block).await?;
                loose = Stretch { first: last + 1, lines: Lines::default() };
            } else {
                let body = if packed { unpack(&block.body)? } else { block.body };
                let stretch = Stretch { first: block.first, lines: Lines::parse(body) };
                let wanted = usize::try_from(end + 1 - next).unwrap_or(usize::MAX);
                stretch.from(next).take(wanted).for_each(|line| loose.lines.add(line));
            }
            next = last + 1;
        }
        self.lines(&loose).await?;
        self.copy_checkpoints(from, end).await
    }

    /// Those of the source before `end`, and one of the end, so that opening needs no folding.
    async fn copy_checkpoints(&mut self, from: &mut Reader, end: Position) -> anyhow::Result<()> {
        let mut after = 0;
        while let Some((position, body)) = from.checkpoint_behind(after, end).await? {
            self.checkpoint_body(position, &body).await?;
            after = position;
        }
        let mut picture = from.checkpoint(end).await?;
        from.fold(picture.state.position, end, |event| picture.evolve(event)).await?;
        self.checkpoint(&picture).await?;
        let mut rows = from.rows_behind(0).await?;
        while let Some(stored) = rows.take().filter(|rows| rows.position < end) {
            self.rows(&stored).await?;
            rows = from.rows_behind(stored.position).await?;
        }
        self.rows(&from.rows_up_to(end).await?).await
    }

    /// These lines as one block.
    pub async fn lines(&mut self, stretch: &Stretch) -> anyhow::Result<()> {
        if stretch.lines.is_empty() {
            return Ok(());
        }
        let body = pack(stretch.lines.bytes())?;
        self.block(&Block { first: stretch.first, last: stretch.last(), body }).await
    }

    async fn block(&mut self, block: &Block) -> anyhow::Result<()> {
        sqlx::query("insert into chunk (first, last, packed, body) values (?, ?, 1, ?)")
            .bind(block.first.cast_signed())
            .bind(block.last.cast_signed())
            .bind(&block.body)
            .execute(&mut self.conn)
            .await?;
        Ok(())
    }

    pub async fn checkpoint(&mut self, picture: &Picture) -> anyhow::Result<()> {
        self.checkpoint_body(picture.state.position, &pack(&serde_json::to_vec(picture)?)?).await
    }

    async fn checkpoint_body(&mut self, position: Position, body: &[u8]) -> anyhow::Result<()> {
        self.checkpoint_bytes += body.len() as u64;
        sqlx::query("insert or replace into checkpoint (position, body) values (?, ?)")
            .bind(position.cast_signed())
            .bind(body)
            .execute(&mut self.conn)
            .await?;
        Ok(())
    }

    pub async fn rows(&mut self, rows: &Rows) -> anyhow::Result<()> {
        save_rows(&mut self.conn, rows).await
    }

    /// On disk, and nothing left in the write-ahead log, when it returns.
    pub async fn finish(mut self) -> anyhow::Result<()> {
        let done = sqlx::query("commit").execute(&mut self.conn).await;
        whole(&mut self.conn, done).await?;
        sqlx::query("pragma wal_checkpoint(truncate)").fetch_all(&mut self.conn).await?;
        Ok(self.conn.close().await?)
    }
}

impl Reader {
    /// The stored row that holds a position, as it is, and whether it is packed.
    async fn stored(&mut self, position: Position) -> anyhow::Result<(Block, bool)> {
        let (first, last, packed, body): (i64, i64, bool, Vec<u8>) =
            sqlx::query_as("select first, last, packed, body from chunk where first <= ? order by first desc limit 1")
                .bind(position.cast_signed())
                .fetch_optional(&mut self.conn)
                .await?
                .with_context(|| format!("position {position} is not in the record"))?;
        let block = Block { first: first.try_into()?, last: last.try_into()?, body };
        anyhow::ensure!(position <= block.last, "position {position} is past the end of the record");
        Ok((block, packed))
    }

    /// The first stored rows behind a position.
    async fn rows_behind(&mut self, after: Position) -> anyhow::Result<Option<Rows>> {
        let row: Option<(Vec<u8>,)> =
            sqlx::query_as("select body from rows_at where position > ? order by position limit 1")
                .bind(after.cast_signed())
                .fetch_optional(&mut self.conn)
                .await?;
        row.map(|(body,)| Ok(serde_json::from_slice(&unpack(&body)?)?)).transpose()
    }

    /// The first checkpoint behind one position and before another, as it is stored.
    async fn checkpoint_behind(
        &mut self,
        after: Position,
        before: Position,
    ) -> anyhow::Result<Option<(Position, Vec<u8>)>> {
        let row: Option<(i64, Vec<u8>)> = sqlx::query_as(
            "select position, body from checkpoint where position > ? and position < ? order by position limit 1",
        )
        .bind(after.cast_signed())
        .bind(before.cast_signed())
        .fetch_optional(&mut self.conn)
        .await?;
        row.map(|(position, body)| Ok((position.try_into()?, body))).transpose()
    }
}
