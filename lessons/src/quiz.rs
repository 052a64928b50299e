//! The questions at the end of a lesson. They ask why, and every answer explains itself.

use crate::check::Checker;
use crate::manifest::{self, QuestionManifest};
use crate::source::Source;
use crate::{LessonError, Problem};
use serde::{Deserialize, Serialize};

/// Serialised, it does not give the answer away.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Question {
    /// Unique among the questions of the lesson, and never changed: answers are kept by it.
    pub id: String,
    /// As plain text.
    pub ask: String,
    #[serde(skip)]
    pub ask_html: String,
    pub choices: Vec<QuizChoice>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuizChoice {
    /// Unique within the question, and never changed.
    pub id: String,
    /// As plain text.
    pub text: String,
    #[serde(skip)]
    pub text_html: String,
    #[serde(skip)]
    pub right: bool,
    /// Why it is right, or wrong, as plain text.
    #[serde(skip)]
    pub because: String,
    #[serde(skip)]
    pub because_html: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

pub(crate) fn parse(text: &str, errors: &mut Vec<LessonError>) -> Vec<Question> {
    let source = Source { file: "quiz.toml", text };
    let (_, questions) = manifest::read::<Nothing, QuestionManifest>(source, "question", errors);
    let mut checker = Checker::of(source);
    let ids: Vec<_> = questions.iter().map(|question| question.id.clone()).collect();
    ids.into_iter().for_each(|id| drop(checker.id(id)));
    let questions = questions.into_iter().map(|manifest| question(&mut checker, manifest)).collect();
    errors.append(&mut checker.errors);
    questions
}

fn question(checker: &mut Checker, manifest: QuestionManifest) -> Question {
    checker.forget_ids();
    let right = manifest.choices.iter().filter(|choice| choice.get_ref().right).count();
    if right != 1 {
        checker.refuse(&manifest.id.span(), Problem::RightChoices(right));
    }
    let ask = checker.fragment("question.ask", &manifest.ask);
    let choices = manifest.choices.into_iter().map(|choice| {
        let choice = choice.into_inner();
        let (text, because) = (
            checker.fragment("question.choice.text", &choice.text),
            checker.fragment("question.choice.because", &choice.because),
        );
        QuizChoice {
            id: checker.id(choice.id),
            text: text.text,
            text_html: text.html,
            right: choice.right,
            because: because.text,
            because_html: because.html,
        }
    });
    let choices = choices.collect();
    Question { id: manifest.id.into_inner(), ask: ask.text, ask_html: ask.html, choices }
}
