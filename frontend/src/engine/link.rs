//! The connection: finding or starting the sandbox, opening the stream, and what to do when
//! the one or the other fails.

use super::{Engine, spawn, with};
use crate::client::{self, Heard, Refusal, Stream};
use crate::player::Player;
use crate::sight::Link;
use crate::tape::Tape;
use crate::texts;
use diagram::{DiagramState, Strata};
use wasm_bindgen::prelude::*;

/// Opens the stream, of a sandbox found or started if there is none yet.
pub fn connect() {
    let Some((sandbox, topology)) = with(|engine| (engine.sandbox.clone(), engine.topology.clone())) else { return };
    spawn(async move {
        if let Some(id) = sandbox {
            open(&id).await;
            return;
        }
        set_link(Link::Starting);
        match find_or_start(&topology).await {
            Ok((id, state)) => {
                with(|engine| engine.adopt(&id, state));
                open(&id).await;
            }
            Err(refusal) => set_link(Link::Failed(format!("{} {}", texts::CANNOT_START, refusal.detail))),
        }
    });
}

/// Behind the offer in the notice.
pub fn try_again() {
    with(|engine| {
        engine.stream = None;
        if engine.link == Link::Gone {
            engine.sandbox = None;
            engine.forget();
        }
        engine.tries = 0;
    });
    connect();
}

async fn find_or_start(topology: &str) -> Result<(String, Option<DiagramState>), Refusal> {
    if let Some(id) = client::find_sandbox(topology).await? {
        let state = client::state(&id, None).await?;
        return Ok((id, Some(state)));
    }
    Ok((client::create_sandbox(topology).await?, None))
}

async fn open(id: &str) {
    // Who looks back is shown the past; the present goes on behind it.
    let looks_back =
        with(|engine| engine.looking.wanted.is_some() || engine.end.is_some_and(|end| end > engine.player.tape.end()));
    if looks_back == Some(true)
        && let Ok(state) = client::state(id, None).await
    {
        with(|engine| {
            engine.player.tape = Tape::new(state);
            engine.player.pause();
        });
    }
    with(Engine::listen);
    super::time::remember(id).await;
}

fn set_link(link: Link) {
    with(|engine| engine.set_link(link));
}

fn heard(heard: Heard) {
    match heard {
        Heard::Open => {
            with(|engine| {
                engine.tries = 0;
                engine.set_link(Link::Live);
            });
        }
        Heard::Event(event) => {
            with(|engine| {
                engine.receive(*event);
                if engine.player.paused {
                    engine.show_time();
                }
                engine.ask_frame();
            });
        }
        Heard::Broken => set_link(Link::Reconnecting),
        Heard::Refused => refused(),
    }
}

/// An `EventSource` does not say why it was refused; asking once more does.
fn refused() {
    let Some((Some(id), position)) = with(|engine| (engine.sandbox.clone(), engine.player.tape.end())) else {
        return;
    };
    with(|engine| engine.stream = None);
    set_link(Link::Reconnecting);
    spawn(async move {
        let answer = client::why_no_stream(&id, position).await;
        // Meanwhile there may be another stream, or another sandbox.
        if with(|engine| engine.stream.is_some() || engine.sandbox.as_deref() != Some(&id)) != Some(false) {
            return;
        }
        match answer {
            Ok(()) => reopen_later(),
            Err(refusal) => match refusal.status {
                0 | 502..=504 => reopen_later(),
                404 => set_link(Link::Gone),
                429 => set_link(Link::TooMany),
                _ => set_link(Link::Failed(refusal.detail)),
            },
        }
    });
}

/// After 1, 2, 4, then every 8 seconds.
fn reopen_later() {
    let Some(tries) = with(|engine| {
        engine.tries += 1;
        engine.tries
    }) else {
        return;
    };
    set_link(Link::Reconnecting);
    let delay = 1_000 << (tries - 1).min(3);
    let again = Closure::once_into_js(move || {
        let resumed = with(Engine::listen);
        debug_assert!(resumed.is_some());
    });
    if let Some(window) = super::window() {
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(again.unchecked_ref(), delay);
    }
}

/// A page nobody sees lets go of its stream: a browser has six connections to a server, and the
/// pages that are seen need them.
pub fn follow_visibility() {
    let Some(document) = super::window().and_then(|window| window.document()) else { return };
    let changed = Closure::<dyn FnMut()>::new(|| {
        with(|engine| {
            if super::hidden() {
                engine.stream = None;
            } else if !matches!(engine.link, Link::Gone | Link::TooMany | Link::Failed(_)) {
                engine.listen();
            }
        });
    });
    let _ = document.add_event_listener_with_callback("visibilitychange", changed.as_ref().unchecked_ref());
    // The island lives as long as the page.
    changed.forget();
}

impl Engine {
    /// Opens the stream, where there is something to hear and somebody to see it.
    fn listen(&mut self) {
        if self.stream.is_none() && !super::hidden() && self.link != Link::Kept {
            let position = self.player.tape.end();
            self.stream = self.sandbox.as_ref().and_then(|id| Stream::open(id, position, heard));
        }
    }

    /// Goes on with this sandbox, from this picture.
    pub(super) fn adopt(&mut self, id: &str, state: Option<DiagramState>) {
        self.sandbox = Some(id.to_string());
        for call in self.early.drain(..) {
            call(id.to_string());
        }
        if let Some(state) = state {
            self.player = Player::new(state);
            self.show();
        }
    }

    /// Back to a picture in which nothing has happened.
    pub(super) fn forget(&mut self) {
        self.stream = None;
        self.strata = Strata::default();
        if let Some(topology) = &self.player.shown.topology {
            let (paused, speed) = (self.player.paused, self.player.speed);
            let breakpoints = std::mem::take(&mut self.player.breakpoints);
            self.player = Player::new(DiagramState::new(topology));
            (self.player.paused, self.player.speed, self.player.breakpoints) = (paused, speed, breakpoints);
        }
        (self.end, self.last_told) = (None, 0);
        self.looking.start_over();
        self.show();
    }
}
