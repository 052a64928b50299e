//! What clicks do. On the server nothing; in the browser they are passed to the engine.

#[cfg(feature = "hydrate")]
pub use crate::engine::{
    ask_to_start_over, crash_or_restart, fold_or_unfold, jump_to_live, listen_to_keys, pause_or_play, place_order,
    show_or_hide_keys, start_over, toggle_decline, try_again,
};

#[cfg(not(feature = "hydrate"))]
mod nothing {
    pub fn place_order() {}
    pub fn crash_or_restart(_service: &str) {}
    pub fn toggle_decline(_service: &str) {}
    pub fn pause_or_play() {}
    pub fn jump_to_live() {}
    pub fn ask_to_start_over(_ask: bool) {}
    pub fn start_over() {}
    pub fn try_again() {}
    pub fn fold_or_unfold() {}
    pub fn show_or_hide_keys() {}
    pub fn listen_to_keys(_listen: bool) {}
}
#[cfg(not(feature = "hydrate"))]
pub use nothing::*;
