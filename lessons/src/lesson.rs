mod steps;

use crate::action::Action;
use crate::check::Checker;
use crate::condition::Condition;
use crate::manifest::{self, Head, StepManifest};
use crate::markdown::{self, Prose};
use crate::predict::Prediction;
use crate::quiz::{self, Question};
use crate::scene::Scene;
use crate::source::Source;
use crate::{LessonErrors, Problem};
use protocol::{FaultSpec, Topology};
use serde::Serialize;
use std::collections::BTreeMap;

/// A lesson: prose in sections, what to try beside it, and questions. Serialised, it is the entry
/// of `GET /api/lessons`: no HTML in it, and no answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lesson {
    /// Its address: `/lessons/{slug}`.
    pub slug: String,
    /// Its place in the course, from 1.
    pub number: u8,
    /// The subject in a word or two, as in the navigation: `Sagas`.
    pub kicker: String,
    pub title: String,
    /// One or two sentences for lists.
    pub summary: String,
    /// What runs beside the text; a name `protocol::topology` knows.
    pub topology: String,
    /// How long it takes, experiments included.
    pub minutes: u8,
    /// What stands before the first section, as HTML. The first paragraph is the lede.
    #[serde(skip)]
    pub intro: String,
    pub sections: Vec<Section>,
    /// In the order they are taken.
    pub steps: Vec<Step>,
    pub quiz: Vec<Question>,
}

/// A part of the page under a heading of its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Section {
    /// Its anchor; unique among the sections and steps of the lesson.
    pub id: String,
    pub title: String,
    /// Without the heading.
    #[serde(skip)]
    pub html: String,
}

/// A short experiment on the running services: predict, act, see.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Unique among the sections and steps of the lesson, and never changed: progress is kept by it.
    pub id: String,
    /// The id of the section whose claim it proves.
    pub section: String,
    pub title: String,
    /// It closes the lesson: how to do it is not told.
    pub challenge: bool,
    /// What to do, as plain text.
    pub do_it: String,
    #[serde(skip)]
    pub do_html: String,
    /// A fresh sandbox to begin with. Without one, the step goes on in the one that is there.
    pub scene: Option<Scene>,
    pub predict: Option<Prediction>,
    /// What **Show me** does; also the scripted solution.
    #[serde(skip)]
    pub show: Vec<Action>,
    /// The step is done once all of them held at once.
    pub check: Vec<Check>,
    /// What was seen and why, as plain text; for when the step is done.
    #[serde(skip)]
    pub reveal: String,
    #[serde(skip)]
    pub reveal_html: String,
}

/// A condition and how people read it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    pub text: String,
    #[serde(skip)]
    pub condition: Condition,
}

/// What only the services themselves know.
pub struct Rules<'a> {
    pub fault: &'a FaultRules,
    pub tables: &'a ServiceTables,
}

/// Whether a fault would change anything in a topology, else a sentence that says why not.
pub type FaultRules = dyn Fn(&Topology, &FaultSpec) -> Result<(), String>;

/// By service: its tables, each with its columns.
pub type ServiceTables = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// The files of a lesson's folder.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// `lesson.toml`
    pub manifest: &'a str,
    /// `lesson.md`
    pub prose: &'a str,
    /// `quiz.toml`
    pub quiz: &'a str,
}

impl Lesson {
    /// A lesson from the files of its folder, or all that is wrong with them. The slug is the
    /// folder's name.
    pub fn parse(slug: &str, files: Files) -> Result<Self, LessonErrors> {
        Self::parse_under(slug, files, None)
    }

    /// The same, where faults must keep further rules, and tables must be there.
    pub fn parse_under(slug: &str, files: Files, rules: Option<&Rules>) -> Result<Self, LessonErrors> {
        let (prose_file, manifest_file) =
            (Source { file: "lesson.md", text: files.prose }, Source { file: "lesson.toml", text: files.manifest });
        let Prose { intro, sections, fragments, problems } = markdown::prose(files.prose);
        let mut errors: Vec<_> =
            problems.into_iter().map(|(place, problem)| prose_file.error(&place, problem)).collect();
        if sections.is_empty() {
            errors.push(prose_file.error(&(0..0), Problem::NoSections));
        }
        for (id, place) in &fragments {
            if !sections.iter().any(|(section, _)| section.id == *id) {
                errors.push(prose_file.error(place, Problem::DanglingLink(id.clone())));
            }
        }
        let (head, steps) = manifest::read::<Head, StepManifest>(manifest_file, "step", &mut errors);
        let mut checker = Checker::of(prose_file);
        checker.rules = rules;
        sections.iter().filter(|(section, _)| is_id(&section.id)).for_each(|(section, place)| {
            checker.keep_id(&section.id, place);
        });
        checker.source = manifest_file;
        if !is_id(slug) {
            checker.refuse(&(0..0), Problem::BadId(slug.to_owned()));
        }
        let sections: Vec<Section> = sections.into_iter().map(|(section, _)| section).collect();
        let topology = head.as_ref().and_then(|head| checker.topology(&head.topology));
        let steps = steps.into_iter().map(|manifest| checker.step(manifest, &sections, topology.as_ref())).collect();
        let head = head.map(|head| Lesson {
            slug: slug.to_owned(),
            number: head.number.get(),
            kicker: checker.filled("kicker", head.kicker),
            title: checker.filled("title", head.title),
            summary: checker.filled("summary", head.summary),
            topology: head.topology.into_inner(),
            minutes: head.minutes.get(),
            intro,
            sections,
            steps,
            quiz: vec![],
        });
        errors.append(&mut checker.errors);
        let quiz = quiz::parse(files.quiz, &mut errors);
        match head {
            Some(lesson) if errors.is_empty() => Ok(Lesson { quiz, ..lesson }),
            _ => {
                errors.sort_by_key(|error| (error.file, error.line, error.column));
                Err(LessonErrors(errors))
            }
        }
    }

    /// The line above the title: `Lesson 3 · Sagas`.
    pub fn eyebrow(&self) -> String {
        format!("Lesson {} · {}", self.number, self.kicker)
    }

    pub fn section(&self, id: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.id == id)
    }

    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    pub fn question(&self, id: &str) -> Option<&Question> {
        self.quiz.iter().find(|question| question.id == id)
    }

    /// What there is to try after a section.
    pub fn steps_of<'a>(&'a self, section: &'a str) -> impl Iterator<Item = &'a Step> {
        self.steps.iter().filter(move |step| step.section == section)
    }

    /// What a step without a scene is set up with where there is no sandbox yet.
    pub fn scene_of(&self, step: &Step) -> Scene {
        step.scene.clone().unwrap_or_else(|| Scene::plain(&self.topology))
    }
}

/// Whether a text can be an anchor, and the name of something that is kept.
pub(crate) fn is_id(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= 64
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

#[cfg(test)]
mod tests;
