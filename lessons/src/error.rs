/// Why a lesson is not fit to be shown.
#[derive(Debug, thiserror::Error)]
pub enum LessonError {
    #[error("lesson.toml does not fit the schema: {0}")]
    Manifest(#[from] toml::de::Error),
    #[error("`{0}` is empty")]
    Empty(&'static str),
    #[error("there is no topology named `{0}`")]
    UnknownTopology(String),
    #[error("`{0}` cannot be an id: it takes lower-case letters, digits and hyphens, a letter first")]
    BadId(String),
    #[error("the id `{0}` is used twice")]
    DuplicateId(String),
    #[error("lesson.md has no section: a line that begins with `## ` opens one")]
    NoSections,
    #[error(
        "the heading `{0}` is out of place: the title stands in lesson.toml, `##` opens a section of lesson.md, steps have none"
    )]
    Heading(String),
    #[error("step `{step}` belongs to section `{section}`, which lesson.md does not have")]
    UnknownSection { step: String, section: String },
    #[error("the link `{0}` is neither https nor relative")]
    Link(String),
    #[error("the link `#{0}` leads to no section")]
    DanglingLink(String),
    #[error("`{0}` is an image: a lesson's pictures are drawn from what runs")]
    Image(String),
}
