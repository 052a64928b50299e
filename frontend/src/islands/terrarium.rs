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
use serde::{Deserialize, Serialize, Serializer};

/// Where the terrarium stands: how much is shown beside the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Room {
    Home,
    Lesson,
    Playground,
}

impl Room {
    fn class(self) -> &'static str {
        match self {
            Room::Home => "terrarium home",
            Room::Lesson => "terrarium lesson",
            Room::Playground => "terrarium playground",
        }
    }
}

/// A picture on its way from the server into the page.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Picture(pub DiagramState);

/// The island's code would write its properties in the browser as well, where nobody reads
/// them: there it need not know how.
impl Serialize for Picture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if cfg!(feature = "hydrate") {
            return serializer.serialize_unit();
        }
        self.0.serialize(serializer)
    }
}

/// A living system: the picture of a sandbox and everything one can do to it.
#[island]
pub fn Terrarium(
    /// The session's sandbox; without one, it is found or started in the browser.
    sandbox_id: Option<String>,
    /// The picture as the server folded it; the stream goes on from there.
    picture: Picture,
    room: Room,
) -> impl IntoView {
    let Picture(state) = picture;
    let services = state.topology.as_ref().map(|topology| topology.services.clone()).unwrap_or_default();
    let title = state.topology.as_ref().map(|topology| topology.title.to_string()).unwrap_or_default();
    let player = Player::new(state);
    let roomy = room == Room::Playground;
    let store = Store::new(&player, sandbox_id.is_some(), roomy);
    let scenes = super::stage::scenes(&player.shown);
    let root = NodeRef::<Section>::new();
    live(root, store, player, sandbox_id);
    let class = move || if store.folded.get() { format!("{} folded", room.class()) } else { room.class().to_string() };
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
