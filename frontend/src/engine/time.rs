//! The learner's time: pausing, stepping, looking back and jumping to live.

use super::{Engine, now, spawn, with};
use crate::client;
use crate::player::{Breakpoint, SPEEDS};
use crate::svg::{scale, strata};
use crate::tape::Window;
use crate::texts;
use protocol::Position;
use wasm_bindgen::prelude::*;
use web_sys::{Event, HtmlInputElement};

/// Events of a window further back.
const PAST: u64 = 2_000;
/// So many events before those at hand end, the next are fetched.
const AHEAD: u64 = 1_500;
/// The soil is painted anew at most so often, in milliseconds.
const PAINT: f64 = 250.0;

pub fn pause_or_play() {
    with(|engine| {
        if engine.player.paused {
            engine.player.paused = false;
            engine.looking.stopped = false;
        } else {
            engine.player.pause();
        }
        engine.moved();
    });
    look_further();
}

pub fn jump_to_live() {
    with(|engine| {
        engine.player.paused = false;
        engine.looking.wanted = None;
        engine.looking.stopped = false;
        engine.player.jump_to_live();
        engine.moved();
    });
}

/// One event, or to the next that matters.
pub fn step(forwards: bool, moments: bool) {
    let target = with(|engine| {
        let here = engine.player.shown.position;
        let single = if forwards { here + 1 } else { here.saturating_sub(1) };
        let end = engine.player.tape.end();
        match engine.player.moment(forwards) {
            Some(position) if moments => position,
            // Where none is at hand, on to the edge of what is.
            None if moments => engine.player.tape.window(here).map_or(single, |window| {
                if forwards { (window.last() + 1).min(end) } else { single.min(window.first().saturating_sub(1)) }
            }),
            _ => single,
        }
    });
    if let Some(target) = target {
        go_to(target);
    }
}

/// Shows a position as soon as it is at hand.
pub fn go_to(position: Position) {
    with(|engine| {
        // Before the first event there is nothing to see.
        engine.looking.wanted = Some(position.max(1).min(engine.player.tape.end()));
        engine.looking.stopped = false;
        engine.player.pause();
        engine.look_where_wanted();
        engine.ask_frame();
    });
    look_further();
}

pub fn set_speed(speed: usize) {
    with(|engine| {
        engine.player.set_speed(speed);
        if let Some(select) = engine.paper.find(".pace select") {
            let _ = js_sys::Reflect::set(&select, &"value".into(), &(engine.player.speed as u32).to_string().into());
        }
        engine.moved();
    });
}

pub fn faster_or_slower(faster: bool) {
    if let Some(speed) = with(|engine| engine.player.speed) {
        set_speed(if faster { (speed + 1).min(SPEEDS.len() - 1) } else { speed.saturating_sub(1) });
    }
}

pub fn stop_at(what: &str, stops: bool) {
    let breakpoint = match what {
        "compensation" => Breakpoint::Compensation,
        "failure" => Breakpoint::Failure,
        "crash" => Breakpoint::Crash,
        service => Breakpoint::Service(service.into()),
    };
    with(|engine| {
        engine.player.breakpoints.retain(|known| *known != breakpoint);
        if stops {
            engine.player.breakpoints.push(breakpoint);
        }
    });
}

/// Fetches events around the position wanted, or those the picture soon goes on with, if they are
/// not at hand and not on their way.
pub fn look_further() {
    let Some(Some((of, from, count))) = with(|engine| {
        if engine.looking.fetching {
            return None;
        }
        let end = engine.player.tape.end();
        let next = engine.player.runs_out(AHEAD).filter(|_| engine.looking.wanted.is_none());
        if let Some(last) = next {
            engine.looking.fetching = true;
            return Some((engine.sandbox.clone()?, last, PAST.min(end - last)));
        }
        let here = engine.player.shown.position;
        // Under load, what is looked at may have been forgotten meanwhile.
        let lost = || engine.player.tape.window(here).is_none().then_some(here);
        let next = || (engine.player.lacks() && !engine.player.paused).then_some(here + PAST / 4);
        let wanted = engine.looking.wanted.or_else(lost).or_else(next)?.min(end);
        engine.looking.wanted = engine.looking.wanted.map(|wanted| wanted.min(end));
        engine.looking.fetching = true;
        let from = wanted.saturating_sub(PAST / 2);
        let count = PAST.min(end.saturating_sub(from));
        Some((engine.sandbox.clone()?, from, count))
    }) else {
        return;
    };
    spawn(async move {
        let window = fetch(&of, from, count).await;
        let again = with(|engine| {
            engine.looking.fetching = false;
            if engine.sandbox.as_deref() != Some(&of) {
                return false;
            }
            match window {
                Ok(window) => engine.recall(window),
                Err(refusal) => {
                    engine.looking.wanted = None;
                    engine.set_link(crate::sight::Link::Failed(refusal.detail));
                    return false;
                }
            }
            engine.look_where_wanted();
            engine.ask_frame();
            // What did not come with its own window does not come with another.
            let next = engine.looking.wanted;
            if next.is_some_and(|next| (from..=from + count).contains(&next)) {
                engine.looking.wanted = None;
            }
            engine.looking.wanted.is_some()
        });
        if again == Some(true) {
            look_further();
        }
    });
}

/// A window of so many events after a position.
pub async fn fetch(of: &str, from: Position, count: u64) -> Result<Window, client::Refusal> {
    let mut window = Window::new(client::state(of, Some(from)).await?);
    let lines = client::history(of, from, count).await?;
    for (i, line) in lines.lines().enumerate() {
        if let Some(event) = crate::json::read(line) {
            window.push(event);
        }
        // The page goes on meanwhile.
        if i % 100 == 99 {
            client::breathe().await;
        }
    }
    Ok(window)
}

impl Engine {
    /// Takes earlier events in. A page that was opened at a position has only the picture there,
    /// until it knows the events that led to it.
    fn recall(&mut self, window: Window) {
        let player = &mut self.player;
        let here = player.shown.position;
        let knew = player.tape.entry(here).is_some();
        player.tape.remember(window);
        if knew || player.tape.entry(here).is_none() {
            return;
        }
        if player.paused {
            player.seek(here);
            self.show();
        } else {
            player.recall_flow();
        }
    }

    /// Goes to the position wanted, if it is at hand.
    pub(super) fn look_where_wanted(&mut self) {
        // Whether time stands still was decided when the position was asked for, or since.
        let paused = self.player.paused;
        // With its own event: the token of that moment is part of the picture.
        if let Some(position) = self.looking.wanted
            && (position == 0 || self.player.tape.entry(position).is_some())
            && self.player.seek(position)
        {
            self.player.paused = paused;
            self.looking.wanted = None;
            self.moved();
        }
    }

    /// The learner has moved in time.
    pub(super) fn moved(&mut self) {
        // What they hear next is where they went.
        if !self.player.is_live() {
            self.last_told = self.player.shown.position.saturating_sub(1);
            self.unspoken = true;
        }
        self.show();
        self.write_address();
        self.ask_frame();
    }

    /// A breakpoint was reached.
    pub(super) fn stopped(&mut self) {
        self.looking.stopped = true;
        self.write_address();
    }

    /// The scrubber and what it is painted with.
    pub(super) fn show_soil(&mut self, now: f64) {
        let end = self.player.tape.end();
        if self.painted.0 != end && now - self.painted.1 > PAINT {
            self.painted = (end, now);
            let pixels = self.paper.find(".strata").map_or(0, |soil| soil.client_width());
            let painting = strata(&self.strata, end, usize::try_from(pixels).unwrap_or(0));
            self.paper.put(".strata", &painting);
            tell_the_page();
        }
        let position = self.looking.wanted.unwrap_or(self.player.shown.position);
        let Some(slider) = self.paper.find(".position") else { return };
        let slider: HtmlInputElement = slider.unchecked_into();
        if self.looking.slider != (position, end) {
            self.looking.slider = (position, end);
            let sentence = self.player.telling().map(|entry| entry.sentence().text()).unwrap_or_default();
            let text = texts::position(position, end, &sentence);
            slider.set_min(if end > 0 { "1" } else { "0" });
            slider.set_max(&end.to_string());
            slider.set_value(&position.to_string());
            let _ = slider.set_attribute("aria-valuetext", &text);
            // As wide as the record is on the soil below it.
            let share = end * 1_000 / scale(end);
            let _ = slider.style().set_property("--share", &format!("{}.{}%", share / 10, share % 10));
        }
        self.show_busy();
        let state = match () {
            () if self.looking.wanted.is_some() => texts::LOOKING_BACK,
            () if self.looking.stopped => texts::STOPPED_HERE,
            () => "",
        };
        self.paper.put(".where", state);
    }

    /// Takes an event of the stream.
    pub(super) fn receive(&mut self, event: protocol::Recorded) {
        let position = event.position;
        if self.player.receive(event, now())
            && let Some(entry) = self.player.tape.entry(position)
        {
            self.strata.add(position, entry.mark);
        }
    }
}

/// What was before this page: the end of the record, and what stands out in all of it.
pub async fn remember(of: &str) {
    let Some((first, end)) = with(|engine| (engine.player.tape.live().first(), engine.player.tape.end())) else {
        return;
    };
    if let Ok(strata) = client::strata(of).await {
        with(|engine| engine.learn_strata(of, strata));
    }
    let from = end.saturating_sub(PAST);
    // The picture can do without, so a refusal changes nothing.
    if first > from + 1
        && let Ok(window) = fetch(of, from, first - 1 - from).await
    {
        with(|engine| {
            if engine.sandbox.as_deref() == Some(of) {
                engine.player.tape.remember(window);
                engine.last_told = engine.last_told.max(end);
                engine.show();
            }
        });
    }
    look_further();
}

impl Engine {
    fn learn_strata(&mut self, of: &str, mut strata: diagram::Strata) {
        if self.sandbox.as_deref() != Some(of) {
            return;
        }
        for entry in self.player.tape.live().entries() {
            strata.add(entry.position(), entry.mark);
        }
        self.strata = strata;
        self.painted = (0, f64::MIN);
        self.show_soil(now());
    }
}

/// Whoever else on the page goes by the record hears that it has grown.
fn tell_the_page() {
    if let (Some(document), Ok(grown)) = (super::window().and_then(|window| window.document()), Event::new("terrarium"))
    {
        let _ = document.dispatch_event(&grown);
    }
}
