use crate::LessonError;
use crate::manifest::{Manifest, StepManifest};
use crate::markdown::{self, Prose};
use serde::Serialize;
use std::collections::BTreeSet;

/// A lesson: prose in sections, and what to try beside it. Serialised, it is the entry of
/// `GET /api/lessons`: no HTML in it.
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

/// A short experiment on the running services.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Unique among the sections and steps of the lesson.
    pub id: String,
    /// The id of the section whose claim it proves.
    pub section: String,
    pub title: String,
    /// What to do, as plain text.
    pub do_it: String,
    /// What will be seen, as plain text.
    pub expect: String,
    #[serde(skip)]
    pub do_html: String,
    #[serde(skip)]
    pub expect_html: String,
}

impl Lesson {
    /// A lesson from its two files, or the first thing that is wrong with them.
    pub fn parse(slug: &str, manifest: &str, prose: &str) -> Result<Self, LessonError> {
        let manifest: Manifest = toml::from_str(manifest)?;
        let Prose { intro, sections, fragments } = markdown::prose(prose)?;
        if protocol::topology(&manifest.topology).is_none() {
            return Err(LessonError::UnknownTopology(manifest.topology));
        }
        if sections.is_empty() {
            return Err(LessonError::NoSections);
        }
        let steps = manifest.steps.into_iter().map(Step::try_new).collect::<Result<Vec<_>, _>>()?;
        let lesson = Lesson {
            slug: id(slug.to_owned())?,
            number: manifest.number.get(),
            kicker: filled("kicker", manifest.kicker)?,
            title: filled("title", manifest.title)?,
            summary: filled("summary", manifest.summary)?,
            topology: manifest.topology,
            minutes: manifest.minutes.get(),
            intro,
            sections,
            steps,
        };
        lesson.ids_are_unique()?;
        lesson.references_lead_somewhere(&fragments)?;
        Ok(lesson)
    }

    /// The line above the title: `Lesson 3 · Sagas`.
    pub fn eyebrow(&self) -> String {
        format!("Lesson {} · {}", self.number, self.kicker)
    }

    pub fn section(&self, id: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.id == id)
    }

    /// What there is to try after a section.
    pub fn steps_of<'a>(&'a self, section: &'a str) -> impl Iterator<Item = &'a Step> {
        self.steps.iter().filter(move |step| step.section == section)
    }

    fn ids_are_unique(&self) -> Result<(), LessonError> {
        let mut seen = BTreeSet::new();
        let ids = self.sections.iter().map(|section| &section.id).chain(self.steps.iter().map(|step| &step.id));
        for id in ids {
            if !seen.insert(id) {
                return Err(LessonError::DuplicateId(id.clone()));
            }
        }
        Ok(())
    }

    fn references_lead_somewhere(&self, fragments: &[String]) -> Result<(), LessonError> {
        if let Some(step) = self.steps.iter().find(|step| self.section(&step.section).is_none()) {
            return Err(LessonError::UnknownSection { step: step.id.clone(), section: step.section.clone() });
        }
        match fragments.iter().find(|fragment| self.section(fragment).is_none()) {
            Some(fragment) => Err(LessonError::DanglingLink(fragment.clone())),
            None => Ok(()),
        }
    }
}

impl Step {
    fn try_new(manifest: StepManifest) -> Result<Self, LessonError> {
        let (do_html, do_it) = markdown::fragment(&manifest.do_it)?;
        let (expect_html, expect) = markdown::fragment(&manifest.expect)?;
        Ok(Step {
            id: id(manifest.id)?,
            section: manifest.section,
            title: filled("step.title", manifest.title)?,
            do_it: filled("step.do_it", do_it)?,
            expect: filled("step.expect", expect)?,
            do_html,
            expect_html,
        })
    }
}

/// The text itself if it can be an anchor.
pub(crate) fn id(text: String) -> Result<String, LessonError> {
    let fits = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if fits { Ok(text) } else { Err(LessonError::BadId(text)) }
}

fn filled(field: &'static str, text: String) -> Result<String, LessonError> {
    if text.trim().is_empty() { Err(LessonError::Empty(field)) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"
        number = 3
        kicker = "Sagas"
        title = "Undoing"
        summary = "Short."
        topology = "saga-choreography"
        minutes = 5
    "#;
    const STEP: &str = r#"
        [[step]]
        id = "try"
        section = "one"
        title = "Try"
        do_it = "Press **Go**."
        expect = "`OrderCreated`."
    "#;
    const PROSE: &str = "Lede.\n\n## One\n\nText, see [two](#two).\n\n## Two\n\nMore.\n";

    fn parse(manifest: &str, prose: &str) -> Result<Lesson, LessonError> {
        Lesson::parse("sagas", manifest, prose)
    }

    fn refused(manifest: &str, prose: &str) -> String {
        parse(manifest, prose).expect_err("it is refused").to_string()
    }

    #[test]
    fn two_files_make_a_lesson() {
        let lesson = parse(&format!("{HEAD}{STEP}"), PROSE).expect("it fits");
        assert_eq!(lesson.eyebrow(), "Lesson 3 · Sagas");
        assert_eq!(lesson.intro, "<p>Lede.</p>\n");
        assert_eq!(lesson.section("two").map(|section| section.html.as_str()), Some("<p>More.</p>\n"));
        let step = lesson.steps_of("one").next().expect("a step");
        assert_eq!((step.do_it.as_str(), step.expect.as_str()), ("Press Go.", "OrderCreated."));
        assert_eq!(step.do_html, "<p>Press <strong>Go</strong>.</p>\n");
        assert_eq!(lesson.steps_of("two").count(), 0);
    }

    #[test]
    fn a_field_too_many_or_too_few_is_refused() {
        assert!(refused(&format!("{HEAD}\ncolour = 1"), PROSE).contains("unknown field `colour`"));
        assert!(refused(&format!("{HEAD}{STEP}\nhint = \"x\""), PROSE).contains("unknown field `hint`"));
        assert!(refused(&HEAD.replace("minutes = 5", ""), PROSE).contains("missing field `minutes`"));
        assert!(refused(&HEAD.replace("minutes = 5", "minutes = 0"), PROSE).contains("nonzero"));
        assert!(refused(&HEAD.replace("minutes = 5", "minutes = \"5\""), PROSE).contains("invalid type"));
        assert!(refused("number = = 3", PROSE).contains("lesson.toml"));
    }

    #[test]
    fn an_empty_text_is_refused() {
        let manifest = HEAD.replace("\"Undoing\"", "\" \"");
        assert!(matches!(parse(&manifest, PROSE), Err(LessonError::Empty("title"))));
        let step = STEP.replace("`OrderCreated`.", "");
        assert!(matches!(parse(&format!("{HEAD}{step}"), PROSE), Err(LessonError::Empty("step.expect"))));
    }

    #[test]
    fn a_topology_that_does_not_exist_is_refused() {
        let manifest = HEAD.replace("saga-choreography", "saga-opera");
        assert!(matches!(parse(&manifest, PROSE), Err(LessonError::UnknownTopology(name)) if name == "saga-opera"));
    }

    #[test]
    fn an_id_is_slug_like_and_used_once() {
        for bad in ["", "Try", "9", "a b", "é", "a\"b"] {
            assert!(matches!(id(bad.into()), Err(LessonError::BadId(_))), "{bad}");
        }
        let twice = format!("{HEAD}{STEP}{STEP}");
        assert!(matches!(parse(&twice, PROSE), Err(LessonError::DuplicateId(id)) if id == "try"));
        let as_section = format!("{HEAD}{}", STEP.replace("\"try\"", "\"two\""));
        assert!(matches!(parse(&as_section, PROSE), Err(LessonError::DuplicateId(id)) if id == "two"));
        let sections = "## One\n\n## One\n";
        assert!(matches!(parse(HEAD, sections), Err(LessonError::DuplicateId(id)) if id == "one"));
        assert!(matches!(Lesson::parse("../x", HEAD, PROSE), Err(LessonError::BadId(_))));
    }

    #[test]
    fn what_a_step_or_a_link_refers_to_exists() {
        let step = STEP.replace("section = \"one\"", "section = \"three\"");
        assert!(matches!(
            parse(&format!("{HEAD}{step}"), PROSE),
            Err(LessonError::UnknownSection { step, section }) if step == "try" && section == "three"
        ));
        let prose = PROSE.replace("#two", "#three");
        assert!(matches!(parse(HEAD, &prose), Err(LessonError::DanglingLink(id)) if id == "three"));
    }

    #[test]
    fn prose_without_a_section_is_refused() {
        assert!(matches!(parse(HEAD, "Only a lede."), Err(LessonError::NoSections)));
    }
}
