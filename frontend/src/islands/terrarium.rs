use super::controls::Levers;
use super::head::Head;
use super::notice::Trouble;
use super::soil::Soil;
use super::stage::Scenes;
use super::store::{Spot, Store};
use super::telling::{Ledger, Telling};
use super::yard::{Foot, Yard};
use crate::player::Player;
use crate::texts;
use diagram::DiagramState;
use leptos::html::Section;
use leptos::prelude::*;

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
    })
}

/// A living system: the picture of a sandbox and everything one can do to it.
#[island]
pub fn Terrarium() -> impl IntoView {
    given().map(alive)
}

fn alive(given: Given) -> impl IntoView {
    let Given { sandbox_id, state, room } = given;
    let services = state.topology.as_ref().map(|topology| topology.services.clone()).unwrap_or_default();
    let title = state.topology.as_ref().map(|topology| topology.title.to_string()).unwrap_or_default();
    let player = Player::new(state);
    let roomy = room == Room::Playground;
    let store = Store::new(&player, sandbox_id.is_some(), roomy);
    let scenes = super::stage::scenes(&player.shown);
    let root = NodeRef::<Section>::new();
    live(root, store, player, sandbox_id);
    let class = move || {
        let folded = if store.folded.get() { " folded" } else { "" };
        format!("terrarium {}{folded}", room.name())
    };
    view! {
        <section class=class aria-label=texts::VESSEL node_ref=root>
            <div class="vessel">
                <Head store title/>
                <div class="window">
                    <div class="stage">
                        <Scenes scenes/>
                        <Levers store services/>
                    </div>
                </div>
                <Trouble store spot=Spot::Levers/>
                <Telling store/>
                {(!roomy).then(|| view! { <Ledger store/> })}
                <Soil store/>
            </div>
            <Foot store/>
            {roomy.then(|| view! { <Yard store/> })}
            <p class="visually-hidden" aria-live="polite">{move || store.spoken.get()}</p>
        </section>
    }
}

#[cfg(feature = "hydrate")]
fn live(root: NodeRef<Section>, store: Store, player: Player, sandbox_id: Option<String>) {
    let mut start = Some((player, sandbox_id));
    Effect::new(move |_| {
        if let Some(element) = root.get()
            && let Some((player, sandbox_id)) = start.take()
        {
            crate::engine::start(store, player, sandbox_id, &element);
        }
    });
}

#[cfg(not(feature = "hydrate"))]
fn live(_root: NodeRef<Section>, _store: Store, _player: Player, _sandbox_id: Option<String>) {}
