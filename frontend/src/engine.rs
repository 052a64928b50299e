//! What drives the island in the browser: the stream into the [`Player`], the player onto the
//! stage, clicks to the server. One terrarium to a page, so there is one engine.

mod clicks;
mod keys;
mod link;
mod stage;

pub use clicks::{crash_or_restart, place_order, start_over, toggle_decline};
pub use link::try_again;

use crate::client::Stream;
use crate::islands::Store;
use crate::player::Player;
use leptos::prelude::Set;
use stage::Stage;
use std::cell::RefCell;
use wasm_bindgen::prelude::*;
use web_sys::{HtmlElement, Window};

struct Engine {
    store: Store,
    player: Player,
    stage: Stage,
    sandbox: Option<String>,
    topology: String,
    stream: Option<Stream>,
    /// How often in a row the stream was refused for want of an answer.
    tries: u32,
    frame: Closure<dyn FnMut(f64)>,
    frame_asked: bool,
    last_frame: f64,
    last_spoken: f64,
    unspoken: bool,
    /// What was clicked while there was no sandbox yet.
    early: Vec<Early>,
}

type Early = Box<dyn FnOnce(String)>;

thread_local! {
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
}

/// At most one sentence is spoken in so many milliseconds.
const SPEECH: f64 = 3_000.0;
/// A longer gap between frames is not time passing in the picture.
const LONGEST_FRAME: f64 = 100.0;

pub fn start(store: Store, player: Player, sandbox: Option<String>, root: &HtmlElement) {
    let Some(topology) = player.shown.topology.clone() else { return };
    let Some(stage) = Stage::new(root, &topology) else { return };
    let engine = Engine {
        store,
        player,
        stage,
        sandbox,
        topology: topology.name.to_string(),
        stream: None,
        tries: 0,
        frame: Closure::new(frame),
        frame_asked: false,
        last_frame: now(),
        last_spoken: f64::MIN,
        unspoken: false,
        early: vec![],
    };
    ENGINE.set(Some(engine));
    keys::listen();
    stage::listen(root);
    with(Engine::show);
    link::connect();
}

/// Runs with the engine, if there is one and it is not busy.
fn with<T>(run: impl FnOnce(&mut Engine) -> T) -> Option<T> {
    ENGINE.with(|engine| engine.try_borrow_mut().ok()?.as_mut().map(run))
}

fn window() -> Option<Window> {
    web_sys::window()
}

fn now() -> f64 {
    window().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}

fn hidden() -> bool {
    window().and_then(|window| window.document()).is_some_and(|document| document.hidden())
}

pub fn pause_or_play() {
    with(|engine| {
        engine.player.paused = !engine.player.paused;
        engine.store.paused.set(engine.player.paused);
        engine.show_time();
        engine.ask_frame();
    });
}

pub fn jump_to_live() {
    with(|engine| {
        engine.player.paused = false;
        engine.store.paused.set(false);
        engine.player.jump_to_live();
        engine.unspoken = true;
        engine.show();
    });
}

fn frame(time: f64) {
    with(|engine| {
        engine.frame_asked = false;
        let elapsed = (time - engine.last_frame).clamp(0.0, LONGEST_FRAME);
        engine.last_frame = time;
        let changed = engine.player.advance(elapsed, now());
        engine.unspoken |= changed.story;
        if changed.picture {
            engine.show();
        } else {
            engine.show_time();
            engine.stage.draw(&engine.player);
        }
        engine.ask_frame();
    });
}

impl Engine {
    /// Brings everything on the page up to the picture shown.
    fn show(&mut self) {
        self.store.show_picture(&self.player.shown);
        self.store.show_story(&self.player);
        self.stage.show(&self.player);
        self.show_time();
    }

    fn show_time(&mut self) {
        let now = now();
        self.store.show_clock(&self.player, now);
        if self.unspoken
            && now - self.last_spoken > SPEECH
            && let Some(told) = self.player.story.back()
        {
            self.store.spoken.set(told.sentence.text());
            self.last_spoken = now;
            self.unspoken = false;
        }
    }

    /// Time only runs while something is under way; what happens unseen is shown at once.
    fn ask_frame(&mut self) {
        let waiting = self.player.under_way() && !self.player.paused || self.unspoken;
        if !waiting || self.frame_asked {
            return;
        }
        if hidden() && !self.player.paused {
            self.player.jump_to_live();
            self.unspoken = false;
            self.show();
            return;
        }
        self.frame_asked = true;
        if !self.player.under_way() || self.last_frame + LONGEST_FRAME < now() {
            self.last_frame = now();
        }
        if let Some(window) = window() {
            // Without a frame the picture stands still, and there is nobody to tell.
            let _ = window.request_animation_frame(self.frame.as_ref().unchecked_ref());
        }
    }
}
