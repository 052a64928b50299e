//! The stage: the parts of the drawing that follow the picture, the levers beside the
//! services, and the canvas over it.

use super::{looking, now, window, with};
use crate::canvas::Canvas;
use crate::player::{Player, within};
use crate::svg::{Layout, Shape, View, parts, summary};
use protocol::{Position, Topology};
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, MediaQueryList, MouseEvent};

pub struct Stage {
    scenes: Vec<Scene>,
    canvas: Canvas,
    shown: usize,
    still: Option<MediaQueryList>,
    /// Shows a part of the stage where there is no room for all of it.
    window: Element,
    /// Left alone by the picture until then, in milliseconds: the reader scrolls.
    led_until: f64,
    overflows: bool,
    /// Another view stands in the window.
    pub covered: bool,
    /// The token the pointer is over, or that is explained.
    pub over: Option<Position>,
}

/// How long the reader's scrolling has priority.
const LED: f64 = 4_000.0;

struct Scene {
    layout: Layout,
    svg: Element,
    /// Name, element, and what it shows.
    parts: Vec<(String, Element, String)>,
    summary: String,
}

impl Stage {
    pub fn new(root: &HtmlElement, topology: &Topology) -> Option<Self> {
        let scenes = Shape::ALL
            .into_iter()
            .filter_map(|shape| {
                let svg = root.query_selector(&format!("svg.{}", shape.name())).ok()??;
                Some(Scene { layout: Layout::new(topology, shape), svg, parts: vec![], summary: String::new() })
            })
            .collect();
        let canvas = Canvas::new(root.query_selector("canvas.tokens").ok()??)?;
        let still = window()?.match_media("(prefers-reduced-motion: reduce)").ok().flatten();
        let mut stage = Stage {
            scenes,
            canvas,
            shown: 0,
            still,
            window: root.query_selector(".window").ok()??,
            led_until: 0.0,
            overflows: false,
            covered: false,
            over: None,
        };
        stage.place_levers(root);
        stage.resized();
        Some(stage)
    }

    /// The container's width has chosen another layout, or another size for it.
    fn resized(&mut self) {
        let shown = self.scenes.iter().position(|scene| scene.svg.get_bounding_client_rect().width() > 0.0);
        if let Some(shown) = shown {
            self.shown = shown;
            let place = self.scenes[shown].svg.get_bounding_client_rect();
            self.canvas.resize(place.width(), place.height(), f64::from(self.scenes[shown].layout.width));
            self.overflows = self.window.scroll_height() > self.window.client_height() + 4;
        }
    }

    /// What stands still.
    pub fn show(&mut self, player: &Player) {
        let Some(scene) = self.scenes.get_mut(self.shown) else { return };
        let (in_the_air, committing) = (player.in_the_air(), player.committing());
        let view = View { in_the_air: &in_the_air, committing: &committing };
        for (name, content) in parts(&player.shown, &scene.layout, view) {
            let at = match scene.parts.iter().position(|(known, ..)| *known == name) {
                Some(at) => at,
                None => {
                    let selector = format!("[data-part=\"{name}\"]");
                    let Some(element) = scene.svg.query_selector(&selector).ok().flatten() else { continue };
                    scene.parts.push((name, element, String::new()));
                    scene.parts.len() - 1
                }
            };
            let (_, element, shown) = &mut scene.parts[at];
            if *shown != content {
                element.set_inner_html(&content);
                *shown = content;
            }
        }
        let summary = summary(&player.shown, view);
        if scene.summary != summary {
            let _ = scene.svg.set_attribute("aria-label", &summary);
            scene.summary = summary;
        }
    }

    /// Marks a part of the drawing as the one the list is at; none, with an empty name.
    pub fn light(&self, part: &str) {
        for scene in &self.scenes {
            for (name, element, _) in &scene.parts {
                let _ = element.class_list().toggle_with_force("lit", name == part);
            }
        }
    }

    fn is_still(&self) -> bool {
        self.still.as_ref().is_some_and(MediaQueryList::matches)
    }

    /// The token under the pointer.
    fn hit(&self, player: &Player, event: &MouseEvent) -> Option<Position> {
        let scene = self.scenes.get(self.shown)?;
        let area = self.canvas.element().get_bounding_client_rect();
        let (x, y) = (f64::from(event.client_x()) - area.left(), f64::from(event.client_y()) - area.top());
        self.canvas.hit(player, &scene.layout, self.is_still(), x, y)
    }

    /// What moves.
    pub fn draw(&mut self, player: &Player) {
        let still = self.is_still();
        if let Some(scene) = self.scenes.get(self.shown) {
            let moving = self.canvas.draw(player, &scene.layout, still, self.over, now());
            if let Some(y) = moving
                && self.overflows
                && !self.covered
                && now() > self.led_until
            {
                self.follow(y, still);
            }
        }
    }

    /// Keeps what moves in sight.
    fn follow(&self, y: f64, still: bool) {
        let room = f64::from(self.window.client_height());
        let top = f64::from(self.window.scroll_top());
        let (least, most) = (y - 0.75 * room, y - 0.25 * room);
        let aim = within(top, least, most);
        let step = if still { aim - top } else { (aim - top) * 0.18 };
        if step.abs() >= 0.5 {
            self.window.set_scroll_top((top + step).round() as i32);
        }
    }

    /// Another view begins at its beginning.
    pub fn scroll_to_top(&self) {
        self.window.set_scroll_top(0);
    }

    /// Scrolls the window, and nothing around it, until it shows an element.
    pub fn keep_in_sight(&self, element: &Element) {
        let (room, place) = (self.window.get_bounding_client_rect(), element.get_bounding_client_rect());
        if place.top() < room.top() || place.bottom() > room.bottom() {
            let down = place.top() - room.top() - room.height() / 2.0;
            self.window.set_scroll_top(self.window.scroll_top() + down as i32);
        }
    }

    /// Each lever stands beside its service in every layout; the stylesheet picks the layout's.
    fn place_levers(&self, root: &HtmlElement) {
        for scene in &self.scenes {
            let layout = &scene.layout;
            for node in &layout.nodes {
                place(root, layout, &format!("crash-{}", node.name), node.crash);
                if let Some(at) = node.decline {
                    place(root, layout, &format!("decline-{}", node.name), at);
                }
            }
        }
    }
}

fn place(root: &HtmlElement, layout: &Layout, lever: &str, (x, y): (i32, i32)) {
    let found = root.query_selector(&format!("[data-lever=\"{lever}\"]")).ok().flatten();
    let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) else { return };
    let style = element.style();
    let percent = |part: i32, whole: i32| format!("{}.{:02}%", part * 100 / whole, part * 10_000 / whole % 100);
    let shape = layout.shape.name();
    let _ = style.set_property(&format!("--{shape}-x"), &percent(x, layout.width));
    let _ = style.set_property(&format!("--{shape}-y"), &percent(y, layout.height));
    let _ = element.class_list().add_1("placed");
}

/// A token under the pointer stops, so that it can be looked at; pressed, it is explained.
fn listen_to_pointer(root: &HtmlElement) {
    let Ok(Some(stage)) = root.query_selector(".stage") else { return };
    let over = Closure::<dyn FnMut(MouseEvent)>::new(|event: MouseEvent| {
        with(|engine| {
            let leaves = event.type_() == "pointerleave";
            let over = if leaves { None } else { engine.stage.hit(&engine.player, &event) };
            if over != engine.stage.over || over.is_some() != engine.player.held {
                engine.stage.over = over;
                engine.player.held = over.is_some();
                engine.stage.draw(&engine.player);
                engine.ask_frame();
            }
        });
    });
    let pressed = Closure::<dyn FnMut(MouseEvent)>::new(|event: MouseEvent| {
        if let Some(Some(position)) = with(|engine| engine.stage.hit(&engine.player, &event)) {
            event.stop_propagation();
            looking::explain(Some(position.to_string()));
        }
    });
    for event in ["pointermove", "pointerleave"] {
        let _ = stage.add_event_listener_with_callback(event, over.as_ref().unchecked_ref());
    }
    let _ = stage.add_event_listener_with_callback("click", pressed.as_ref().unchecked_ref());
    over.forget();
    pressed.forget();
}

/// Redraws when the stage changes its size, the theme or the tab comes to the front.
pub fn listen(root: &HtmlElement) {
    listen_to_pointer(root);
    let changed = Closure::<dyn FnMut()>::new(|| {
        with(|engine| {
            engine.stage.resized();
            engine.stage.canvas.take_colours();
            engine.show();
            engine.ask_frame();
        });
    });
    let callback: &js_sys::Function = changed.as_ref().unchecked_ref();
    if let Ok(observer) = web_sys::ResizeObserver::new(callback)
        && let Ok(Some(stage)) = root.query_selector(".scenes")
        && let Ok(Some(window)) = root.query_selector(".window")
    {
        observer.observe(&stage);
        observer.observe(&window);
    }
    let led = Closure::<dyn FnMut()>::new(|| {
        with(|engine| engine.stage.led_until = now() + LED);
    });
    if let Ok(Some(frame)) = root.query_selector(".window") {
        for event in ["wheel", "touchmove"] {
            let _ = frame.add_event_listener_with_callback(event, led.as_ref().unchecked_ref());
        }
    }
    led.forget();
    if let Some(window) = window() {
        if let Ok(Some(dark)) = window.match_media("(prefers-color-scheme: dark)") {
            dark.set_onchange(Some(callback));
            // Kept, or its listener would go with it.
            std::mem::forget(dark);
        }
        if let Some(document) = window.document() {
            let _ = document.add_event_listener_with_callback("visibilitychange", callback);
        }
    }
    changed.forget();
}
