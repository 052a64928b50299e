//! The lessons: prose in `content/<slug>/lesson.md`, the steps in the `lesson.toml` beside it, the
//! questions in `quiz.toml`. All are embedded and checked once, when first asked for.
//!
//! Begin with [`Lesson`] and `manifest.rs`, the schema; [`Scene`], [`Prediction`], [`Action`] and
//! [`Condition`] are its vocabulary. What makes a lesson unfit is listed in [`Problem`].

mod action;
mod check;
mod condition;
mod error;
mod folder;
mod lesson;
mod manifest;
mod markdown;
mod outline;
mod predict;
mod quiz;
mod scene;
mod source;
mod tally;

pub use action::{Action, Wait, pause_name};
pub use condition::Condition;
pub use error::{LessonError, LessonErrors, Problem};
pub use folder::load;
pub use lesson::{Check, FaultRules, Files, Lesson, Rules, Section, ServiceTables, Step};
pub use outline::{Planned, outline};
pub use predict::{Answer, Choice, Prediction, PredictionKind, Truth};
pub use quiz::{Question, QuizChoice};
pub use scene::{FaultRule, Scene};
pub use tally::{MatrixSeen, Present, Row, Tables, Tally};

use std::sync::LazyLock;

/// The promises a condition can name.
pub const INVARIANTS: [&str; 18] = [
    "stock-conserved",
    "stock-never-negative",
    "legal-transitions",
    "sagas-end-consistent",
    "charged-at-most-once",
    "money-conserved",
    "nothing-held-by-ended-sagas",
    "one-end-per-saga",
    "compensations-in-reverse",
    "refunded-at-most-once",
    "one-effect-per-message",
    "consumed-was-published",
    "transactions-gapless",
    "fencing-never-falls",
    "shipped-only-if-not-cancelled",
    "every-saga-ends",
    "streams-gapless",
    "balances-add-up",
];

/// Slug and files of every lesson.
const EMBEDDED: [(&str, Files); 3] = [
    (
        "sagas",
        Files {
            manifest: include_str!("../content/sagas/lesson.toml"),
            prose: include_str!("../content/sagas/lesson.md"),
            quiz: include_str!("../content/sagas/quiz.toml"),
        },
    ),
    (
        "cqrs",
        Files {
            manifest: include_str!("../content/cqrs/lesson.toml"),
            prose: include_str!("../content/cqrs/lesson.md"),
            quiz: include_str!("../content/cqrs/quiz.toml"),
        },
    ),
    (
        "event-sourcing",
        Files {
            manifest: include_str!("../content/event-sourcing/lesson.toml"),
            prose: include_str!("../content/event-sourcing/lesson.md"),
            quiz: include_str!("../content/event-sourcing/quiz.toml"),
        },
    ),
];

static LESSONS: LazyLock<Vec<Lesson>> = LazyLock::new(|| {
    let mut lessons: Vec<Lesson> = EMBEDDED
        .into_iter()
        .map(|(slug, files)| Lesson::parse(slug, files).expect("a test parses every embedded lesson"))
        .collect();
    lessons.sort_by_key(|lesson| lesson.number);
    lessons
});

/// The lessons that can be taken, by number.
pub fn lessons() -> &'static [Lesson] {
    &LESSONS
}

/// The lesson at `/lessons/{slug}`.
pub fn lesson(slug: &str) -> Option<&'static Lesson> {
    lessons().iter().find(|lesson| lesson.slug == slug)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_embedded_lesson_is_fit_to_be_taught() {
        for (slug, files) in EMBEDDED {
            let lesson = Lesson::parse(slug, files).unwrap_or_else(|errors| panic!("{slug}: {errors}"));
            assert!((8..=12).contains(&lesson.steps.len()), "{slug} has {} steps", lesson.steps.len());
            assert!(!lesson.quiz.is_empty(), "{slug} asks nothing");
        }
    }

    #[test]
    fn lessons_and_outline_together_are_the_whole_course() {
        let mut course: Vec<(u8, &str)> = lessons()
            .iter()
            .map(|lesson| (lesson.number, lesson.slug.as_str()))
            .chain(outline().iter().map(|planned| (planned.number, planned.slug)))
            .collect();
        course.sort_unstable();
        assert_eq!(
            course,
            [
                (1, "decomposition"),
                (2, "communication"),
                (3, "sagas"),
                (4, "cqrs"),
                (5, "event-sourcing"),
                (6, "strangler-fig"),
            ]
        );
    }

    #[test]
    fn an_unknown_slug_is_no_lesson() {
        assert!(lesson("sagas").is_some());
        assert!(lesson("decomposition").is_none());
        assert!(lesson("").is_none());
    }

    #[test]
    fn the_list_for_clients_has_the_steps_and_leaves_the_pages_out() {
        let json = serde_json::to_value(lessons()).expect("lessons are plain data");
        let steps: Vec<_> = json[0]["steps"].as_array().expect("steps").iter().map(|step| &step["id"]).collect();
        assert_eq!(steps[..2], ["all-or-nothing", "place-an-order"]);
        assert!(!json.to_string().contains("<p>"), "{json}");
    }

    #[test]
    fn the_sagas_lesson_names_the_events_the_shop_really_publishes() {
        let topology = protocol::topology("saga-choreography").expect("it exists");
        let published: BTreeSet<&str> = topology
            .services
            .iter()
            .flat_map(|service| &service.consumes)
            .flat_map(|subscription| subscription.types.iter().map(|name| &**name))
            .collect();
        let lesson = lesson("sagas").expect("it is embedded");
        let prose: String = lesson.sections.iter().map(|section| section.html.as_str()).collect();
        for name in published {
            assert!(prose.contains(&format!("<code>{name}</code>")), "{name} is not explained");
        }
        for service in &topology.services {
            assert!(prose.contains(&format!("<em>{}</em>", service.name)), "{} is not explained", service.name);
            if let Some(outside) = &service.outside {
                assert!(prose.contains(&format!("{} ms", outside.latency_ms)), "{} is not declared", outside.name);
            }
        }
    }

    #[test]
    fn a_lesson_is_as_long_as_a_lesson_should_be() {
        for (slug, Files { prose, .. }) in EMBEDDED {
            let words = prose.split("## Sources").next().unwrap_or(prose).split_whitespace().count();
            assert!((1400..=3200).contains(&words), "{slug} has {words} words");
            assert!(!prose.contains('!'), "{slug} shouts");
        }
    }

    #[test]
    fn a_lesson_has_a_challenge_that_closes_it_and_sources() {
        for lesson in lessons() {
            let challenges = lesson.steps.iter().filter(|step| step.challenge).count();
            assert!(challenges == 1 && lesson.steps.last().is_some_and(|step| step.challenge), "{}", lesson.slug);
            assert!(lesson.sections.last().is_some_and(|section| section.id == "sources"), "{}", lesson.slug);
            assert!((7..=8).contains(&lesson.quiz.len()), "{}", lesson.slug);
        }
    }

    /// The variants of an enum, as the error for one that there is not lists them.
    fn variants<T: serde::de::DeserializeOwned>() -> Vec<String> {
        let error = serde_json::from_str::<T>(r#""?""#).err().expect("there is no such variant").to_string();
        error.split('`').skip(3).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn every_condition_action_truth_and_switch_is_in_the_documentation() {
        let documentation = include_str!("../README.md");
        let switches = protocol::topologies().into_iter().flat_map(|topology| topology.switches);
        let named = [variants::<Condition>(), variants::<Action>(), variants::<Truth>()].concat();
        assert!(named.len() > 60, "{named:?}");
        let mut named: BTreeSet<String> =
            named.into_iter().chain(switches.map(|switch| switch.name.to_string())).collect();
        named.extend(["services", "order", "number", "choice"].map(String::from));
        named.extend(["lesson.md", "lesson.toml", "quiz.toml"].map(String::from));
        let rows = documentation.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let listed: BTreeSet<String> = rows.map(str::to_owned).collect();
        let differing: Vec<_> = named.symmetric_difference(&listed).collect();
        assert!(differing.is_empty(), "only in the code, or only in lessons/README.md: {differing:?}");
    }
}
