use serde::Serialize;

/// A lesson that is still being written.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Planned {
    pub number: u8,
    pub slug: &'static str,
    /// The subject in a word or two, as in the navigation.
    pub kicker: &'static str,
    pub title: &'static str,
    pub summary: &'static str,
}

/// The lessons that are not there yet, by number.
pub fn outline() -> &'static [Planned] {
    &OUTLINE
}

static OUTLINE: [Planned; 3] = [
    Planned {
        number: 1,
        slug: "decomposition",
        kicker: "Decomposition",
        title: "Monolith or services?",
        summary: "One deployable over one database, or a service for each business capability: what either choice costs.",
    },
    Planned {
        number: 2,
        slug: "communication",
        kicker: "Communication",
        title: "Sync and async",
        summary: "Calling a service and waiting for its answer, or publishing an event and going on.",
    },
    Planned {
        number: 6,
        slug: "strangler-fig",
        kicker: "Strangler fig",
        title: "Leave the monolith alive",
        summary: "Replacing a monolith one capability at a time, while it keeps serving.",
    },
];
