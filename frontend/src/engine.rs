//! What drives the island in the browser: the stream into the [`Player`], the player onto the
//! stage, clicks to the server. One terrarium to a page, so there is one engine.

mod address;
mod clicks;
mod export;
mod faults;
mod hands;
mod keys;
mod link;
mod looking;
mod outline;
mod paper;
mod sagas;
mod stage;
mod time;

use crate::client::{self, Stream};
use crate::islands::{Given, Room};
use crate::player::{Player, within};
use crate::sight::{self, Link};
use crate::svg::{escape, ledger, order_table, tables};
use crate::texts::{self, promises};
use diagram::{Broken, Mended, Strata};
use looking::Looking;
use outline::Outline;
use paper::Paper;
use protocol::Position;
use stage::Stage;
use std::cell::RefCell;
use std::pin::Pin;
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, Window};

struct Engine {
    link: Link,
    /// With the table of orders and the services' tables.
    roomy: bool,
    /// Where the record ended when the page was written.
    end: Option<Position>,
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
    /// The picture has changed since all of it was shown.
    unshown: bool,
    last_shown: f64,
    last_spoken: f64,
    unspoken: bool,
    /// The last event that was spoken of, or needs no speaking of.
    last_told: Position,
    verbosity: Verbosity,
    listens_to_keys: bool,
    looking: Looking,
    outline: Outline,
    standing: faults::Standing,
    /// The promises broken and mended, as the lights show them.
    lit: Option<(Vec<Broken>, Vec<Mended>)>,
    /// What the soil is painted with.
    strata: Strata,
    /// What it was painted with last.
    painted: (Position, f64),
    root: HtmlElement,
    paper: Paper,
    /// What was clicked while there was no sandbox yet.
    early: Vec<Early>,
}

/// How much is read aloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verbosity {
    Matters,
    Results,
    Nothing,
}

type Early = Box<dyn FnOnce(String)>;

thread_local! {
    static PREPARED: RefCell<Option<Given>> = const { RefCell::new(None) };
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
}

/// At most one sentence is spoken in so many milliseconds: of what happens by itself, and of
/// where the learner went.
const SPEECH: f64 = 5_200.0;
const ANSWER: f64 = 3_000.0;
/// While anything flows, only what moves is drawn with every frame; all the rest, which nobody
/// could read that fast, after so many milliseconds.
const UNDER_LOAD: f64 = 100.0;
/// A longer gap between frames is not time passing in the picture.
const LONGEST_FRAME: f64 = 100.0;

/// How many orders the line under the picture has room for.
const LINE: usize = 4;

/// Keeps what the island was given until the page is hydrated.
pub fn prepare(given: Given) {
    PREPARED.set(Some(given));
}

/// Starts the terrarium, once its island is hydrated.
pub fn awake() {
    let root = window().and_then(|window| window.document()?.query_selector(".terrarium").ok()?);
    if let Some(given) = PREPARED.take()
        && let Some(root) = root
    {
        start(given, &root.unchecked_into());
    }
}

fn start(given: Given, root: &HtmlElement) {
    let Given { sandbox_id, state, room, kept, end, missing } = given;
    let sandbox = sandbox_id.map(|id| if kept { client::of_run(&id) } else { client::of(&id) });
    let player = Player::new(state);
    let Some(topology) = player.shown.topology.clone() else { return };
    let Some(stage) = Stage::new(root, &topology) else { return };
    let engine = Engine {
        link: if kept { Link::Kept } else { Link::NotStarted },
        roomy: room == Room::Playground,
        end,
        player,
        stage,
        sandbox,
        topology: topology.name.to_string(),
        stream: None,
        tries: 0,
        frame: Closure::new(frame),
        frame_asked: false,
        last_frame: now(),
        unshown: false,
        last_shown: f64::MIN,
        last_spoken: f64::MIN,
        unspoken: false,
        last_told: 0,
        verbosity: Verbosity::Matters,
        listens_to_keys: true,
        // The moments of a run that is not there are none of this one.
        looking: if missing { Looking::default() } else { Looking::from_address() },
        outline: Outline::default(),
        standing: faults::Standing::default(),
        lit: None,
        strata: Strata::default(),
        painted: (0, f64::MIN),
        root: root.clone(),
        paper: Paper::new(root),
        early: vec![],
    };
    ENGINE.set(Some(engine));
    keys::listen();
    hands::listen(root);
    outline::listen(root);
    link::follow_visibility();
    stage::listen(root);
    with(Engine::show);
    faults::fit();
    link::connect();
}

/// Runs with the engine, if there is one and it is not busy.
fn with<T>(run: impl FnOnce(&mut Engine) -> T) -> Option<T> {
    let (mut run, mut result) = (Some(run), None);
    borrow(&mut |engine| result = run.take().map(|run| run(engine)));
    result
}

/// Not generic, so that it is there once.
fn borrow(run: &mut dyn FnMut(&mut Engine)) {
    ENGINE.with(|engine| {
        if let Ok(mut engine) = engine.try_borrow_mut()
            && let Some(engine) = engine.as_mut()
        {
            run(engine);
        }
    });
}

fn spawn(task: impl Future<Output = ()> + 'static) {
    wasm_bindgen_futures::spawn_local(Box::pin(task) as Pin<Box<dyn Future<Output = ()>>>);
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

fn frame(time: f64) {
    with(|engine| {
        engine.frame_asked = false;
        let elapsed = within(time - engine.last_frame, 0.0, LONGEST_FRAME);
        engine.last_frame = time;
        engine.look_where_wanted();
        let was_live = engine.player.is_live();
        let changed = engine.player.advance(elapsed, now());
        if changed.stopped {
            engine.stopped();
        }
        if engine.player.is_live() != was_live || engine.looking.unwritten {
            engine.write_address();
        }
        engine.unshown |= changed.picture;
        let flows = engine.player.flow.flowing().next().is_some();
        if flows && !changed.stopped && time - engine.last_shown < UNDER_LOAD {
            engine.stage.draw(&engine.player);
        } else if engine.unshown {
            engine.show();
        } else {
            engine.stage.draw(&engine.player);
            engine.show_time();
        }
        engine.ask_frame();
    });
    time::look_further();
}

impl Engine {
    /// Turns a button's `aria-expanded` over; gives the new value.
    fn expand_or_collapse(&self, button: &str) -> Option<bool> {
        let button = self.root.query_selector(button).ok()??;
        let expanded = button.get_attribute("aria-expanded")? == "false";
        button.set_attribute("aria-expanded", if expanded { "true" } else { "false" }).ok()?;
        Some(expanded)
    }

    fn set_link(&mut self, link: Link) {
        if self.link != Link::Kept || matches!(link, Link::Failed(_) | Link::Gone) {
            self.link = link;
        }
        self.show_link();
    }

    fn show_link(&mut self) {
        let (notice, offer) = self.link.words(self.player.shown.hibernated);
        let notice = escape(notice);
        self.paper.put(".notice .words", &notice);
        self.paper.put(".notice button", offer);
    }

    /// Brings everything on the page up to the picture shown.
    fn show(&mut self) {
        (self.unshown, self.last_shown) = (false, now());
        // First, as a font set on the canvas has the browser work out the style of all that was
        // changed before.
        self.stage.draw(&self.player);
        self.show_link();
        self.show_words();
        self.show_promises();
        self.show_levers();
        self.show_faults();
        self.stage.show(&self.player);
        self.show_time();
        self.show_view();
        self.unspoken |=
            self.player.shown.position > self.last_told && self.player.heard_since(self.last_told).is_some();
    }

    fn show_time(&mut self) {
        let now = now();
        self.show_clock(now);
        self.show_soil(now);
        if self.looking.is_stale() {
            self.show_view();
        }
        self.speak(now);
    }

    /// What is said of the picture beside it.
    fn show_words(&mut self) {
        let state = &self.player.shown;
        let (class, badge) = sight::badge(state);
        self.paper.put(".badge", &badge);
        self.paper.set(".badge", "class", class);
        self.paper.put(".latest", &sight::latest(state));
        self.paper.put(".protections-off", &sight::off(state));
        self.paper.put(".broken-promises", &sight::broken(state));
        self.paper.put(".parked-note", &sight::parked(state));
        if self.roomy {
            self.paper.put(".orders tbody", &order_table(state));
            self.paper.put(".tables ul", &tables(state));
        } else {
            self.paper.put(".ledger", &ledger(state, LINE));
        }
        let (moment, sentence) = sight::telling(&self.player);
        self.paper.put(".telling .moment", &moment);
        self.paper.put(".telling .sentence", &sentence);
    }

    /// There are many lights, and few moments at which one of them changes.
    fn show_promises(&mut self) {
        let state = &self.player.shown;
        if self.lit.as_ref().is_some_and(|(broken, mended)| *broken == state.broken && *mended == state.mended) {
            return;
        }
        let Ok(lights) = self.root.query_selector_all("[data-promise]") else { return };
        let named = |i| lights.item(i)?.unchecked_into::<Element>().get_attribute("data-promise");
        for name in (0..lights.length()).filter_map(named) {
            let (class, words) = sight::promise(state, &name);
            let light = ["[data-promise=", &name, "]"].concat();
            self.paper.set(&light, "class", class);
            self.paper.put(&[&light, " .how"].concat(), &words);
        }
        self.paper.put(".promises .count", &promises::count(state.broken.len(), lights.length() as usize));
        self.lit = Some((state.broken.clone(), state.mended.clone()));
    }

    /// What can be done follows from how things are now, wherever one looks.
    fn show_levers(&mut self) {
        let now = self.player.tape.live().end();
        self.paper.put(".ship", &sight::ship(now));
        for node in &now.nodes {
            let (class, word, label) = sight::lever(node);
            let selector = format!("[data-lever=\"crash-{}\"] button", node.name);
            self.paper.put(&selector, word);
            self.paper.set(&selector, "class", class);
            self.paper.set(&selector, "aria-label", &label);
        }
        let on = sight::is_declining(now);
        let turn_came = now.load.is_some();
        self.paper.set(".switch", "aria-pressed", if on { "true" } else { "false" });
        self.paper.put(".decline .word", if on { texts::ON } else { texts::OFF });
        if turn_came {
            self.paper.put(".queued", "");
        }
        let every = sight::declined(now).map_or_else(String::new, |every| every.to_string());
        self.choose(&every);
    }

    /// What stands is what is chosen, after a reload too, or where another page has chosen it.
    fn choose(&mut self, every: &str) {
        const STANDS: &str = "data-stands";
        let Some(select) = self.paper.find("[data-set=every]") else { return };
        if select.get_attribute(STANDS).unwrap_or_default() == every {
            return;
        }
        let _ = select.set_attribute(STANDS, every);
        if texts::EVERY_LIST.iter().any(|(known, _)| *known == every) {
            let _ = js_sys::Reflect::set(&select, &"value".into(), &every.into());
        }
    }

    fn show_clock(&mut self, now: f64) {
        let player = &self.player;
        self.paper.put(".clock", &texts::elapsed(player.elapsed()));
        self.paper.put(".stretched", &player.stretched().map_or_else(String::new, texts::stretched));
        let told = !player.is_live() && player.behind() > 0 || player.lags(now);
        self.paper.put(".newer", &if told { texts::newer(player.behind()) } else { String::new() });
        self.paper.put(".play", if player.paused { texts::PLAY } else { texts::PAUSE });
        self.paper.set(".play", "class", if player.paused { "play" } else { "play running" });
    }

    /// What there is to hear, at most every few seconds.
    fn speak(&mut self, now: f64) {
        let pause = if self.player.paused { ANSWER } else { SPEECH };
        if !self.unspoken || now - self.last_spoken < pause {
            return;
        }
        self.unspoken = false;
        let shown = &self.player.shown;
        let words = match self.verbosity {
            Verbosity::Nothing => return,
            Verbosity::Results if self.player.is_live() => {
                if !shown.at_rest() {
                    return;
                }
                texts::at_rest(shown.sagas.pending, shown.sagas.confirmed, shown.sagas.cancelled)
            }
            _ => match self.player.heard_since(self.last_told) {
                Some((1, sentence)) => sentence.text(),
                Some((events, sentence)) if self.player.is_live() => texts::meanwhile(events, &sentence.text()),
                Some((_, sentence)) => sentence.text(),
                None => return,
            },
        };
        self.last_told = shown.position;
        self.last_spoken = now;
        self.paper.put(".spoken", &escape(&words));
    }

    /// Time only runs while something is under way; what happens unseen is shown at once.
    fn ask_frame(&mut self) {
        let moves = self.player.under_way() && !self.player.paused && !self.player.lacks();
        let unpainted = self.painted.0 != self.player.tape.end();
        let waiting = moves || self.unshown || self.unspoken || unpainted || self.looking.waits();
        if !waiting || self.frame_asked {
            return;
        }
        if hidden() && self.player.is_live() && self.player.breakpoints.is_empty() {
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
