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
use crate::views::View;
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
        sandbox_id: around.get_attribute("data-sandbox").as_deref().map(crate::client::of),
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
                <div class="tabs" role="tablist" aria-label=texts::VIEWS inner_html=still(tabs)></div>
                <div class="pane">
                <div class="window" id="view" role="tabpanel" aria-labelledby="tab-diagram">
                    <div class="view"></div>
                    <div class="stage">
                        <div class="scenes" inner_html=scenes></div>
                        <canvas class="tokens" aria-hidden="true"></canvas>
                        <div class="listed">
                            <div class="outline" role="listbox" tabindex="0" aria-label=texts::views::OUTLINE></div>
                            <div class="grouping" inner_html=still(groupings)></div>
                        </div>
                        <Levers store=store.clone() services=services.clone()/>
                    </div>
                </div>
                <section class="inspector" tabindex="-1" aria-label=texts::EXPLAINED></section>
                </div>
                <Trouble words=levers/>
                <div class="told">
                    <Telling store=store.clone()/>
                    <Ledger store=store.clone()/>
                </div>
                <Soil store=store.clone() services/>
            </div>
            <Foot store=store.clone()/>
            {roomy.then(|| view! { <Yard store=store.clone()/> })}
            <p class="visually-hidden" aria-live="polite" inner_html=store.spoken></p>
        </section>
    }
}

/// The views, each with an address of its own.
fn tabs() -> String {
    let tab = |(view, name): (View, &str)| {
        let (id, selected) = (view.name(), view == View::Diagram);
        let index = if selected { "0" } else { "-1" };
        format!(
            "<a role=\"tab\" id=\"tab-{id}\" href=\"?view={id}\" data-view=\"{id}\" aria-controls=\"view\" \
             aria-selected=\"{selected}\" tabindex=\"{index}\">{name}</a>"
        )
    };
    View::ALL.into_iter().zip(texts::VIEW_NAMES).map(tab).collect()
}

/// What the list behind the diagram is ordered by.
fn groupings() -> String {
    let option = |(value, words)| format!("<option value=\"{value}\">{words}</option>");
    let options = texts::GROUPINGS.map(option).concat();
    format!("<label>{} <select data-group>{options}</select></label>", texts::GROUP_BY)
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
