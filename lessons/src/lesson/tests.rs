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
    assert_eq!(places, [("lesson.md", 3, 1), ("lesson.toml", 2, 10), ("lesson.toml", 10, 11), ("lesson.toml", 18, 6)]);
}

#[test]
fn names_the_topology_does_not_have_are_refused_with_those_it_has() {
    let lesson = wrong(&HEAD.replace("saga-choreography", "saga-opera"), PROSE);
    assert!(lesson.starts_with("lesson.toml:5:12: there is no topology `saga-opera`: choose one of saga-"), "{lesson}");
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
    assert!(wrong(&format!("{HEAD}{STEP}{STEP}"), PROSE).starts_with("lesson.toml:18:6: the id `try` is used twice"));
    assert!(wrong(&step("\"try\"", "\"two\""), PROSE).contains("the id `two` is used twice"));
    assert!(wrong(HEAD, "## One\n\n## One\n").starts_with("lesson.md:3:1: the id `one` is used twice"));
    assert!(Lesson::parse("../x", Files { manifest: HEAD, prose: PROSE, quiz: "" }).is_err());
}

#[test]
fn what_a_step_or_a_link_refers_to_exists() {
    assert!(wrong(&step("\"one\"", "\"three\""), PROSE).contains("there is no section `three`"));
    assert!(wrong(HEAD, &PROSE.replace("#two", "#three")).starts_with("lesson.md:5:11: the link `#three` leads to"));
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
        ("kind = \"order\"\ntruth = \"order-of-events\"\noptions = [\"OrderCreated\", \"Sold\"]", "no event `Sold`"),
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
