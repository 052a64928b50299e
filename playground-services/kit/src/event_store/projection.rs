//! Projections: read models that follow the store, and can be built anew while the old one serves.
//!
//! Each building of a read model is a *generation* with tables of its own, say `balances_2`; the
//! view `balances` shows the live one. A rebuild fills the next generation beside it, from the
//! first event on, and [`switch`] points the view to it in one transaction. A model may lie in
//! another file than the events: its position is kept beside its rows, in the same transaction, so
//! each event counts once.

use super::storage::{self, Turn};
use super::subscription::read_all;
use super::{Aggregate, EventStore, Recorded, StoreError};
use sqlx::sqlite::SqliteConnection;

pub const SCHEMA: &str = "
-- How far each generation of a read model has come.
create table projection (
    model text not null,
    generation integer not null,
    position integer not null,
    live integer not null,
    primary key (model, generation)
) without rowid";

/// What a read model makes of events.
pub trait ReadModel: Send {
    type Of: Aggregate;
    /// Names it and its view.
    const NAME: &'static str;

    /// The schema of a table of this name.
    fn schema(&self, table: &str) -> String;

    /// Takes events into the table of this name, within a transaction.
    fn apply(
        &mut self,
        conn: &mut SqliteConnection,
        table: &str,
        events: &[(Recorded<'_>, <Self::Of as Aggregate>::Event)],
    ) -> impl Future<Output = sqlx::Result<()>> + Send;
}

/// One generation, on its way.
#[derive(Debug)]
pub struct Projector<M> {
    model: M,
    generation: i64,
    position: u64,
}

/// How far a generation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub position: u64,
    /// Where the events end.
    pub end: u64,
}

impl Progress {
    pub fn has_caught_up(self) -> bool {
        self.position >= self.end
    }
}

impl<M: ReadModel> Projector<M> {
    /// Goes on with the live generation, or begins with the first.
    pub async fn live(models: &mut SqliteConnection, model: M) -> sqlx::Result<Self> {
        let live: Option<(i64, i64)> =
            sqlx::query_as("select generation, position from projection where model = ? and live")
                .bind(M::NAME)
                .fetch_optional(&mut *models)
                .await?;
        if let Some((generation, position)) = live {
            return Ok(Projector { model, generation, position: position.unsigned_abs() });
        }
        let mut first = Projector::rebuild(models, model).await?;
        first.switch(models).await?;
        Ok(first)
    }

    /// Begins the next generation beside the live one; one that was begun and never switched to is gone.
    pub async fn rebuild(models: &mut SqliteConnection, model: M) -> sqlx::Result<Self> {
        let (last,): (i64,) = sqlx::query_as("select coalesce(max(generation), 0) from projection where model = ?")
            .bind(M::NAME)
            .fetch_one(&mut *models)
            .await?;
        let begun = Projector { model, generation: last + 1, position: 0 };
        let others = others(models, M::NAME, "not live").await?;
        let script = format!(
            "begin immediate; {others} delete from projection where model = '{name}' and not live;
             {schema}; insert into projection values ('{name}', {generation}, 0, 0); commit",
            name = M::NAME,
            schema = begun.model.schema(&begun.table()),
            generation = begun.generation,
        );
        run(models, script).await?;
        Ok(begun)
    }

    /// The table it fills.
    pub fn table(&self) -> String {
        table(M::NAME, self.generation)
    }

    /// Takes in the next events, some thousands at most. A long rebuild is best driven [`aside`](crate::aside),
    /// so that who reads meanwhile goes first.
    pub async fn advance(
        &mut self,
        store: &EventStore<M::Of>,
        events: &mut SqliteConnection,
        models: &mut SqliteConnection,
    ) -> Result<Progress, StoreError> {
        let batch = read_all(events, self.position).await?;
        let (mut told, mut turn) = (vec![], Turn::default());
        for recorded in batch.events().await? {
            told.push(store.told(recorded)?);
            turn.used(1).await;
        }
        if let Some((last, _)) = told.last() {
            let position = last.position;
            crate::storage::begin(models).await?;
            if let Err(error) = self.store(models, &told, position).await {
                crate::storage::rollback(models).await?;
                return Err(error.into());
            }
            self.position = position;
        }
        Ok(Progress { position: self.position, end: storage::end(events).await? })
    }

    async fn store(
        &mut self,
        models: &mut SqliteConnection,
        told: &[(Recorded<'_>, <M::Of as Aggregate>::Event)],
        position: u64,
    ) -> sqlx::Result<()> {
        let table = self.table();
        self.model.apply(models, &table, told).await?;
        sqlx::query("update projection set position = ? where model = ? and generation = ?; commit")
            .bind(position.cast_signed())
            .bind(M::NAME)
            .bind(self.generation)
            .execute(models)
            .await
            .map(drop)
    }

    /// From now on the view shows this generation; the one before is gone.
    pub async fn switch(&mut self, models: &mut SqliteConnection) -> sqlx::Result<()> {
        let others = others(models, M::NAME, &format!("generation <> {}", self.generation)).await?;
        let script = format!(
            "begin immediate; drop view if exists {name}; create view {name} as select * from {table};
             {others} delete from projection where model = '{name}' and generation <> {generation};
             update projection set live = 1 where model = '{name}'; commit",
            name = M::NAME,
            table = self.table(),
            generation = self.generation,
        );
        run(models, script).await
    }
}

fn table(model: &str, generation: i64) -> String {
    format!("{model}_{generation}")
}

/// Drops the tables of a model's other generations.
async fn others(models: &mut SqliteConnection, model: &str, which: &str) -> sqlx::Result<String> {
    let select = format!("select generation from projection where model = ? and {which}");
    let rows: Vec<(i64,)> = sqlx::query_as(sqlx::AssertSqlSafe(select)).bind(model).fetch_all(models).await?;
    Ok(rows.into_iter().map(|(generation,)| format!("drop table {};", table(model, generation))).collect())
}

/// Names in it come from code, never from input.
async fn run(models: &mut SqliteConnection, script: String) -> sqlx::Result<()> {
    match sqlx::raw_sql(sqlx::AssertSqlSafe(script)).execute(&mut *models).await {
        Ok(_) => Ok(()),
        Err(error) => {
            crate::storage::rollback(models).await?;
            Err(error)
        }
    }
}
