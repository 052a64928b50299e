//! The schema of `lesson.toml`. A field more or less is an error, never ignored.

use serde::Deserialize;
use std::num::NonZeroU8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub number: NonZeroU8,
    pub kicker: String,
    pub title: String,
    pub summary: String,
    /// A name that `protocol::topology` knows.
    pub topology: String,
    pub minutes: NonZeroU8,
    #[serde(default, rename = "step")]
    pub steps: Vec<StepManifest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepManifest {
    pub id: String,
    /// The id of the section it follows.
    pub section: String,
    pub title: String,
    /// Markdown, as is `expect`.
    pub do_it: String,
    pub expect: String,
}
