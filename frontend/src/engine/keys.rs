//! Space pauses and plays, L jumps to live, ? shows the keys. Only where no control has the
//! focus, and only while they are switched on.

use super::{jump_to_live, pause_or_play, window, with};
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{Element, KeyboardEvent};

pub fn listen() {
    let Some(document) = window().and_then(|window| window.document()) else { return };
    let pressed = Closure::<dyn FnMut(KeyboardEvent)>::new(pressed);
    let _ = document.add_event_listener_with_callback("keydown", pressed.as_ref().unchecked_ref());
    // The island lives as long as the page.
    pressed.forget();
}

const CONTROLS: &str = "a, button, input, select, textarea, summary, [contenteditable]";

fn pressed(event: KeyboardEvent) {
    let Some(store) = with(|engine| engine.store) else { return };
    let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
    if modified || event.repeat() || !store.keys_on.get_untracked() {
        return;
    }
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let in_control = target.is_some_and(|element| element.closest(CONTROLS).ok().flatten().is_some());
    let key = event.key();
    let typing = key == " " && in_control;
    match key.as_str() {
        " " if !typing => pause_or_play(),
        "l" | "L" if !in_control => jump_to_live(),
        "?" if !in_control => store.keys_open.update(|open| *open = !*open),
        _ => return,
    }
    event.prevent_default();
}
