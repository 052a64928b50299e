use super::controls::Levers;
use super::head::Head;
use super::notice::Trouble;
use super::soil::Soil;
use super::store::{Spot, Store};
use super::telling::{Ledger, Telling};
use super::yard::{Foot, Yard};
use crate::player::Player;
use crate::svg::{Layout, Shape, scene};
use crate::texts;
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
    /// The session's sandbox; without one, it is found or started in the browser.
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
        missing: false,
    })
}

/// A living system: the picture of a sandbox and everything one can do to it.
#[island]
pub fn Terrarium() -> impl IntoView {
    given().map(alive)
}

fn alive(given: Given) -> impl IntoView {
    let Given { sandbox_id, state, room, .. } = given;
    let services = state.topology.as_ref().map(|topology| topology.services.clone()).unwrap_or_default();
    let title = state.topology.as_ref().map(|topology| topology.title.to_string()).unwrap_or_default();
    let player = Player::new(state);
    let roomy = room == Room::Playground;
    let store = Store::new(&player, sandbox_id.is_some(), roomy);
    let scenes = still(|| scenes(&player.shown));
    #[cfg(feature = "hydrate")]
    crate::engine::prepare(store.clone(), player, sandbox_id);
    let class = format!("terrarium {}", room.name());
    let levers = store.trouble(Spot::Levers);
    view! {
        <section class=class aria-label=texts::VESSEL>
            <div class="vessel">
                <Head store=store.clone() title/>
                <div class="window">
                    <div class="stage">
                        <div class="scenes" inner_html=scenes></div>
                        <canvas class="tokens" aria-hidden="true"></canvas>
                        <Levers store=store.clone() services/>
                    </div>
                </div>
                <Trouble words=levers/>
                <div class="told">
                    <Telling store=store.clone()/>
                    <Ledger store=store.clone()/>
                </div>
                <Soil store=store.clone()/>
            </div>
            <Foot store=store.clone()/>
            {roomy.then(|| view! { <Yard store=store.clone()/> })}
            <p class="visually-hidden" aria-live="polite" inner_html=store.spoken></p>
        </section>
    }
}

/// The picture in its three layouts, one of them shown.
fn scenes(state: &DiagramState) -> String {
    let Some(topology) = &state.topology else { return String::new() };
    Shape::ALL.into_iter().map(|shape| scene(state, &Layout::new(topology, shape))).collect()
}

/// HTML that the server has made and nobody changes: in the browser it is there already.
pub fn still(html: impl FnOnce() -> String) -> String {
    if cfg!(feature = "hydrate") { String::new() } else { html() }
}
