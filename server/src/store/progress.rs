//! How far sessions have come in their lessons. Looked up each time.

use super::{Result, Store, now_ms};
use crate::ids::{SandboxId, SessionId};
use lessons::Answer;
use protocol::Position;
use sqlx::Row;

/// A step of a lesson, by their slug and id.
#[derive(Clone, Copy, Debug)]
pub struct StepOf<'a> {
    pub session: &'a SessionId,
    pub lesson: &'a str,
    pub step: &'a str,
}

/// Where a step's scene began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SceneRow {
    pub sandbox: SandboxId,
    pub began: Position,
    /// The sandbox was made for it, and goes with it.
    pub fresh: bool,
    /// In milliseconds since 1970.
    pub set_up: i64,
    /// What came true in it is kept, and does not change any more.
    pub told: bool,
}

/// A step that was begun.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRow {
    pub lesson: String,
    pub step: String,
    pub prediction: Option<Answer>,
    /// When its check first held, in milliseconds since 1970.
    pub done: Option<i64>,
    /// What came true, once it was done.
    pub truth: Option<Answer>,
}

/// The last answer to a question.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerRow {
    pub lesson: String,
    pub question: String,
    pub choice: String,
}

impl Store {
    /// Notes where a step's scene began, in the place of where it did before.
    pub async fn put_scene(&self, of: StepOf<'_>, scene: SceneRow) -> Result<()> {
        sqlx::query(
            "insert or replace into scene (session, lesson, step, sandbox, began, fresh, set_up, told)
             values (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(of.session.to_string())
        .bind(of.lesson)
        .bind(of.step)
        .bind(scene.sandbox.to_string())
        .bind(scene.began.cast_signed())
        .bind(scene.fresh)
        .bind(scene.set_up)
        .bind(scene.told)
        .execute(&self.0.pool)
        .await
        .map(drop)
    }

    /// Where a step's scene began last.
    pub async fn scene(&self, of: StepOf<'_>) -> Result<Option<SceneRow>> {
        let row = sqlx::query(
            "select sandbox, began, fresh, set_up, told from scene where session = ? and lesson = ? and step = ?",
        )
        .bind(of.session.to_string())
        .bind(of.lesson)
        .bind(of.step)
        .fetch_optional(&self.0.pool)
        .await?;
        row.map(|row| {
            let sandbox: String = row.try_get(0)?;
            Ok(SceneRow {
                sandbox: sandbox.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
                began: row.try_get::<i64, _>(1)?.cast_unsigned(),
                fresh: row.try_get(2)?,
                set_up: row.try_get(3)?,
                told: row.try_get(4)?,
            })
        })
        .transpose()
    }

    /// Whether a sandbox was made for a scene.
    pub async fn is_of_scene(&self, sandbox: &SandboxId) -> Result<bool> {
        sqlx::query_scalar("select exists (select 1 from scene where sandbox = ? and fresh = 1)")
            .bind(sandbox.to_string())
            .fetch_one(&self.0.pool)
            .await
    }

    pub async fn predict(&self, of: StepOf<'_>, prediction: &Answer) -> Result<()> {
        sqlx::query(
            "insert into step (session, lesson, step, prediction) values (?, ?, ?, ?)
             on conflict do update set prediction = excluded.prediction",
        )
        .bind(of.session.to_string())
        .bind(of.lesson)
        .bind(of.step)
        .bind(written(prediction)?)
        .execute(&self.0.pool)
        .await
        .map(drop)
    }

    /// Its check held, and this came true in its scene, if it is known by now. That it was done before
    /// stays. What came true in a scene that is over says nothing of the present one.
    pub async fn complete(&self, of: StepOf<'_>, scene: Option<SceneRow>, truth: Option<&Answer>) -> Result<()> {
        let mut transaction = self.0.pool.begin().await?;
        let mut truth = truth;
        if let (Some(scene), Some(_)) = (scene, truth) {
            let told = sqlx::query(
                "update scene set told = 1 where session = ? and lesson = ? and step = ? and sandbox = ? and began = ?",
            )
            .bind(of.session.to_string())
            .bind(of.lesson)
            .bind(of.step)
            .bind(scene.sandbox.to_string())
            .bind(scene.began.cast_signed())
            .execute(&mut *transaction)
            .await?;
            truth = truth.filter(|_| told.rows_affected() > 0);
        }
        sqlx::query(
            "insert into step (session, lesson, step, done, truth) values (?, ?, ?, ?, ?)
             on conflict do update set done = coalesce(done, excluded.done), truth = coalesce(excluded.truth, truth)",
        )
        .bind(of.session.to_string())
        .bind(of.lesson)
        .bind(of.step)
        .bind(now_ms())
        .bind(truth.map(written).transpose()?)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }

    pub async fn answer(&self, session: &SessionId, lesson: &str, question: &str, choice: &str) -> Result<()> {
        sqlx::query("insert or replace into answer (session, lesson, question, choice) values (?, ?, ?, ?)")
            .bind(session.to_string())
            .bind(lesson)
            .bind(question)
            .bind(choice)
            .execute(&self.0.pool)
            .await
            .map(drop)
    }

    pub async fn step(&self, of: StepOf<'_>) -> Result<Option<StepRow>> {
        let row = sqlx::query(
            "select lesson, step, prediction, done, truth from step where session = ? and lesson = ? and step = ?",
        )
        .bind(of.session.to_string())
        .bind(of.lesson)
        .bind(of.step)
        .fetch_optional(&self.0.pool)
        .await?;
        row.as_ref().map(step_row).transpose()
    }

    pub async fn steps_of(&self, session: &SessionId) -> Result<Vec<StepRow>> {
        let rows = sqlx::query("select lesson, step, prediction, done, truth from step where session = ?")
            .bind(session.to_string())
            .fetch_all(&self.0.pool)
            .await?;
        rows.iter().map(step_row).collect()
    }

    pub async fn answers_of(&self, session: &SessionId) -> Result<Vec<AnswerRow>> {
        let rows = sqlx::query("select lesson, question, choice from answer where session = ?")
            .bind(session.to_string())
            .fetch_all(&self.0.pool)
            .await?;
        let row = |row: &sqlx::sqlite::SqliteRow| {
            Ok(AnswerRow { lesson: row.try_get(0)?, question: row.try_get(1)?, choice: row.try_get(2)? })
        };
        rows.iter().map(row).collect()
    }
}

fn step_row(row: &sqlx::sqlite::SqliteRow) -> Result<StepRow> {
    let read = |column: usize| -> Result<Option<Answer>> {
        let text: Option<String> = row.try_get(column)?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(Box::new(error)))).transpose()
    };
    Ok(StepRow {
        lesson: row.try_get(0)?,
        step: row.try_get(1)?,
        prediction: read(2)?,
        done: row.try_get(3)?,
        truth: read(4)?,
    })
}

fn written(answer: &Answer) -> Result<String> {
    serde_json::to_string(answer).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SandboxRow;
    use crate::testing::TempDir;

    #[tokio::test]
    async fn progress_is_there_after_reopening_and_a_scene_goes_with_its_sandbox() {
        let dir = TempDir::new();
        let store = Store::open(dir.path()).await.expect("opens");
        let session = store.create_session().await.expect("session").session();
        let sandbox = SandboxId::random();
        let row =
            SandboxRow { id: sandbox, session, topology: "saga-choreography".into(), seed: 1, created: 1, used: 1 };
        store.insert_sandbox(row, 9).await.expect("insert");
        let of = StepOf { session: &session, lesson: "sagas", step: "place-an-order" };
        let scene = SceneRow { sandbox, began: 9, fresh: true, set_up: 5, told: false };
        store.put_scene(of, SceneRow { began: 7, ..scene }).await.expect("put");
        store.put_scene(of, scene).await.expect("put");
        assert_eq!(store.scene(of).await.expect("read"), Some(scene));
        store.predict(of, &Answer::Number(3)).await.expect("predict");
        store.complete(of, Some(scene), None).await.expect("complete");
        let first = store.step(of).await.expect("read").expect("a row");
        assert_eq!(store.scene(of).await.expect("read"), Some(scene));
        let over = SceneRow { began: 7, ..scene };
        store.complete(of, Some(over), Some(&Answer::Number(3))).await.expect("complete");
        assert_eq!(store.step(of).await.expect("read").expect("a row").truth, None);
        assert_eq!(store.scene(of).await.expect("read"), Some(scene));
        store.complete(of, Some(scene), Some(&Answer::Number(4))).await.expect("complete");
        assert_eq!(store.scene(of).await.expect("read"), Some(SceneRow { told: true, ..scene }));
        store.answer(&session, "sagas", "why", "a").await.expect("answer");
        store.answer(&session, "sagas", "why", "b").await.expect("answer");
        store.close().await;
        drop(store);

        let store = Store::open(dir.path()).await.expect("opens again");
        let step = StepRow { truth: Some(Answer::Number(4)), ..first };
        assert_eq!((step.prediction.clone(), step.done.is_some()), (Some(Answer::Number(3)), true));
        assert_eq!(store.steps_of(&session).await.expect("read"), [step]);
        let answers = store.answers_of(&session).await.expect("read");
        assert_eq!(answers.iter().map(|answer| answer.choice.as_str()).collect::<Vec<_>>(), ["b"]);
        assert!(store.is_of_scene(&sandbox).await.expect("read"));
        store.delete_sandbox(&sandbox).await.expect("delete");
        assert_eq!(store.scene(of).await.expect("read"), None);
        store.delete_session(&session).await.expect("delete");
        assert_eq!(store.steps_of(&session).await.expect("read"), []);
    }
}
