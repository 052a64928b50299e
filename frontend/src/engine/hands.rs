//! What is pressed, chosen or dragged, wherever on the page it stands: markup says by its
//! attributes what it does.

use super::{Verbosity, clicks, export, faults, keys, link, looking, sagas, time, with};
use wasm_bindgen::prelude::*;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, MouseEvent};

pub fn listen(root: &HtmlElement) {
    for (event, run) in [("click", clicked as fn(Event)), ("input", moved), ("change", chosen)] {
        let heard = Closure::<dyn FnMut(Event)>::new(run);
        let _ = root.add_event_listener_with_callback(event, heard.as_ref().unchecked_ref());
        // The island lives as long as the page.
        heard.forget();
    }
}

fn target(event: &Event, selector: &str) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(selector).ok()?
}

fn number<T: std::str::FromStr>(element: &Element, name: &str) -> Option<T> {
    element.get_attribute(name)?.parse().ok()
}

/// Closes what lies over the rest.
pub fn close_stops() {
    with(|engine| engine.paper.find(".stops").map(|stops| stops.remove_attribute("open")));
}

fn clicked(event: Event) {
    if target(&event, ".stops").is_none() {
        close_stops();
    }
    let Some(element) = target(&event, "[data-do],[data-view],[data-at],[data-dot],[data-trace],[data-zoom]") else {
        return;
    };
    let mouse: &MouseEvent = event.unchecked_ref();
    // A link in a new tab or window is the browser's.
    if mouse.ctrl_key() || mouse.meta_key() || mouse.shift_key() {
        return;
    }
    event.prevent_default();
    if let Some(what) = element.get_attribute("data-do") {
        let service = element.get_attribute("data-service").unwrap_or_default();
        let named = |name: &str| element.get_attribute(name).unwrap_or_default();
        match &*what {
            "order" => clicks::place_order(),
            "give" => clicks::give(named("data-type"), named("data-fields")),
            "ship" => clicks::ship(),
            "play" => time::pause_or_play(),
            "live" => time::jump_to_live(),
            "crash" => clicks::crash_or_restart(&service),
            "decline" => clicks::toggle_decline(&service),
            "again" => link::try_again(),
            "fold" => clicks::fold_or_unfold(),
            "keys" => keys::show_or_hide_keys(),
            "ask" => clicks::ask_to_start_over(true),
            "keep-it" => clicks::ask_to_start_over(false),
            "start-over" => clicks::start_over(),
            "back" => time::step(false, false),
            "forward" => time::step(true, false),
            "moment-back" => time::step(false, true),
            "moment-forward" => time::step(true, true),
            "ten" => clicks::place_orders(10),
            "load" => clicks::load(true),
            "unload" => clicks::load(false),
            "keep" => clicks::keep(),
            "export" => export::export(&element.get_attribute("data-format").unwrap_or_default()),
            "aim" => faults::aim(&named("data-target")),
            "set-fault" => faults::set(),
            "clear-fault" => faults::clear(&named("data-fault-id")),
            "heal" => faults::heal_all(),
            "pause-service" => faults::pause_or_resume(&service),
            "switch" => faults::switch(&named("data-switch")),
            "resume" => sagas::resume(&named("data-order")),
            "replica" => sagas::replica(&named("data-verb"), &service, &named("data-replica")),
            "close" => looking::explain(None),
            _ => {}
        }
    }
    if element.has_attribute("data-zoom") {
        looking::arrange(&element);
    }
    if let Some(at) = number(&element, "data-at") {
        time::go_to(at);
    }
    if let Some(trace) = element.get_attribute("data-trace") {
        looking::follow(&trace);
    }
    if let Some(dot) = element.get_attribute("data-dot") {
        looking::explain(Some(dot));
    }
    if let Some(view) = element.get_attribute("data-view") {
        looking::open(&view);
    }
}

fn moved(event: Event) {
    if let Some(slider) = target(&event, "[data-set=position]")
        && let Ok(position) = slider.unchecked_into::<HtmlInputElement>().value().parse()
    {
        time::go_to(position);
    }
}

fn chosen(event: Event) {
    if let Some(select) = target(&event, "[data-set=speed]")
        && let Some(speed) = value(&select).parse().ok()
    {
        time::set_speed(speed);
    }
    if let Some(checkbox) = target(&event, "[data-stop]") {
        let what = checkbox.get_attribute("data-stop").unwrap_or_default();
        time::stop_at(&what, checkbox.unchecked_into::<HtmlInputElement>().checked());
    }
    if let Some(select) = target(&event, "[data-set=spoken]") {
        let verbosity = match &*value(&select) {
            "1" => Verbosity::Results,
            "2" => Verbosity::Nothing,
            _ => Verbosity::Matters,
        };
        with(|engine| engine.verbosity = verbosity);
    }
    if target(&event, "[data-fault]").is_some() {
        faults::fit();
    }
    if let Some(select) = target(&event, "[data-set=every]") {
        clicks::decline_others(&select.get_attribute("data-service").unwrap_or_default());
    }
    if let Some(checkbox) = target(&event, "[data-set=keys]") {
        keys::listen_to_keys(checkbox.unchecked_into::<HtmlInputElement>().checked());
    }
    if let Some(part) = target(&event, "[data-filter],[data-hide],[data-group]") {
        looking::arrange(&part);
    }
}

/// Of any control that has one.
pub fn value(control: &Element) -> String {
    js_sys::Reflect::get(control, &"value".into()).ok().and_then(|value| value.as_string()).unwrap_or_default()
}
