//! The list behind the diagram: one tab stop, arrows walk the topology, Enter opens. What it
//! names is lit in the drawing, and a token it names stands still.

use super::{Engine, looking, with};
use crate::views::{self, Grouping, Target, neighbours};
use diagram::Motion;
use wasm_bindgen::prelude::*;
use web_sys::{Element, KeyboardEvent};

#[derive(Default)]
pub struct Outline {
    items: Vec<views::outline::Item>,
    active: String,
    pub grouping: Grouping,
    focused: bool,
}

pub fn listen(root: &Element) {
    let Ok(Some(list)) = root.query_selector(".outline") else { return };
    let pressed = Closure::<dyn FnMut(KeyboardEvent)>::new(pressed);
    let _ = list.add_event_listener_with_callback("keydown", pressed.as_ref().unchecked_ref());
    pressed.forget();
    for (event, focused) in [("focus", true), ("blur", false)] {
        let heard = Closure::<dyn FnMut()>::new(move || {
            with(|engine| {
                engine.outline.focused = focused;
                engine.light();
            });
        });
        let _ = list.add_event_listener_with_callback(event, heard.as_ref().unchecked_ref());
        heard.forget();
    }
}

fn pressed(event: KeyboardEvent) {
    let key = event.key();
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.shift_key() {
        return;
    }
    if key == "Enter" {
        event.prevent_default();
        let target = with(|engine| engine.outline.target());
        match target {
            Some(Some(Target::Service(name))) => looking::explain(Some(name.to_string())),
            Some(Some(Target::Dot(position))) => looking::explain(Some(position.to_string())),
            Some(Some(Target::Trace(trace))) => looking::follow(&trace.to_string()),
            _ => {}
        }
        return;
    }
    let moved = with(|engine| {
        let outline = &engine.outline;
        let next = match &*key {
            "Home" => outline.items.first().map(|item| item.id.clone()),
            "End" => outline.items.last().map(|item| item.id.clone()),
            _ => {
                let ways = neighbours(engine.player.shown.topology.as_ref()?, &outline.items, &outline.active);
                match &*key {
                    "ArrowLeft" => ways.left,
                    "ArrowRight" => ways.right,
                    "ArrowUp" => ways.up,
                    "ArrowDown" => ways.down,
                    _ => return None,
                }
            }
        };
        if let Some(next) = next {
            engine.outline.active = next;
        }
        engine.light();
        Some(())
    });
    if moved.flatten().is_some() {
        event.prevent_default();
        event.stop_propagation();
    }
}

impl Outline {
    fn target(&self) -> Option<Target> {
        self.items.iter().find(|item| item.id == self.active).map(|item| item.target.clone())
    }
}

impl Engine {
    /// Follows the picture.
    pub(super) fn show_outline(&mut self) {
        let flights: Vec<Motion> =
            self.player.flights.iter().filter(|flight| !flight.flows).map(|flight| flight.motion.clone()).collect();
        self.outline.items = views::outline(&self.player.shown, &flights, self.outline.grouping);
        if self.outline.target().is_none() {
            self.outline.active = self.outline.items.first().map(|item| item.id.clone()).unwrap_or_default();
        }
        self.put_outline();
        if self.outline.focused {
            // What it names may have arrived, and another be named instead.
            self.player.held = matches!(self.outline.target(), Some(Target::Dot(_)));
        }
    }

    fn put_outline(&mut self) {
        let (html, active) = views::options(&self.outline.items, &self.outline.active);
        if self.paper.put(".outline", &html)
            && let Some(list) = self.paper.find(".outline")
        {
            let _ = list.set_attribute("aria-activedescendant", &active);
            if self.outline.focused
                && let Ok(Some(option)) = list.query_selector("[aria-selected=true]")
            {
                option.scroll_into_view_with_bool(false);
            }
        }
    }

    /// Lights up what the list's focus is on.
    fn light(&mut self) {
        self.put_outline();
        let target = self.outline.target().filter(|_| self.outline.focused);
        let part = match &target {
            Some(Target::Service(name)) => format!("node-{name}"),
            Some(Target::Topic(name)) => format!("pipe-{name}"),
            _ => String::new(),
        };
        let over = match target {
            Some(Target::Dot(position)) => Some(position),
            _ => None,
        };
        self.stage.light(&part);
        self.stage.over = over;
        self.player.held = over.is_some();
        self.stage.draw(&self.player);
        self.ask_frame();
    }
}
