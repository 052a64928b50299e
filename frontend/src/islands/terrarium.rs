use diagram::DiagramState;
use leptos::prelude::*;
use protocol::Position;

/// Where the terrarium stands: how much is shown beside the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    Home,
    Lesson,
    Playground,
}

impl Room {
    pub const ALL: [Room; 3] = [Room::Home, Room::Lesson, Room::Playground];

    pub fn name(self) -> &'static str {
        match self {
            Room::Home => "home",
            Room::Lesson => "lesson",
            Room::Playground => "playground",
        }
    }
}

/// What the page gives its terrarium. On the server it comes as a context, in the browser from
/// the attributes of the element around the island ([`crate::pages::Living`]). Properties of the
/// island would do, if the code leptos makes for them were not a quarter of what is loaded.
#[derive(Clone)]
pub struct Given {
    /// The session's sandbox, or its kept run; without one, it is found or started in the browser.
    pub sandbox_id: Option<String>,
    /// The picture as the server folded it; the stream goes on from there.
    pub state: DiagramState,
    pub room: Room,
    /// It is a kept run, which only stands still.
    pub kept: bool,
    /// The last position of its record, which may lie past that of the picture.
    pub end: Option<Position>,
    /// The page was asked for a run that is not there, or not this session's.
    pub missing: bool,
}

#[cfg(not(feature = "hydrate"))]
fn given() -> Option<Given> {
    use_context()
}

#[cfg(feature = "hydrate")]
fn given() -> Option<Given> {
    let around = document().query_selector("[data-picture]").ok()??;
    let room = around.get_attribute("data-room")?;
    Some(Given {
        sandbox_id: around.get_attribute("data-sandbox"),
        state: crate::json::read(&around.get_attribute("data-picture")?)?,
        room: Room::ALL.into_iter().find(|known| known.name() == room)?,
        kept: around.has_attribute("data-kept"),
        end: around.get_attribute("data-end").and_then(|end| end.parse().ok()),
        missing: around.has_attribute("data-missing"),
    })
}

/// A living system: the picture of a sandbox and everything one can do to it.
#[island]
pub fn Terrarium() -> impl IntoView {
    given().map(|given| {
        let class = if given.kept { "terrarium kept-run" } else { "terrarium" };
        let class = format!("{class} {}", given.room.name());
        view! { <section class=class aria-label=crate::texts::VESSEL inner_html=content(given)></section> }
    })
}

#[cfg(feature = "ssr")]
fn content(given: Given) -> String {
    super::vessel::vessel(given)
}

#[cfg(not(any(feature = "ssr", feature = "hydrate")))]
fn content(_: Given) -> String {
    String::new()
}

/// In the browser it is there already.
#[cfg(feature = "hydrate")]
fn content(given: Given) -> String {
    crate::engine::prepare(given);
    String::new()
}
