//! The list of kept runs. Looked up each time: a run is opened rarely.

use super::{Result, Store};
use crate::ids::{RunId, SessionId};
use protocol::Position;
use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// A run as the server lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    pub id: RunId,
    pub session: SessionId,
    pub name: String,
    pub topology: String,
    /// Of its last event.
    pub position: Position,
    /// Milliseconds since 1970.
    pub created: i64,
    pub origin: Origin,
}

/// Where a run came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A sandbox of this server.
    Kept,
    /// A file.
    Imported,
    /// A cell of a coverage matrix. These are on no list.
    Matrix,
}

impl Origin {
    pub fn word(self) -> &'static str {
        match self {
            Origin::Kept => "kept",
            Origin::Imported => "imported",
            Origin::Matrix => "matrix",
        }
    }
}

impl Store {
    /// Lists a run, unless its session has `quota` already: then false.
    pub async fn insert_run(&self, run: &RunRow, quota: u32) -> Result<bool> {
        let inserted = sqlx::query(
            "insert into run (id, session, name, topology, position, created, origin)
             select ?1, ?2, ?3, ?4, ?5, ?6, ?7 where (select count(*) from run where session = ?2) < ?8",
        )
        .bind(run.id.to_string())
        .bind(run.session.to_string())
        .bind(&run.name)
        .bind(&run.topology)
        .bind(run.position.cast_signed())
        .bind(run.created)
        .bind(run.origin.word())
        .bind(quota)
        .execute(&self.0.pool)
        .await?;
        Ok(inserted.rows_affected() > 0)
    }

    pub async fn run(&self, id: &RunId) -> Result<Option<RunRow>> {
        let row = sqlx::query("select id, session, name, topology, position, created, origin from run where id = ?")
            .bind(id.to_string())
            .fetch_optional(&self.0.pool)
            .await?;
        row.as_ref().map(run_row).transpose()
    }

    /// A session's runs, the newest first.
    pub async fn runs_of(&self, session: &SessionId) -> Result<Vec<RunRow>> {
        let rows = sqlx::query(
            "select id, session, name, topology, position, created, origin from run
             where session = ? order by created desc, id",
        )
        .bind(session.to_string())
        .fetch_all(&self.0.pool)
        .await?;
        rows.iter().map(run_row).collect()
    }

    /// Runs of all sessions.
    pub async fn all_run_count(&self) -> Result<u32> {
        sqlx::query_scalar("select count(*) from run").fetch_one(&self.0.pool).await
    }

    pub async fn run_count(&self, session: &SessionId) -> Result<u32> {
        sqlx::query_scalar("select count(*) from run where session = ?")
            .bind(session.to_string())
            .fetch_one(&self.0.pool)
            .await
    }

    pub async fn rename_run(&self, id: &RunId, name: &str) -> Result<()> {
        let renamed = sqlx::query("update run set name = ? where id = ?").bind(name).bind(id.to_string());
        renamed.execute(&self.0.pool).await.map(drop)
    }

    pub async fn delete_run(&self, id: &RunId) -> Result<()> {
        sqlx::query("delete from run where id = ?").bind(id.to_string()).execute(&self.0.pool).await.map(drop)
    }
}

fn run_row(row: &SqliteRow) -> Result<RunRow> {
    let (id, session, origin): (String, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(6)?);
    Ok(RunRow {
        id: id.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        session: session.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        name: row.try_get(2)?,
        topology: row.try_get(3)?,
        position: row.try_get::<i64, _>(4)?.cast_unsigned(),
        created: row.try_get(5)?,
        origin: if origin == "imported" { Origin::Imported } else { Origin::Kept },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TempDir;

    fn run(session: SessionId, created: i64) -> RunRow {
        RunRow {
            id: RunId::random(),
            session,
            name: "the one with the declined card '; drop table run".into(),
            topology: "saga-choreography".into(),
            position: 17,
            created,
            origin: Origin::Imported,
        }
    }

    #[tokio::test]
    async fn runs_are_listed_renamed_and_deleted() {
        let dir = TempDir::new();
        let store = Store::open(dir.path()).await.expect("opens");
        let session = store.create_session().await.expect("session").session();
        let (old, new) = (run(session, 1), run(session, 2));
        assert!(store.insert_run(&old, 2).await.expect("insert"));
        assert!(store.insert_run(&new, 2).await.expect("insert"));
        assert!(!store.insert_run(&run(session, 3), 2).await.expect("a third is one too many"));
        store.close().await;
        drop(store);

        let store = Store::open(dir.path()).await.expect("opens again");
        assert_eq!(store.runs_of(&session).await.expect("read"), [new.clone(), old.clone()]);
        store.rename_run(&old.id, "renamed").await.expect("rename");
        assert_eq!(store.run(&old.id).await.expect("read").map(|run| run.name), Some("renamed".into()));
        store.delete_run(&new.id).await.expect("delete");
        assert_eq!(store.run(&new.id).await.expect("read"), None);
        assert_eq!(store.run_count(&session).await.expect("read"), 1);
    }
}
