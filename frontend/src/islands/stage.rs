use crate::svg::{Layout, Shape, scene};
use diagram::DiagramState;
use leptos::prelude::*;

/// The picture in its three layouts, one of them shown, and the canvas for what moves.
#[component]
pub fn Scenes(scenes: String) -> impl IntoView {
    view! {
        <div class="scenes" inner_html=scenes></div>
        <canvas class="tokens" aria-hidden="true"></canvas>
    }
}

/// In the browser the server's picture is there already, and the engine redraws its parts.
pub fn scenes(state: &DiagramState) -> String {
    if cfg!(feature = "hydrate") {
        return String::new();
    }
    let Some(topology) = &state.topology else { return String::new() };
    Shape::ALL.into_iter().map(|shape| scene(state, &Layout::new(topology, shape))).collect()
}
