//! How far a learner has come.

use super::{Course, Taken};
use crate::ids::SessionId;
use crate::store::{AnswerRow, StepRow};
use frontend::render::LessonEntry;
use lessons::{Answer, Lesson};
use serde::Serialize;
use utoipa::ToSchema;

/// A lesson, and what was done of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LessonProgress {
    pub slug: &'static str,
    /// In the lesson's order, as are the questions.
    pub steps: Vec<StepProgress>,
    pub quiz: Vec<QuestionProgress>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct StepProgress {
    pub id: &'static str,
    /// When it was done, in milliseconds since 1970.
    pub done: Option<i64>,
    #[schema(value_type = Option<Object>)]
    pub prediction: Option<Answer>,
    /// What came true.
    #[schema(value_type = Option<Object>)]
    pub truth: Option<Answer>,
    /// Whether that is what was predicted.
    pub right: Option<bool>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct QuestionProgress {
    pub id: &'static str,
    /// The last answer.
    pub choice: Option<String>,
    pub right: Option<bool>,
}

impl Course {
    pub async fn predict(&self, taken: Taken, answer: &Answer) -> crate::store::Result<()> {
        self.store.predict(taken.of(), answer).await
    }

    /// The lessons as their list shows them.
    pub async fn begun(&self, session: Option<SessionId>) -> crate::store::Result<Vec<LessonEntry>> {
        let progress = self.progress(session).await?;
        let entry = |(lesson, of): (&&'static Lesson, &LessonProgress)| LessonEntry {
            lesson,
            steps_done: of.steps.iter().filter(|step| step.done.is_some()).count(),
            answered: of.quiz.iter().filter(|question| question.right == Some(true)).count(),
        };
        Ok(self.lessons().iter().zip(&progress).map(entry).collect())
    }

    /// The steps of a lesson that were done, by their ids.
    pub async fn done(&self, session: Option<SessionId>, lesson: &Lesson) -> crate::store::Result<Vec<&'static str>> {
        let progress = self.progress(session).await?;
        let steps = progress.iter().filter(|of| of.slug == lesson.slug).flat_map(|of| &of.steps);
        Ok(steps.filter(|step| step.done.is_some()).map(|step| step.id).collect())
    }

    /// Every lesson, by number. Of nobody, nothing is done.
    pub async fn progress(&self, session: Option<SessionId>) -> crate::store::Result<Vec<LessonProgress>> {
        let (steps, answers) = match session {
            Some(session) => (self.store.steps_of(&session).await?, self.store.answers_of(&session).await?),
            None => (vec![], vec![]),
        };
        Ok(self.lessons().iter().map(|lesson| of_lesson(lesson, &steps, &answers)).collect())
    }
}

fn of_lesson(lesson: &'static Lesson, rows: &[StepRow], answers: &[AnswerRow]) -> LessonProgress {
    let steps = lesson.steps.iter().map(|step| {
        let row = rows.iter().find(|row| row.lesson == lesson.slug && row.step == step.id);
        let (prediction, truth) = row.map_or((None, None), |row| (row.prediction.clone(), row.truth.clone()));
        let right = step.predict.as_ref().zip(prediction.as_ref()).zip(truth.as_ref());
        let right = right.map(|((predict, prediction), truth)| predict.is_right(prediction, truth));
        StepProgress { id: &step.id, done: row.and_then(|row| row.done), prediction, truth, right }
    });
    let quiz = lesson.quiz.iter().map(|question| {
        let row = answers.iter().find(|row| row.lesson == lesson.slug && row.question == question.id);
        let chosen = row.and_then(|row| question.choices.iter().find(|choice| choice.id == row.choice));
        QuestionProgress {
            id: &question.id,
            choice: chosen.map(|choice| choice.id.clone()),
            right: chosen.map(|choice| choice.right),
        }
    });
    LessonProgress { slug: &lesson.slug, steps: steps.collect(), quiz: quiz.collect() }
}
