//! The schemas of `lesson.toml` and `quiz.toml`. A field more or less is an error, never ignored.

use crate::action::Action;
use crate::condition::Condition;
use crate::predict::{PredictionKind, Truth};
use crate::scene::Scene;
use crate::source::Source;
use crate::{LessonError, Problem};
use protocol::Name;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::num::NonZeroU8;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, ValueDeserializer};

/// `lesson.toml` without its steps.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    pub number: NonZeroU8,
    pub kicker: Spanned<String>,
    pub title: Spanned<String>,
    pub summary: Spanned<String>,
    /// A name that `protocol::topology` knows.
    pub topology: Spanned<String>,
    pub minutes: NonZeroU8,
}

/// `[[step]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepManifest {
    pub id: Spanned<String>,
    /// The id of the section it follows.
    pub section: Spanned<String>,
    pub title: Spanned<String>,
    /// It closes the lesson: how to do it is not told.
    #[serde(default)]
    pub challenge: bool,
    /// Markdown, as is `reveal`.
    pub do_it: Spanned<String>,
    /// A fresh sandbox. Without one, the step goes on in the sandbox that is there.
    pub scene: Option<Spanned<Scene>>,
    pub predict: Option<Spanned<PredictManifest>>,
    /// What **Show me** does; also the scripted solution.
    pub show: Spanned<Vec<Spanned<Action>>>,
    /// All of them must hold at once, once.
    pub check: Spanned<Vec<Spanned<Condition>>>,
    pub reveal: Spanned<String>,
}

/// `[step.predict]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PredictManifest {
    pub kind: PredictionKind,
    /// Markdown.
    pub ask: Spanned<String>,
    /// Of `services`: those that can be picked, all unless given. Of `order`: what is put in order.
    #[serde(default)]
    pub options: Vec<Name>,
    /// Of `choice`.
    #[serde(default, rename = "choice")]
    pub choices: Vec<Spanned<ChoiceManifest>>,
    /// Of `number`: what is counted.
    pub unit: Option<String>,
    /// Of all but `choice`.
    pub truth: Option<Spanned<Truth>>,
}

/// `[[step.predict.choice]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChoiceManifest {
    pub id: Spanned<String>,
    /// Markdown.
    pub text: Spanned<String>,
    /// When it comes true.
    pub when: Spanned<Condition>,
}

/// `[[question]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuestionManifest {
    pub id: Spanned<String>,
    /// Markdown.
    pub ask: Spanned<String>,
    #[serde(rename = "choice")]
    pub choices: Vec<Spanned<QuizChoiceManifest>>,
}

/// `[[question.choice]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuizChoiceManifest {
    pub id: Spanned<String>,
    /// Markdown, as is `because`.
    pub text: Spanned<String>,
    #[serde(default)]
    pub right: bool,
    /// Why it is right, or wrong.
    pub because: Spanned<String>,
}

/// A file as a head and a list of tables of one name, with whatever is wrong in either.
pub(crate) fn read<H: DeserializeOwned, T: DeserializeOwned>(
    source: Source,
    list: &'static str,
    errors: &mut Vec<LessonError>,
) -> (Option<H>, Vec<T>) {
    let (mut root, broken) = DeTable::parse_recoverable(source.text);
    if !broken.is_empty() {
        errors.extend(broken.iter().map(|error| source.toml(error)));
        return (None, vec![]);
    }
    let items = match root.get_mut().remove(list).map(|value| (value.span(), value.into_inner())) {
        Some((_, DeValue::Array(items))) => items.into_iter().collect(),
        Some((place, _)) => {
            errors.push(source.error(&place, Problem::Toml(format!("`{list}` is a list: write [[{list}]]"))));
            vec![]
        }
        None => vec![],
    };
    let mut note = |error: &toml::de::Error| errors.push(source.toml(error));
    let head = H::deserialize(Deserializer::from(root)).inspect_err(&mut note).ok();
    let items = items
        .into_iter()
        .filter_map(|item: Spanned<DeValue>| T::deserialize(ValueDeserializer::from(item)).inspect_err(&mut note).ok())
        .collect();
    (head, items)
}
