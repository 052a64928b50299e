use std::fmt;

/// What is wrong in a file of a lesson, and where: `lesson.toml:12:9: …`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{file}:{line}:{column}: {problem}")]
pub struct LessonError {
    /// Its name within the lesson's folder.
    pub file: &'static str,
    /// From 1.
    pub line: usize,
    /// In letters, from 1.
    pub column: usize,
    pub problem: Problem,
}

/// All that is wrong with a lesson, a line each.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct LessonErrors(pub Vec<LessonError>);

impl fmt::Display for LessonErrors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        out.write_str(&lines.join("\n"))
    }
}

/// Why a lesson is not fit to be shown, and what to do about it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    #[error("{0}")]
    Toml(String),
    #[error("`{0}` is empty: write something")]
    Empty(&'static str),
    #[error("{what} is out of range: choose {range}")]
    OutOfRange { what: &'static str, range: &'static str },
    #[error("no service takes that: {why}")]
    NoSuchCommand { why: String },
    #[error("there is no {what} `{name}`: {}", choose(known))]
    Unknown { what: &'static str, name: String, known: Vec<String> },
    #[error("`{0}` cannot be an id: it takes lower-case letters, digits and hyphens, a letter first")]
    BadId(String),
    #[error("the id `{0}` is used twice: choose another")]
    DuplicateId(String),
    #[error("there is no section: a line that begins with `## ` opens one")]
    NoSections,
    #[error(
        "the heading `{0}` is out of place: the title stands in lesson.toml, `##` opens a section of lesson.md, other texts have none"
    )]
    Heading(String),
    #[error("there is no section `{0}` in lesson.md: name one of its headings")]
    UnknownSection(String),
    #[error("the link `{0}` is neither https nor relative")]
    Link(String),
    #[error("the link `#{0}` leads to no section")]
    DanglingLink(String),
    #[error("`{0}` is an image: a lesson's pictures are drawn from what runs")]
    Image(String),
    #[error("the fault is refused: {0}")]
    Fault(String),
    #[error("{0}")]
    Prediction(&'static str),
    #[error("the question has {0} right choices: mark one with `right = true`")]
    RightChoices(usize),
}

fn choose(known: &[String]) -> String {
    if known.is_empty() { "here are none".into() } else { format!("choose one of {}", known.join(", ")) }
}
