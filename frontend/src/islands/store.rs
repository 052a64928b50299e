//! What the view shows, as signals. Values that follow from the picture are set by the engine,
//! and only when they changed.

use crate::player::Player;
use crate::svg::{escape, ledger, order_table, tables};
use crate::tape::Entry;
use crate::texts;
use diagram::{DiagramState, Health};
use leptos::prelude::*;
use protocol::FaultKind;

/// How things stand between this page and the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// The page's script has not run yet.
    NotStarted,
    Starting,
    Live,
    /// The connection broke; the browser tries again by itself.
    Reconnecting,
    /// The sandbox was deleted.
    Gone,
    /// More streams than a session may have.
    TooMany,
    /// The server said no, in a sentence.
    Failed(String),
}

impl Link {
    /// What to say of it, and the way out that is offered; empty where there is none.
    pub fn words(&self, asleep: bool) -> (&str, &'static str) {
        match self {
            Link::NotStarted => (texts::NOT_STARTED, ""),
            Link::Starting => (texts::STARTING, ""),
            Link::Live if asleep => (texts::WAKES, ""),
            Link::Live => ("", ""),
            Link::Reconnecting => (texts::RECONNECTING, ""),
            Link::Gone => (texts::GONE, texts::START_NEW),
            Link::TooMany => (texts::TOO_MANY, texts::TRY_AGAIN),
            Link::Failed(sentence) => (sentence, texts::TRY_AGAIN),
        }
    }
}

/// Beside which control an error is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    Order,
    Levers,
    StartOver,
    /// In its sheet under the glass.
    Load,
}

/// Texts only: each further type of signal is a further copy of its code. Those that are set as
/// HTML are escaped; an empty one is an empty element, and the stylesheet hides it.
#[derive(Clone)]
pub struct Store {
    /// HTML: how things stand, when they don't simply run.
    pub notice: Text,
    /// The way out that is offered.
    pub offer: Text,
    /// HTML: what the server answered to a click, per [`Spot`].
    pub troubles: [Text; 4],
    pub badge: Text,
    pub badge_class: Text,
    pub latest: Text,
    /// Per service, in the topology's order.
    pub levers: Vec<Lever>,
    /// `true` or `false`, and how one says that.
    pub declining: Text,
    pub declining_word: Text,
    /// HTML.
    pub orders: Text,
    /// HTML.
    pub tables: Text,
    pub moment: Text,
    /// HTML.
    pub telling: Text,
    pub spoken: Text,
    pub clock: Text,
    pub stretched: Text,
    /// HTML.
    pub track: Text,
    pub newer: Text,
    /// What pressing it does.
    pub play: Text,
    pub play_class: Text,
    /// With the table of orders and the services' tables.
    pub roomy: bool,
}

pub type Text = RwSignal<String>;

/// What crashes a service, and restarts it when it has crashed.
#[derive(Clone, Copy)]
pub struct Lever {
    pub class: Text,
    pub label: Text,
    pub word: Text,
}

/// How many orders the line under the picture has room for.
const LINE: usize = 4;

impl Store {
    pub fn new(player: &Player, started: bool, roomy: bool) -> Self {
        let text = || Text::new(String::new());
        let store = Store {
            notice: text(),
            offer: text(),
            troubles: [text(), text(), text(), text()],
            badge: text(),
            badge_class: text(),
            latest: text(),
            levers: player.shown.nodes.iter().map(|_| Lever { class: text(), label: text(), word: text() }).collect(),
            declining: text(),
            declining_word: text(),
            orders: text(),
            tables: text(),
            moment: text(),
            telling: text(),
            spoken: text(),
            clock: text(),
            stretched: text(),
            track: text(),
            newer: text(),
            play: text(),
            play_class: text(),
            roomy,
        };
        store.show_link(if started { &Link::Live } else { &Link::NotStarted }, player.shown.hibernated);
        store.show_picture(&player.shown);
        store.show_levers(&player.shown);
        store.show_story(player);
        store.show_clock(player, 0.0);
        store
    }

    pub fn show_link(&self, link: &Link, asleep: bool) {
        let (notice, offer) = link.words(asleep);
        set(self.notice, &escape(notice));
        set(self.offer, offer);
    }

    pub fn trouble(&self, spot: Spot) -> Text {
        self.troubles[spot as usize]
    }

    /// What the server answered, beside what was clicked.
    pub fn show_trouble(&self, spot: Spot, words: &str) {
        set(self.trouble(spot), &escape(words));
    }

    /// All is well again.
    pub fn no_trouble(&self) {
        for trouble in self.troubles {
            set(trouble, "");
        }
    }

    /// What can be done follows from how things are now, wherever one looks.
    pub fn show_levers(&self, now: &DiagramState) {
        for (lever, node) in self.levers.iter().zip(&now.nodes) {
            let crashed = node.health == Health::Crashed;
            set(lever.class, if crashed { "restart" } else { "crash" });
            set(lever.word, if crashed { texts::RESTART } else { texts::CRASH });
            set(lever.label, &if crashed { texts::restart(&node.name) } else { texts::crash(&node.name) });
        }
        let declining = declining(now);
        set(self.declining, if declining { "true" } else { "false" });
        set(self.declining_word, if declining { texts::ON } else { texts::OFF });
    }

    /// What follows from the state alone.
    pub fn show_picture(&self, state: &DiagramState) {
        let up = state.nodes.iter().filter(|node| node.health == Health::Up).count();
        let badge = match state {
            _ if state.position == 0 => texts::NOT_RUNNING.into(),
            _ if state.hibernated => texts::ASLEEP.into(),
            _ => texts::services_up(up, state.nodes.len()),
        };
        set(self.badge, &badge);
        set(self.badge_class, if up < state.nodes.len() { "badge troubled" } else { "badge" });
        set(
            self.latest,
            &state.sagas.latest.last().map_or_else(String::new, |saga| texts::latest_order(saga.order_id)),
        );
        set(self.orders, &if self.roomy { order_table(state) } else { ledger(state, LINE) });
        if self.roomy {
            set(self.tables, &tables(state));
        }
    }

    /// The sentence under the picture.
    pub fn show_story(&self, player: &Player) {
        match player.telling() {
            Some(entry) => {
                set(self.moment, &moment(entry));
                set(self.telling, &entry.sentence().html());
            }
            // Of what happened before the events at hand, the picture speaks.
            None => {
                set(self.moment, "");
                let nothing = player.shown.sagas.latest.is_empty();
                set(self.telling, if nothing { texts::NOTHING_YET } else { texts::BEFORE });
            }
        }
    }

    /// The soil's painting.
    pub fn show_strata(&self, painting: &str) {
        set(self.track, painting);
    }

    pub fn show_clock(&self, player: &Player, now: f64) {
        set(self.clock, &texts::elapsed(player.elapsed()));
        set(self.stretched, &player.stretched().map_or_else(String::new, texts::stretched));
        let told = !player.is_live() && player.behind() > 0 || player.lags(now);
        set(self.newer, &if told { texts::newer(player.behind()) } else { String::new() });
        set(self.play, if player.paused { texts::PLAY } else { texts::PAUSE });
        set(self.play_class, if player.paused { "play" } else { "play running" });
    }
}

pub fn declining(state: &DiagramState) -> bool {
    state.faults.iter().any(|fault| fault.spec.kind == FaultKind::DeclinePayments)
}

fn moment(entry: &Entry) -> String {
    entry.since.map_or_else(String::new, texts::moment)
}

/// Sets a signal only if that changes it.
fn set(signal: Text, value: &str) {
    if signal.with_untracked(|old| old != value) {
        signal.set(value.into());
    }
}
