//! The timeline's own tables. Never begins or commits: whoever calls owns the transaction.

use super::domain::{AT_ONCE, Build, State, Timelines};
use crate::progress::Progress;
use crate::reading::{Shown, posts};
use kit::storage::json;
use kit::{Due, Origin};
use protocol::PostPublished;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnection;

/// The first build, which is live from the beginning.
pub async fn begin(conn: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::query("insert into builds values (1, 'live', 0) on conflict do nothing").execute(conn).await.map(drop)
}

/// `from`: where a build goes on, for which what was heard is loaded, too.
pub async fn load(conn: &mut SqliteConnection, from: Option<i64>) -> sqlx::Result<Timelines> {
    let rows: Vec<(i64, Option<String>, i64)> = sqlx::query_as(
        "select build, state, position from builds
         union all
         select post_id, null, 0 from heard where post_id > (select position from builds where state = 'live')",
    )
    .fetch_all(&mut *conn)
    .await?;
    let (mut builds, mut ahead) = (vec![], vec![]);
    for (number, state, position) in rows {
        match state {
            Some(state) => builds.push(Build { build: number, state: parse(&state)?, position }),
            None => ahead.push(number),
        }
    }
    let live = builds.iter().find(|build| build.state == State::Live).map_or(0, |build| build.position);
    let replay = match from {
        Some(from) => replay(conn, from).await?,
        None => vec![],
    };
    Ok(Timelines { progress: Progress::new(live, ahead), builds, replay, ..Timelines::default() })
}

async fn replay(conn: &mut SqliteConnection, from: i64) -> sqlx::Result<Vec<PostPublished>> {
    let heard: Vec<(String,)> = sqlx::query_as("select event from heard where post_id > ? order by post_id limit ?")
        .bind(from)
        .bind(i64::try_from(AT_ONCE).unwrap_or(i64::MAX))
        .fetch_all(conn)
        .await?;
    let read = |(event,): (String,)| serde_json::from_str(&event).map_err(|error| sqlx::Error::Decode(error.into()));
    heard.into_iter().map(read).collect()
}

/// The build under way, as work: each step of it once, whoever does it.
pub async fn due(conn: &mut SqliteConnection) -> sqlx::Result<Due> {
    let building: Vec<(i64, i64, String)> =
        sqlx::query_as("select build, position, origin from builds join origin using (build) where state = 'building'")
            .fetch_all(conn)
            .await?;
    let work = |(build, position, origin): (i64, i64, String)| {
        let origin: Origin = serde_json::from_str(&origin).map_err(|error| sqlx::Error::Decode(error.into()))?;
        Ok(origin.deadline(position, json!({"build": build, "position": position})))
    };
    Ok(Due { passed: building.into_iter().map(work).collect::<sqlx::Result<_>>()?, next: None })
}

fn parse(state: &str) -> sqlx::Result<State> {
    State::parse(state).ok_or_else(|| sqlx::Error::Decode(format!("state {state}").into()))
}

pub async fn save(conn: &mut SqliteConnection, timelines: &Timelines) -> sqlx::Result<()> {
    let heard = timelines.heard.iter().map(|post| (post.post_id, json!(post).to_string()));
    let shown = timelines.shown.iter().map(|(build, post)| {
        let PostPublished { post_id, author_id, author, text, tags, posted_at } = post;
        (build, post_id, author_id, author, text, tags.join(" "), posted_at)
    });
    let origin = timelines.origin.iter().map(|(build, origin)| (build, json!(origin).to_string()));
    let builds = timelines.builds.iter().map(|build| (build.build, build.state.name(), build.position));
    sqlx::query(
        "insert into heard (post_id, event) select value ->> 0, value ->> 1 from json_each(?);
         insert into timeline (build, post_id, author_id, author, text, tags, posted_at)
         select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
         from json_each(?);
         insert into builds (build, state, position)
         select value ->> 0, value ->> 1, value ->> 2 from json_each(?) where true
         on conflict (build) do update set state = excluded.state, position = excluded.position
         where state <> excluded.state or position <> excluded.position;
         insert into origin (build, origin) select value ->> 0, value ->> 1 from json_each(?)",
    )
    .bind(json(heard))
    .bind(json(shown))
    .bind(json(builds))
    .bind(json(origin))
    .execute(&mut *conn)
    .await?;
    match timelines.damaged {
        Some(build) => damage(conn, build).await,
        None => Ok(()),
    }
}

/// A migration that went wrong: of the newest posts each third row is gone, and the next of them
/// has lost its author. What was heard it does not touch.
async fn damage(conn: &mut SqliteConnection, build: i64) -> sqlx::Result<()> {
    sqlx::query(
        "delete from timeline where build = ?1 and post_id % 3 = 0
             and post_id > (select max(post_id) - 300 from timeline where build = ?1);
         update timeline set author = 'nobody' where build = ?1 and post_id % 3 = 1
             and post_id > (select max(post_id) - 300 from timeline where build = ?1)",
    )
    .bind(build)
    .execute(conn)
    .await
    .map(drop)
}

/// Of the live build: every post up to it is shown.
pub async fn position(conn: &mut SqliteConnection) -> sqlx::Result<i64> {
    let live: Option<(i64,)> =
        sqlx::query_as("select position from builds where state = 'live'").fetch_optional(conn).await?;
    Ok(live.map_or(0, |(position,)| position))
}

/// The newest posts, or those of one author: rows as they lie there, nothing to join.
pub async fn newest(conn: &mut SqliteConnection, limit: i64, author: Option<i64>) -> sqlx::Result<Value> {
    let position = position(conn).await?;
    let newest: Vec<Shown> = sqlx::query_as(
        "select post_id, author, text, tags, posted_at from timeline
         where build = (select build from builds where state = 'live') and (?1 is null or author_id = ?1)
         order by post_id desc limit ?2",
    )
    .bind(author)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    Ok(posts(position, newest))
}
