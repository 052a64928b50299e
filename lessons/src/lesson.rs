use crate::action::Action;
use crate::check::Checker;
use crate::condition::{Condition, Named};
use crate::manifest::{self, Head, PredictManifest, StepManifest};
use crate::markdown::{self, Prose};
use crate::predict::{Choice, Prediction, PredictionKind, Truth};
use crate::quiz::{self, Question};
use crate::scene::Scene;
use crate::source::Source;
use crate::{LessonErrors, Problem};
use protocol::Topology;
use serde::Serialize;
use toml::Spanned;

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

impl Checker<'_> {
    fn topology(&mut self, name: &Spanned<String>) -> Option<Topology> {
        let topology = protocol::topology(name.get_ref());
        if topology.is_none() {
            let known = protocol::topologies().iter().map(|known| known.name.to_string()).collect();
            self.refuse(&name.span(), Problem::Unknown { what: "topology", name: name.get_ref().clone(), known });
        }
        topology
    }

    /// `around`: what a step without a scene runs in.
    fn step(&mut self, manifest: StepManifest, sections: &[Section], around: Option<&Topology>) -> Step {
        if !sections.iter().any(|section| section.id == *manifest.section.get_ref()) {
            let place = manifest.section.span();
            self.refuse(&place, Problem::UnknownSection(manifest.section.get_ref().clone()));
        }
        let own = manifest.scene.as_ref().and_then(|scene| protocol::topology(&scene.get_ref().topology));
        if let Some(scene) = &manifest.scene {
            let names = |names: &mut Vec<Named>| {
                names.push(Named::Topology(scene.get_ref().topology.clone()));
                scene.get_ref().names(names);
            };
            self.known(own.as_ref().or(around), &scene.span(), names);
        }
        let topology = if manifest.scene.is_some() { own.as_ref() } else { around };
        for (field, place, is_empty) in [
            ("step.show", manifest.show.span(), manifest.show.get_ref().is_empty()),
            ("step.check", manifest.check.span(), manifest.check.get_ref().is_empty()),
        ] {
            if is_empty {
                self.refuse(&place, Problem::Empty(field));
            }
        }
        let show = manifest.show.into_inner().into_iter().map(|action| {
            self.known(topology, &action.span(), |names| action.get_ref().names(names));
            if let Some(problem) = action.get_ref().problem() {
                self.refuse(&action.span(), problem);
            }
            action.into_inner()
        });
        let show = show.collect();
        let check = manifest.check.into_inner().into_iter().map(|condition| {
            self.known(topology, &condition.span(), |names| condition.get_ref().names(names));
            let condition = condition.into_inner();
            Check { text: condition.text(), condition }
        });
        let check = check.collect();
        let do_it = self.fragment("step.do_it", &manifest.do_it);
        let reveal = self.fragment("step.reveal", &manifest.reveal);
        let predict = manifest.predict.and_then(|predict| self.predict(predict, topology));
        Step {
            id: self.id(manifest.id),
            section: manifest.section.into_inner(),
            title: self.filled("step.title", manifest.title),
            challenge: manifest.challenge,
            do_it: do_it.text,
            do_html: do_it.html,
            scene: manifest.scene.map(Spanned::into_inner),
            predict,
            show,
            check,
            reveal: reveal.text,
            reveal_html: reveal.html,
        }
    }

    fn predict(&mut self, manifest: Spanned<PredictManifest>, topology: Option<&Topology>) -> Option<Prediction> {
        let place = manifest.span();
        let PredictManifest { kind, ask, options, choices, unit, truth } = manifest.into_inner();
        let wrong = match kind {
            PredictionKind::Choice if truth.is_some() || !options.is_empty() => Some(
                "a choice has neither `truth` nor `options`: each [[step.predict.choice]] says `when` it comes true",
            ),
            PredictionKind::Choice if choices.len() < 2 => {
                Some("a choice needs two choices or more: write [[step.predict.choice]]")
            }
            PredictionKind::Choice => None,
            _ if truth.is_none() => Some("`truth` is missing: it says how the answer is found in the record"),
            _ if !choices.is_empty() => Some("only the kind `choice` has [[step.predict.choice]]"),
            PredictionKind::Order if options.len() < 2 => Some("`options` is missing: what is to be put in order"),
            PredictionKind::Number if !options.is_empty() => Some("a number has no `options`"),
            _ if truth.as_ref().is_some_and(|truth| truth.get_ref().kind() != kind) => {
                Some("this `truth` is of another kind of prediction")
            }
            _ => None,
        };
        if let Some(wrong) = wrong {
            self.refuse(&place, Problem::Prediction(wrong));
            return None;
        }
        let ask = self.fragment("step.predict.ask", &ask);
        let named = |id: &protocol::Name| Choice { id: id.clone(), text: id.to_string() };
        let mut options: Vec<Choice> = options.iter().map(named).collect();
        if kind == PredictionKind::Services && options.is_empty() {
            options = topology.into_iter().flat_map(|topology| &topology.services).map(|of| named(&of.name)).collect();
        }
        let mut conditions = vec![];
        for choice in choices {
            let choice = choice.into_inner();
            let text = self.fragment("step.predict.choice.text", &choice.text).text;
            self.known(topology, &choice.when.span(), |names| choice.when.get_ref().names(names));
            let id: protocol::Name = choice.id.get_ref().as_str().into();
            if !is_id(&id) || options.iter().any(|option| option.id == id) {
                let (place, id) = (choice.id.span(), id.to_string());
                self.refuse(&place, if is_id(&id) { Problem::DuplicateId(id) } else { Problem::BadId(id) });
            }
            options.push(Choice { id: id.clone(), text });
            conditions.push((id, choice.when.into_inner()));
        }
        let truth = truth.map_or(Truth::Choice(conditions), Spanned::into_inner);
        self.known(topology, &place, |names| {
            if kind != PredictionKind::Choice {
                truth.names(&options, names);
            }
        });
        Some(Prediction { kind, ask: ask.text, ask_html: ask.html, options, unit, truth })
    }
}

/// Whether a text can be an anchor, and the name of something that is kept.
pub(crate) fn is_id(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= 64
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LessonError;

    const HEAD: &str = r#"number = 3
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
reveal = "`OrderCreated`."
show = [{ place-order = {} }]
check = [{ order-ended = { status = "CONFIRMED" } }]
"#;
    const PROSE: &str = "Lede.\n\n## One\n\nText, see [two](#two).\n\n## Two\n\nMore.\n";
    const QUIZ: &str = r#"
[[question]]
id = "why"
ask = "Why?"
[[question.choice]]
id = "a"
text = "So."
right = true
because = "It *is* so."
[[question.choice]]
id = "b"
text = "Not so."
because = "It is so."
"#;

    fn parse(manifest: &str, prose: &str, quiz: &str) -> Result<Lesson, LessonErrors> {
        Lesson::parse("sagas", Files { manifest, prose, quiz })
    }

    fn refused(manifest: &str, prose: &str) -> Vec<LessonError> {
        parse(manifest, prose, QUIZ).expect_err("it is refused").0
    }

    /// The only thing that is wrong.
    fn wrong(manifest: &str, prose: &str) -> String {
        let errors = refused(manifest, prose);
        assert_eq!(errors.len(), 1, "{errors:#?}");
        errors[0].to_string()
    }

    fn step(from: &str, to: &str) -> String {
        assert!(STEP.contains(from), "{from}");
        format!("{HEAD}{}", STEP.replace(from, to))
    }

    #[test]
    fn three_files_make_a_lesson() {
        let lesson = parse(&format!("{HEAD}{STEP}"), PROSE, QUIZ).expect("it fits");
        assert_eq!(lesson.eyebrow(), "Lesson 3 · Sagas");
        assert_eq!(lesson.intro, "<p>Lede.</p>\n");
        assert_eq!(lesson.section("two").map(|section| section.html.as_str()), Some("<p>More.</p>\n"));
        let step = lesson.steps_of("one").next().expect("a step");
        assert_eq!((step.do_it.as_str(), step.reveal.as_str()), ("Press Go.", "OrderCreated."));
        assert_eq!(step.do_html, "<p>Press <strong>Go</strong>.</p>\n");
        assert_eq!(step.check[0].text, "An order became CONFIRMED.");
        assert_eq!(lesson.steps_of("two").count(), 0);
        assert_eq!(lesson.quiz[0].choices[0].because_html, "<p>It <em>is</em> so.</p>\n");
    }

    #[test]
    fn a_field_too_many_or_too_few_is_refused_where_it_is() {
        let colour = wrong(&format!("{HEAD}\ncolour = 1"), PROSE);
        assert!(colour.starts_with("lesson.toml:8:1: unknown field `colour`"), "{colour}");
        let hint = wrong(&format!("{HEAD}{STEP}\nhint = \"x\""), PROSE);
        assert!(hint.starts_with("lesson.toml:17:1: unknown field `hint`"), "{hint}");
        let inside = wrong(&step("{ place-order = {} }", "{ place-order = { much = 1 } }"), PROSE);
        assert!(inside.starts_with("lesson.toml:14:27: unexpected keys in table: much, available"), "{inside}");
        let kind = wrong(&step("{ place-order = {} }", "{ fly = {} }"), PROSE);
        assert!(kind.starts_with("lesson.toml:14:11: unknown variant `fly`"), "{kind}");
        assert!(wrong(&HEAD.replace("minutes = 5", ""), PROSE).contains("missing field `minutes`"));
        assert!(wrong(&HEAD.replace("minutes = 5", "minutes = 0"), PROSE).contains("nonzero"));
        assert!(
            wrong(&HEAD.replace("minutes = 5", "minutes = \"5\""), PROSE).starts_with("lesson.toml:6:11: invalid type")
        );
        assert!(refused("number = = 3", PROSE)[0].to_string().starts_with("lesson.toml:1:10: "));
    }

    #[test]
    fn all_that_is_wrong_is_named_in_one_go() {
        let manifest = format!(
            "{}{}{}",
            HEAD.replace("\"Sagas\"", "\" \""),
            STEP.replace("\"one\"", "\"six\""),
            "\n[[step]]\nid = 3\n"
        );
        let errors = refused(&manifest, "## One\n\n![x](/y)\n");
        let places: Vec<_> = errors.iter().map(|error| (error.file, error.line, error.column)).collect();
        assert_eq!(
            places,
            [("lesson.md", 3, 1), ("lesson.toml", 2, 10), ("lesson.toml", 10, 11), ("lesson.toml", 18, 6)]
        );
    }

    #[test]
    fn names_the_topology_does_not_have_are_refused_with_those_it_has() {
        let lesson = wrong(&HEAD.replace("saga-choreography", "saga-opera"), PROSE);
        assert!(
            lesson.starts_with("lesson.toml:5:12: there is no topology `saga-opera`: choose one of saga-"),
            "{lesson}"
        );
        for (action, sentence) in [
            ("{ crash = { service = \"shipping\" } }", "14:32: there is no service `shipping`: choose one of orders, "),
            (
                "{ switch = { name = \"magic\", on = true } }",
                "14:30: there is no switch `magic`: choose one of outbox, inbox, ",
            ),
            ("{ wait = { until = { event-published = { type = \"Sold\" } } } }", "14:58: there is no event `Sold`"),
            (
                "{ fault = { id = \"a\", rule = { kind = \"drop\", target = \"a->b\" } } }",
                "14:65: there is no target `a->b`",
            ),
        ] {
            let error = wrong(&step("{ place-order = {} }", action), PROSE);
            assert!(error.starts_with(&format!("lesson.toml:{sentence}")), "{error}");
        }
    }

    #[test]
    fn an_empty_text_is_refused() {
        assert!(wrong(&HEAD.replace("\"Undoing\"", "\" \""), PROSE).contains("`title` is empty"));
        assert!(wrong(&step("`OrderCreated`.", ""), PROSE).contains("`step.reveal` is empty"));
        assert!(wrong(&step("[{ place-order = {} }]", "[]"), PROSE).contains("`step.show` is empty"));
        let many = wrong(&step("{ place-order = {} }", "{ place-order = { n = 1000 } }"), PROSE);
        assert!(many.starts_with("lesson.toml:14:9: n is out of range: choose 1 to 200"), "{many}");
    }

    #[test]
    fn an_id_is_slug_like_and_used_once() {
        for bad in ["", "Try", "9", "a b", "é", "a\"b"] {
            assert!(!is_id(bad), "{bad}");
        }
        assert!(
            wrong(&format!("{HEAD}{STEP}{STEP}"), PROSE).starts_with("lesson.toml:18:6: the id `try` is used twice")
        );
        assert!(wrong(&step("\"try\"", "\"two\""), PROSE).contains("the id `two` is used twice"));
        assert!(wrong(HEAD, "## One\n\n## One\n").starts_with("lesson.md:3:1: the id `one` is used twice"));
        assert!(Lesson::parse("../x", Files { manifest: HEAD, prose: PROSE, quiz: "" }).is_err());
    }

    #[test]
    fn what_a_step_or_a_link_refers_to_exists() {
        assert!(wrong(&step("\"one\"", "\"three\""), PROSE).contains("there is no section `three`"));
        assert!(
            wrong(HEAD, &PROSE.replace("#two", "#three")).starts_with("lesson.md:5:11: the link `#three` leads to")
        );
    }

    #[test]
    fn prose_without_a_section_is_refused() {
        assert!(wrong(HEAD, "Only a lede.").starts_with("lesson.md:1:1: there is no section"));
    }

    #[test]
    fn a_prediction_and_its_truth_are_of_one_kind() {
        let with = |predict: &str| format!("{HEAD}{STEP}[step.predict]\nask = \"What?\"\n{predict}");
        let lesson =
            parse(&with("kind = \"services\"\ntruth = { committed-after = { type = \"PaymentFailed\" } }"), PROSE, "");
        let lesson = lesson.expect("it fits");
        let predict = lesson.steps[0].predict.as_ref().expect("a prediction");
        let options: Vec<_> = predict.options.iter().map(|option| &*option.id).collect();
        assert_eq!(options, ["orders", "inventory", "payments", "notifications"]);
        for (predict, part) in [
            ("kind = \"number\"\ntruth = \"committed\"", "of another kind"),
            ("kind = \"number\"", "`truth` is missing"),
            ("kind = \"order\"\ntruth = \"order-of-events\"", "`options` is missing"),
            ("kind = \"choice\"", "two choices or more"),
            (
                "kind = \"order\"\ntruth = \"order-of-events\"\noptions = [\"OrderCreated\", \"Sold\"]",
                "no event `Sold`",
            ),
        ] {
            let error = wrong(&with(predict), PROSE);
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_question_has_one_right_choice() {
        let none = parse(HEAD, PROSE, &QUIZ.replace("right = true\n", "")).expect_err("refused").to_string();
        assert!(none.starts_with("quiz.toml:3:6: the question has 0 right choices"), "{none}");
        let twice = parse(HEAD, PROSE, &format!("{QUIZ}{QUIZ}")).expect_err("refused").to_string();
        assert!(twice.contains("the id `why` is used twice"), "{twice}");
    }
}
