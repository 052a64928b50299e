//! Space pauses and plays, arrows step, brackets change the speed, L jumps to live, ? shows the
//! keys, Escape closes what lies over the picture. Space and arrows only where no control of their own has the focus, the rest wherever
//! nobody types, and all only while they are switched on.

use super::time::{faster_or_slower, jump_to_live, pause_or_play, step};
use super::{hands, looking, window, with};
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, KeyboardEvent};

pub fn listen() {
    let Some(document) = window().and_then(|window| window.document()) else { return };
    let pressed = Closure::<dyn FnMut(KeyboardEvent)>::new(pressed);
    let _ = document.add_event_listener_with_callback("keydown", pressed.as_ref().unchecked_ref());
    // The island lives as long as the page.
    pressed.forget();
}

const CONTROLS: &str = "a, button, input, select, textarea, summary, [contenteditable]";
const TYPED_INTO: &str = "input:not([type=checkbox], [type=range]), select, textarea, [contenteditable]";
/// What has a use of its own for arrows.
const ARROWED: &str = "input:not([type=checkbox]), select, textarea, [contenteditable], [role=listbox], [role=tab]";

fn pressed(event: KeyboardEvent) {
    let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
    if modified {
        return;
    }
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    if target.as_ref().is_some_and(|target| turn_tab(target, &event.key())) {
        event.prevent_default();
        return;
    }
    if with(|engine| engine.listens_to_keys) != Some(true) {
        return;
    }
    let within = |controls| target.as_ref().is_some_and(|element| element.closest(controls).ok().flatten().is_some());
    let repeats = event.repeat();
    match event.key().as_str() {
        "ArrowLeft" if !within(ARROWED) => step(false, event.shift_key()),
        "ArrowRight" if !within(ARROWED) => step(true, event.shift_key()),
        _ if repeats => return,
        "Escape" => {
            hands::close_stops();
            looking::close();
        }
        "[" if !within(TYPED_INTO) => faster_or_slower(false),
        "]" if !within(TYPED_INTO) => faster_or_slower(true),
        " " if !within(CONTROLS) => pause_or_play(),
        "l" | "L" if !within(TYPED_INTO) => jump_to_live(),
        "?" if !within(TYPED_INTO) => show_or_hide_keys(),
        _ => return,
    }
    event.prevent_default();
}

/// Arrows lead along the tabs and round, Home and End to their ends; the tab reached opens.
fn turn_tab(from: &Element, key: &str) -> bool {
    let Some(tabs) = from.closest("[role=tab]").ok().flatten().and_then(|tab| tab.parent_element()) else {
        return false;
    };
    let next = match key {
        "ArrowLeft" => from.previous_element_sibling().or_else(|| tabs.last_element_child()),
        "ArrowRight" => from.next_element_sibling().or_else(|| tabs.first_element_child()),
        "Home" => tabs.first_element_child(),
        "End" => tabs.last_element_child(),
        _ => None,
    };
    let Some(next) = next else { return false };
    looking::open(&next.get_attribute("data-view").unwrap_or_default());
    // A tab that can't have the focus is open all the same.
    let _ = next.unchecked_into::<HtmlElement>().focus();
    true
}

pub fn show_or_hide_keys() {
    with(|engine| engine.expand_or_collapse(".keys > button"));
}

/// Keys without Ctrl or Alt must be possible to switch off (WCAG 2.1.4).
pub fn listen_to_keys(listen: bool) {
    with(|engine| engine.listens_to_keys = listen);
}
