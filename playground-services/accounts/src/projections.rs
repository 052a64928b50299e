//! Projections: what read models make of the events. Pure; their tables are in `storage/models.rs`.
//!
//! A read model can be built anew beside the one that is read: each building is a *build*, with rows
//! of its own. It takes in a few events a transaction until it is where the events end, and from then
//! on follows them as the live one does.

use crate::domain::AccountEvent;
use kit::event_store::Recorded;
use std::collections::{BTreeMap, BTreeSet};

/// A read model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// By account: its balance, and how many entries made it.
    Balances,
    /// By account and month: what was paid in and out.
    Monthly,
    /// By day: entries, and what was moved.
    Activity,
}

impl Model {
    pub fn name(self) -> &'static str {
        match self {
            Model::Balances => "balances",
            Model::Monthly => "monthly",
            Model::Activity => "activity",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Model::Balances, Model::Monthly, Model::Activity].into_iter().find(|model| model.name() == name)
    }
}

/// How a build stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// On its way.
    Building,
    /// It has caught up, and waits to be switched to.
    Ready,
    /// It is the one that is read.
    Live,
    /// An event could not be read.
    Stuck,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Building => "building",
            State::Ready => "ready",
            State::Live => "live",
            State::Stuck => "stuck",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [State::Building, State::Ready, State::Live, State::Stuck].into_iter().find(|state| state.name() == name)
    }
}

/// By what `balances` recognises an event that it has counted before.
pub const BY_EVENT_ID: &str = "by event id";
/// The bug: two people who pay in the same on one day are one to it.
pub const BY_DAY_AND_AMOUNT: &str = "by day and amount";

#[derive(Clone, Debug, PartialEq)]
pub struct Build {
    pub model: Model,
    pub build: i64,
    /// [`BY_EVENT_ID`], [`BY_DAY_AND_AMOUNT`], or nothing.
    pub logic: String,
    /// Of the last event it has taken in.
    pub position: u64,
    /// Where the events ended when it was looked at last.
    pub end: u64,
    pub state: State,
    pub detail: String,
    pub changed: bool,
}

impl Build {
    pub fn begun(model: Model, build: i64, logic: &str) -> Self {
        let (logic, detail) = (logic.to_owned(), String::new());
        Build { model, build, logic, position: 0, end: 0, state: State::Building, detail, changed: true }
    }

    pub fn lags(&self, end: u64) -> bool {
        self.state != State::Stuck && self.position < end
    }

    /// Names the deadline at which it goes on: another one for each of its steps.
    pub fn deadline(&self) -> i64 {
        let model = self.model as i64;
        (model * 1_000_000 + self.build) * 1_000_000_000 + self.position.cast_signed()
    }
}

/// What a projection needs to know of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub position: u64,
    pub account_id: i64,
    pub event_id: String,
    /// When it was recorded, in microseconds since the sandbox was created.
    pub at_us: i64,
    pub amount_minor: i64,
}

impl Told {
    pub fn new(recorded: &Recorded<'_>, event: &AccountEvent) -> Self {
        Told {
            position: recorded.position,
            account_id: recorded.stream,
            event_id: recorded.about.id.to_string(),
            at_us: recorded.about.at_us,
            amount_minor: event.amount_minor(),
        }
    }
}

/// The next events of a build, and its rows before or after them.
#[derive(Debug)]
pub struct Advance {
    pub rows: Rows,
    pub told: Vec<Told>,
    /// Why there are no more of them.
    pub stuck: Option<String>,
}

impl Advance {
    /// So many at most go into one transaction.
    pub const EVENTS: usize = 50;
}

/// The rows of a build, and which of them have changed.
#[derive(Clone, Debug)]
pub struct Rows {
    pub model: Model,
    pub build: i64,
    by_event_id: bool,
    /// By account (0 where it does not matter) and month or day, the two numbers of the row.
    pub amounts: BTreeMap<(i64, String), [i64; 2]>,
    pub touched: BTreeSet<(i64, String)>,
    /// What was counted by now, by account; and what came to it.
    pub counted: BTreeSet<(i64, String)>,
    pub marked: Vec<(i64, String)>,
}

impl Rows {
    pub fn new(build: &Build) -> Self {
        Rows {
            model: build.model,
            build: build.build,
            by_event_id: build.logic == BY_EVENT_ID,
            amounts: BTreeMap::new(),
            touched: BTreeSet::new(),
            counted: BTreeSet::new(),
            marked: vec![],
        }
    }

    /// Takes an event in. `day`: when it was recorded, as `2026-11-28`.
    pub fn apply(&mut self, told: &Told, day: &str) {
        let Told { account_id, amount_minor, .. } = *told;
        match self.model {
            Model::Balances => {
                // An event may be delivered twice: it must not be counted twice.
                let mark = if self.by_event_id { told.event_id.clone() } else { format!("{day} {amount_minor}") };
                if self.counted.insert((account_id, mark.clone())) {
                    self.marked.push((account_id, mark));
                    self.add((account_id, String::new()), [amount_minor, 1]);
                }
            }
            Model::Monthly => {
                let month = day.get(..7).unwrap_or(day).to_owned();
                self.add((account_id, month), [amount_minor.max(0), (-amount_minor).max(0)]);
            }
            Model::Activity => self.add((0, day.to_owned()), [1, amount_minor.abs()]),
        }
    }

    fn add(&mut self, key: (i64, String), [first, second]: [i64; 2]) {
        let row = self.amounts.entry(key.clone()).or_default();
        *row = [row[0] + first, row[1] + second];
        self.touched.insert(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(position: u64, amount_minor: i64) -> Told {
        Told { position, account_id: 43, event_id: format!("event {position}"), at_us: 0, amount_minor }
    }

    fn rows(model: Model, logic: &str, events: &[(u64, i64, &str)]) -> Vec<((i64, String), [i64; 2])> {
        let mut rows = Rows::new(&Build::begun(model, 1, logic));
        for (position, amount_minor, day) in events {
            rows.apply(&told(*position, *amount_minor), day);
        }
        rows.amounts.into_iter().collect()
    }

    const TWO_ALIKE: [(u64, i64, &str); 3] =
        [(1, 7_500, "2026-11-20"), (2, 7_500, "2026-11-20"), (3, -500, "2026-11-21")];

    #[test]
    fn balances_counts_each_event_once_and_by_day_and_amount_one_too_few() {
        let key = (43, String::new());
        assert_eq!(rows(Model::Balances, BY_EVENT_ID, &TWO_ALIKE), [(key.clone(), [14_500, 3])]);
        assert_eq!(rows(Model::Balances, BY_DAY_AND_AMOUNT, &TWO_ALIKE), [(key.clone(), [7_000, 2])]);
        let again = [TWO_ALIKE[0], TWO_ALIKE[0]];
        assert_eq!(rows(Model::Balances, BY_EVENT_ID, &again), [(key, [7_500, 1])]);
    }

    #[test]
    fn monthly_and_activity_say_what_was_moved() {
        assert_eq!(rows(Model::Monthly, "", &TWO_ALIKE), [((43, "2026-11".to_owned()), [15_000, 500])]);
        let days = [((0, "2026-11-20".to_owned()), [2, 15_000]), ((0, "2026-11-21".to_owned()), [1, 500])];
        assert_eq!(rows(Model::Activity, "", &TWO_ALIKE), days);
    }

    #[test]
    fn every_step_of_every_build_has_a_deadline_of_its_own() {
        let build = |model, build, position| Build { position, ..Build::begun(model, build, "") }.deadline();
        let all = [
            build(Model::Balances, 1, 0),
            build(Model::Balances, 1, 50),
            build(Model::Balances, 2, 0),
            build(Model::Monthly, 1, 0),
        ];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }
}
