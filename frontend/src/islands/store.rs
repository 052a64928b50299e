//! What the view shows, as signals. Values that follow from the picture are set by the engine,
//! and only when they changed.

use crate::player::Player;
use crate::svg::{ledger, order_table, strata, tables};
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

/// Beside which control an error is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    Order,
    Levers,
    StartOver,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub spot: Spot,
    pub text: String,
}

#[derive(Clone, Copy)]
pub struct Store {
    pub link: RwSignal<Link>,
    pub problem: RwSignal<Option<Problem>>,
    pub badge: RwSignal<String>,
    pub troubled: RwSignal<bool>,
    pub latest: RwSignal<String>,
    /// Per service, in the topology's order.
    pub down: RwSignal<Vec<bool>>,
    pub declining: RwSignal<bool>,
    pub asleep: RwSignal<bool>,
    pub orders: RwSignal<String>,
    pub tables: RwSignal<String>,
    pub moment: RwSignal<String>,
    pub telling: RwSignal<String>,
    pub story: RwSignal<String>,
    pub spoken: RwSignal<String>,
    pub clock: RwSignal<String>,
    pub stretched: RwSignal<String>,
    pub track: RwSignal<String>,
    pub newer: RwSignal<String>,
    pub paused: RwSignal<bool>,
    pub quantity: RwSignal<String>,
    pub asking: RwSignal<bool>,
    pub folded: RwSignal<bool>,
    pub keys_open: RwSignal<bool>,
    pub keys_on: RwSignal<bool>,
    /// With the table of orders and the services' tables.
    pub roomy: bool,
}

/// How many orders the line under the picture has room for.
const LINE: usize = 4;

impl Store {
    pub fn new(player: &Player, started: bool, roomy: bool) -> Self {
        let text = || RwSignal::new(String::new());
        let flag = || RwSignal::new(false);
        let store = Store {
            link: RwSignal::new(if started { Link::Live } else { Link::NotStarted }),
            problem: RwSignal::new(None),
            badge: text(),
            troubled: flag(),
            latest: text(),
            down: RwSignal::new(vec![]),
            declining: flag(),
            asleep: flag(),
            orders: text(),
            tables: text(),
            moment: text(),
            telling: RwSignal::new(texts::NOTHING_YET.into()),
            story: text(),
            spoken: text(),
            clock: RwSignal::new(texts::elapsed(0)),
            stretched: text(),
            track: text(),
            newer: text(),
            paused: flag(),
            quantity: RwSignal::new("1".into()),
            asking: flag(),
            folded: flag(),
            keys_open: flag(),
            keys_on: RwSignal::new(true),
            roomy,
        };
        store.show_picture(&player.shown);
        store.show_story(player);
        store
    }

    /// There is nothing to say but what happens.
    pub fn runs(&self) -> bool {
        self.link.get() == Link::Live && !self.asleep.get()
    }

    /// What follows from the state alone.
    pub fn show_picture(&self, state: &DiagramState) {
        let up = state.nodes.iter().filter(|node| node.health == Health::Up).count();
        set(
            self.badge,
            match state {
                _ if state.position == 0 => texts::NOT_RUNNING.into(),
                _ if state.hibernated => texts::ASLEEP.into(),
                _ => texts::services_up(up, state.nodes.len()),
            },
        );
        set(self.troubled, up < state.nodes.len());
        set(self.asleep, state.hibernated);
        set(self.latest, state.sagas.latest.last().map_or_else(String::new, |saga| texts::latest_order(saga.order_id)));
        set(self.down, state.nodes.iter().map(|node| node.health == Health::Crashed).collect());
        set(self.declining, declining(state));
        set(self.orders, if self.roomy { order_table(state) } else { ledger(state, LINE) });
        if self.roomy {
            set(self.tables, tables(state));
        }
    }

    /// The sentence under the picture, the story and the soil.
    pub fn show_story(&self, player: &Player) {
        if let Some(told) = player.story.back() {
            set(self.moment, texts::moment(told.since));
            set(self.telling, told.sentence.html());
        }
        let story = player.story.iter().rev();
        let story: String = story
            .map(|told| {
                format!("<li><span class=\"moment\">{}</span> {}</li>", texts::moment(told.since), told.sentence.html())
            })
            .collect();
        set(self.story, story);
        let broken = declining(&player.shown) || player.shown.nodes.iter().any(|node| node.health == Health::Crashed);
        set(self.track, strata(&player.marks, &player.coming(), broken));
    }

    pub fn show_clock(&self, player: &Player, now: f64) {
        set(self.clock, texts::elapsed(player.elapsed()));
        set(self.stretched, player.stretched().map_or_else(String::new, texts::stretched));
        let told = player.paused && player.behind() > 0 || player.lags(now);
        set(self.newer, if told { texts::newer(player.behind()) } else { String::new() });
    }
}

fn declining(state: &DiagramState) -> bool {
    state.faults.iter().any(|fault| fault.spec.kind == FaultKind::DeclinePayments)
}

/// Sets a signal only if that changes it.
pub fn set<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|old| *old != value) {
        signal.set(value);
    }
}
