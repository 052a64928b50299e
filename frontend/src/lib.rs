//! The pages, rendered on the server, and the living parts of them, which go on in the browser.
//!
//! - [`render`] is what the server calls: each page as a whole document.
//! - [`islands`] holds what lives in the browser; [`engine`] drives it from the event stream.
//! - [`svg`] and [`player`] are pure: the picture from the state, the picture's own time.

#[cfg(all(feature = "ssr", feature = "hydrate"))]
compile_error!("`ssr` and `hydrate` never meet in one build: cargo must not unify them");

pub mod flow;
pub mod islands;
pub mod player;
pub mod sight;
pub mod svg;
pub mod tape;
pub mod texts;
pub mod views;

#[cfg(feature = "ssr")]
mod date;
#[cfg(feature = "ssr")]
mod pages;
#[cfg(feature = "ssr")]
pub mod render;

#[cfg(feature = "hydrate")]
mod canvas;
#[cfg(feature = "hydrate")]
mod client;
#[cfg(feature = "hydrate")]
mod engine;
#[cfg(any(feature = "hydrate", test))]
mod json;

/// Half the size of the one that Rust brings for wasm.
#[cfg(all(feature = "hydrate", target_arch = "wasm32"))]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// What the page's script (public/start.js) calls before it hydrates the islands.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}

/// What it calls after that.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn awake() {
    engine::awake();
}
