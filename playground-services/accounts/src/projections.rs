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
    /// To so many events a second it is held on its way; as fast as it can, where it is `None`.
    pub events_per_second: Option<u32>,
    /// When it began, and how long it was on its way, in microseconds since the sandbox was created.
    pub began_us: u64,
    pub took_us: u64,
    /// So many events it took in on its way.
    pub took_in: u64,
    pub changed: bool,
}

impl Build {
    pub fn begun(model: Model, build: i64, logic: &str) -> Self {
        Build {
            model,
            build,
            logic: logic.to_owned(),
            position: 0,
            end: 0,
            state: State::Building,
            detail: String::new(),
            events_per_second: None,
            began_us: 0,
            took_us: 0,
            took_in: 0,
            changed: true,
        }
    }

    pub fn lags(&self, end: u64) -> bool {
        self.state != State::Stuck && self.position < end
    }

    /// So many events at most go into its next step.
    pub fn step(&self) -> usize {
        match self.pace() {
            Some(pace) => (pace / STEPS_PER_SECOND).clamp(1, Advance::EVENTS as u64) as usize,
            None => Advance::EVENTS,
        }
    }

    /// When it takes its next step, in microseconds since the sandbox was created; 0 for at once.
    pub fn due_us(&self) -> u64 {
        // From its last step on: what it has missed while it was down it does not make up for.
        let after = |pace: u64| self.took_us.saturating_add(self.step() as u64 * 1_000_000 / pace);
        self.pace().map_or(0, |pace| self.began_us.saturating_add(after(pace)))
    }

    /// Events a second, where it is held to some. Once it has caught up it follows at once.
    fn pace(&self) -> Option<u64> {
        let pace = self.events_per_second.filter(|_| self.state == State::Building)?;
        Some(u64::from(pace).max(1))
    }

    /// Names the deadline at which it goes on: another one for each of its steps.
    pub fn deadline(&self) -> i64 {
        let model = self.model as i64;
        (model * 1_000_000 + self.build) * 1_000_000_000 + self.position.cast_signed()
    }
}

/// Of a build that is held to a pace: often enough for it to be watched.
const STEPS_PER_SECOND: u64 = 10;

/// What a projection needs to know of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub position: u64,
    pub account_id: i64,
    pub event_id: String,
    /// When it was recorded, in microseconds since the sandbox was created.
    pub at_us: i64,
    pub amount_minor: i64,
    pub is_opening: bool,
    /// Of a correction, where it was looked up: the entry that it puts right.
    pub entry: Option<Box<Told>>,
}

impl Told {
    pub fn new(recorded: &Recorded<'_>, event: &AccountEvent) -> Self {
        Told {
            position: recorded.position,
            account_id: recorded.stream,
            event_id: recorded.about.id.to_string(),
            at_us: recorded.about.at_us,
            amount_minor: event.amount_minor(),
            is_opening: *event == AccountEvent::Created,
            entry: None,
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
    /// So many at most go into one transaction, where nothing holds the build to fewer.
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

    /// Takes an event in. `day`: that of a moment in microseconds since the sandbox was created, as
    /// `2026-11-28`.
    pub fn apply(&mut self, told: &Told, day: impl Fn(i64) -> String) {
        let Told { account_id, amount_minor, .. } = *told;
        let recorded = day(told.at_us);
        match self.model {
            Model::Balances => {
                // An event may be delivered twice: it must not be counted twice.
                let mark = if self.by_event_id { told.event_id.clone() } else { format!("{recorded} {amount_minor}") };
                if self.counted.insert((account_id, mark.clone())) {
                    self.marked.push((account_id, mark));
                    self.add((account_id, String::new()), [amount_minor, 1]);
                }
            }
            Model::Monthly => {
                // A correction changes what was paid then, and is no payment of its own.
                let paid = told.entry.as_deref().unwrap_or(told);
                let month = day(paid.at_us).get(..7).unwrap_or_default().to_owned();
                let moved = if paid.amount_minor < 0 { [0, -amount_minor] } else { [amount_minor, 0] };
                self.add((account_id, month), moved);
            }
            // That an account was opened moves nothing, and is no entry.
            Model::Activity if told.is_opening => {}
            Model::Activity => self.add((0, recorded), [1, amount_minor.abs()]),
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

    /// An event of a day of October 2026: of the first, the second, and so on.
    fn told(position: u64, amount_minor: i64, day: i64) -> Told {
        let event_id = format!("event {position}");
        Told { position, account_id: 43, event_id, at_us: day, amount_minor, is_opening: false, entry: None }
    }

    fn folded(model: Model, logic: &str, events: &[Told]) -> Vec<((i64, String), [i64; 2])> {
        let mut rows = Rows::new(&Build::begun(model, 1, logic));
        let day = |day: i64| if day > 31 { format!("2026-11-{:02}", day - 31) } else { format!("2026-10-{day:02}") };
        events.iter().for_each(|told| rows.apply(told, day));
        rows.amounts.into_iter().collect()
    }

    fn rows(model: Model, logic: &str, events: &[(u64, i64, i64)]) -> Vec<((i64, String), [i64; 2])> {
        let events: Vec<Told> = events.iter().map(|(position, amount, day)| told(*position, *amount, *day)).collect();
        folded(model, logic, &events)
    }

    const TWO_ALIKE: [(u64, i64, i64); 3] = [(1, 7_500, 51), (2, 7_500, 51), (3, -500, 52)];

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
    fn a_correction_is_of_the_side_and_the_month_of_its_entry_and_no_payment() {
        let opened = Told { is_opening: true, ..told(1, 0, 1) };
        let (paid_in, paid_out) = (told(2, 10_000, 30), told(3, -2_000, 31));
        // Both were too much, as was found in the next month.
        let less_in = Told { entry: Some(Box::new(paid_in.clone())), ..told(4, -9_000, 33) };
        let less_out = Told { entry: Some(Box::new(paid_out.clone())), ..told(5, 1_500, 33) };
        let events = [opened, paid_in, paid_out, less_in, less_out];
        assert_eq!(folded(Model::Monthly, "", &events), [((43, "2026-10".to_owned()), [1_000, 500])]);
        let days = [("2026-10-30", [1, 10_000]), ("2026-10-31", [1, 2_000]), ("2026-11-02", [2, 10_500])];
        assert_eq!(folded(Model::Activity, "", &events), days.map(|(day, row)| ((0, day.to_owned()), row)));
    }

    #[test]
    fn a_build_that_is_held_to_a_pace_takes_steps_that_can_be_watched() {
        let began_us = 7_000_000;
        let mut build = Build { events_per_second: Some(50), began_us, ..Build::begun(Model::Monthly, 1, "") };
        assert_eq!((build.step(), build.due_us()), (5, began_us + 100_000));
        // It was down for a minute.
        (build.position, build.took_us) = (45, 60_900_000);
        assert_eq!(build.due_us(), began_us + 61_000_000);
        // Slower than a step has events, and faster than a transaction may have.
        build.events_per_second = Some(1);
        assert_eq!((build.step(), build.due_us()), (1, began_us + 61_900_000));
        build.events_per_second = Some(1_000);
        assert_eq!(build.step(), Advance::EVENTS);
        for free in [Build { state: State::Live, ..build.clone() }, Build { events_per_second: None, ..build }] {
            assert_eq!((free.step(), free.due_us()), (Advance::EVENTS, 0));
        }
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
