//! The events at hand. A record may be long, so a page holds a few thousand of its events: those
//! at its end, and those around the position looked at. Each window knows the picture before its
//! first event and keeps pictures along the way, so that any position in it is a short fold away.

use crate::texts::{Sentence, describe, tell};
use diagram::{DiagramState, MarkKind, mark};
use protocol::{Position, Recorded, Uuid};
use std::collections::VecDeque;

/// An event and what is said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub event: Recorded,
    /// What to say of it, if it belongs to the story as one tells it.
    pub told: Option<Sentence>,
    /// What it is as a mark in the soil, if it stands out.
    pub mark: Option<MarkKind>,
    /// In microseconds since the run it belongs to began, if it belongs to one.
    pub since: Option<u64>,
}

impl Entry {
    /// Folds an event into the picture.
    fn fold(state: &mut DiagramState, event: Recorded) -> Self {
        // What nobody asked for and finds everything at rest belongs to no run.
        let within_run = event.correlation_id.is_some() || !state.at_rest();
        let (told, mark) = (tell(state, &event), mark(state, &event));
        state.evolve(&event);
        let since = state.run.filter(|_| within_run).map(|run| event.at.saturating_sub(run.began_at));
        Entry { event, told, mark, since }
    }

    pub fn position(&self) -> Position {
        self.event.position
    }

    /// Worth stopping at.
    pub fn is_moment(&self) -> bool {
        self.mark.is_some() || self.told.is_some()
    }

    /// In one plain sentence.
    pub fn sentence(&self) -> Sentence {
        self.told.clone().unwrap_or_else(|| describe(&self.event))
    }

    pub fn is_of(&self, correlation: Option<Uuid>) -> bool {
        correlation.is_none() || self.event.correlation_id == correlation
    }
}

/// Consecutive events.
#[derive(Clone, Default)]
pub struct Window {
    /// The picture before the first of them.
    before: DiagramState,
    entries: VecDeque<Entry>,
    /// The pictures along the way, about [`STRIDE`] events apart.
    pictures: VecDeque<DiagramState>,
    /// The picture after the last of them.
    end: DiagramState,
}

/// Events between two pictures that are kept.
const STRIDE: Position = 128;

impl Window {
    /// Nothing yet after this picture.
    pub fn new(before: DiagramState) -> Self {
        Window { end: before.clone(), before, ..Window::default() }
    }

    /// The next event; any other is ignored.
    pub fn push(&mut self, event: Recorded) -> bool {
        if event.position != self.last() + 1 {
            return false;
        }
        self.entries.push_back(Entry::fold(&mut self.end, event));
        let since = self.pictures.back().unwrap_or(&self.before).position;
        if self.end.position - since >= STRIDE {
            self.pictures.push_back(self.end.clone());
        }
        true
    }

    /// Takes on what comes after it in another window, which must join it. Nothing is folded again.
    fn join(&mut self, mut later: Window) {
        let last = self.last();
        if later.last() <= last {
            return;
        }
        let known = usize::try_from(last + 1 - later.first()).unwrap_or_default();
        self.entries.extend(later.entries.drain(known..));
        self.pictures.extend(later.pictures.into_iter().skip_while(|picture| picture.position <= last));
        self.end = later.end;
    }

    /// The position of the first event, or of the one to come.
    pub fn first(&self) -> Position {
        self.before.position + 1
    }

    /// The position of the last event, or of the picture before the first to come.
    pub fn last(&self) -> Position {
        self.end.position
    }

    pub fn end(&self) -> &DiagramState {
        &self.end
    }

    pub fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    pub fn entry(&self, position: Position) -> Option<&Entry> {
        self.entries.get(usize::try_from(position.checked_sub(self.first())?).ok()?)
    }

    /// The picture at a position, if this window reaches it.
    pub fn state_at(&self, position: Position) -> Option<DiagramState> {
        if position == self.last() {
            return Some(self.end.clone());
        }
        if !(self.before.position..self.last()).contains(&position) {
            return None;
        }
        let passed = self.pictures.partition_point(|picture| picture.position <= position);
        let mut state = passed.checked_sub(1).map_or(&self.before, |at| &self.pictures[at]).clone();
        let index = |position: Position| usize::try_from(position - self.before.position).ok();
        for entry in self.entries.range(index(state.position)?..index(position)?) {
            state.evolve(&entry.event);
        }
        Some(state)
    }

    /// Forgets the oldest events beyond so many, a stride at a time.
    pub fn forget(&mut self, most: usize) {
        while self.entries.len() > most
            && let Some(picture) = self.pictures.pop_front()
        {
            let passed = usize::try_from(picture.position - self.before.position).unwrap_or_default();
            self.entries.drain(..passed);
            self.before = picture;
        }
    }
}

/// What a page holds of a record: its end, and a window further back where one was opened.
#[derive(Clone, Default)]
pub struct Tape {
    live: Window,
    past: Option<Window>,
}

/// Events kept at the end of the record.
const LIVE: usize = 4_096;
/// Events kept in front of a window that goes on.
const GONE_BY: usize = 4_096;

impl Tape {
    pub fn new(state: DiagramState) -> Self {
        Tape { live: Window::new(state), past: None }
    }

    /// The next event of the stream; one received before is ignored.
    pub fn receive(&mut self, event: Recorded) -> bool {
        let taken = self.live.push(event);
        self.live.forget(LIVE);
        taken
    }

    /// The position of the last event received.
    pub fn end(&self) -> Position {
        self.live.last()
    }

    /// The window that reaches a position.
    pub fn window(&self, position: Position) -> Option<&Window> {
        let reaches = |window: &&Window| (window.first() - 1..=window.last()).contains(&position);
        Some(&self.live).filter(reaches).or(self.past.as_ref().filter(reaches))
    }

    pub fn live(&self) -> &Window {
        &self.live
    }

    pub fn entry(&self, position: Position) -> Option<&Entry> {
        self.live.entry(position).or_else(|| self.past.as_ref()?.entry(position))
    }

    pub fn state_at(&self, position: Position) -> Option<DiagramState> {
        self.window(position)?.state_at(position)
    }

    /// Events further back: in front of the live ones where they join, after those further back
    /// where they go on, else in their place.
    pub fn remember(&mut self, mut window: Window) {
        if let Some(past) = self.past.as_mut().filter(|past| past.last() + 1 == window.first()) {
            past.join(window);
            past.forget(GONE_BY);
            window = std::mem::take(past);
        }
        self.past = None;
        if (self.live.first() - 1..=self.live.last()).contains(&window.last()) {
            window.join(std::mem::take(&mut self.live));
            self.live = window;
        } else {
            self.past = Some(window);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::Observation;

    fn crashed(position: Position) -> Recorded {
        Recorded::bare(
            position,
            position * 10,
            "inventory",
            Observation::ServiceCrashed { reason: position.to_string() },
        )
    }

    fn window(events: u64) -> Window {
        let topology = protocol::topology("saga-choreography").expect("known");
        let mut window = Window::new(DiagramState::new(&topology));
        for position in 1..=events {
            assert!(window.push(crashed(position)));
        }
        window
    }

    #[test]
    fn any_position_is_a_short_fold_away_and_the_same_as_folding_from_the_beginning() {
        let window = window(700);
        let mut state = window.state_at(0).expect("the beginning");
        for position in 1..=700 {
            state.evolve(&crashed(position));
            assert_eq!(window.state_at(position).as_ref(), Some(&state));
        }
        assert_eq!(window.state_at(701), None);
    }

    #[test]
    fn only_the_next_event_is_taken() {
        let mut window = window(3);
        assert!(!window.push(crashed(3)) && !window.push(crashed(5)) && window.push(crashed(4)));
        assert_eq!((window.first(), window.last()), (1, 4));
    }

    #[test]
    fn what_is_forgotten_is_the_oldest_and_the_rest_stays_as_it_was() {
        let (whole, mut rest) = (window(1_000), window(1_000));
        rest.forget(400);
        assert!(rest.entries().len() <= 400 && rest.first() > 600);
        assert_eq!(rest.state_at(rest.first() - 2), None);
        for position in [rest.first() - 1, rest.first(), 900, 1_000] {
            assert_eq!(rest.state_at(position), whole.state_at(position), "{position}");
        }
        assert_eq!(rest.entry(900), whole.entry(900));
        rest.push(crashed(1_001));
        assert_eq!(rest.last(), 1_001);
    }

    #[test]
    fn earlier_events_join_the_live_ones_where_they_meet() {
        let mut tape = Tape::new(window(900).state_at(500).expect("there"));
        for position in 501..=510 {
            assert!(tape.receive(crashed(position)));
        }
        let mut earlier = Window::new(window(300).state_at(300).expect("there"));
        for position in 301..=400 {
            earlier.push(crashed(position));
        }
        tape.remember(earlier.clone());
        assert_eq!((tape.entry(350).is_some(), tape.window(450).is_some(), tape.end()), (true, false, 510));
        for position in 401..=500 {
            earlier.push(crashed(position));
        }
        tape.remember(earlier);
        assert_eq!((tape.live().first(), tape.end()), (301, 510));
        assert_eq!(tape.state_at(505), window(600).state_at(505));
    }

    #[test]
    fn a_window_further_back_goes_on_without_being_folded_again() {
        let whole = window(7_000);
        let part = |from: Position, to: Position| {
            let mut part = Window::new(whole.state_at(from).expect("there"));
            for position in from + 1..=to {
                part.push(crashed(position));
            }
            part
        };
        let mut tape = Tape::new(whole.state_at(6_900).expect("there"));
        for from in (50..6_900).step_by(1_975) {
            tape.remember(part(from, (from + 1_975).min(6_900)));
            let last = tape.window(from + 1).expect("at hand").last();
            for position in [from, from + 1, from + 700, last] {
                assert_eq!(tape.state_at(position), whole.state_at(position), "{position}");
            }
        }
        assert_eq!((tape.state_at(51), tape.end()), (None, 6_900));
        assert!(tape.live().first() < 6_000 && tape.past.is_none(), "it has come to the present");
    }
}
