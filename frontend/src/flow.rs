//! More than eyes can follow: an edge with many messages a second is drawn as a flow, with its
//! rate, the failures in it and how long its messages took, until it calms.

use diagram::{Motion, Place, Token};
use protocol::{Observation, Position, Recorded};
use std::collections::{BinaryHeap, VecDeque};

/// An edge and what passed along it within the last two seconds of the record.
#[derive(Clone, Debug)]
pub struct Current {
    pub from: Place,
    pub to: Place,
    /// When each passed, in microseconds since the sandbox was created, and whether it is a failure.
    passed: VecDeque<(u64, bool)>,
    /// When each was done, and how many microseconds it took.
    took: VecDeque<(u64, u64)>,
    /// Over how much of that time it is known, in microseconds.
    over: u64,
    /// Drawn as a flow.
    flows: bool,
    /// When something passed last, in the player's time, milliseconds.
    last: f64,
}

/// All edges that something passed along lately.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    currents: Vec<Current>,
    /// Messages published lately, and when.
    published: VecDeque<(Position, u64)>,
    /// What passed before then is not known, in microseconds since the sandbox was created.
    since: Option<u64>,
}

const SECOND: u64 = 1_000_000;
/// How far back one looks, in microseconds: a handful at once is no flow yet.
pub const LATELY: u64 = 2 * SECOND;
/// Messages a second from which an edge is a flow, and under which it is none any more.
const MANY: usize = 14;
const FEW: usize = 7;
/// Fewer messages than this make no rate.
const LEAST: usize = 3;
/// Publications remembered, to know how long their messages took.
const PUBLISHED: usize = 1_024;
/// After this long without anything in the picture, in milliseconds at leisure, an edge is calm.
const QUIET: f64 = 1_000.0;

impl Flow {
    /// Takes an event and what moves because of it into account, at a time of the player.
    pub fn note(&mut self, event: &Recorded, motion: Option<&Motion>, clock: f64) {
        if let Some(motion) = motion {
            let since = self.since;
            let current = self.current(motion);
            current.passed.push_back((event.at, motion.token == Token::Failure));
            current.last = clock;
            current.prune(event.at, since);
        }
        match &event.observation {
            Observation::MessagePublished { .. } => {
                self.published.push_back((event.position, event.at));
                if self.published.len() > PUBLISHED {
                    self.published.pop_front();
                }
            }
            Observation::MessageAcked { topic, group, source_position, .. } => {
                let at = self.published.binary_search_by_key(source_position, |(position, _)| *position);
                if let Ok(at) = at {
                    let took = event.at.saturating_sub(self.published[at].1);
                    let (from, to) = (Place::Topic(topic.clone()), Place::Service(group.clone()));
                    self.took(&from, &to, event.at, took);
                }
            }
            Observation::ResponseSent { duration_us, .. } => {
                self.took(&Place::Learner, &Place::Service(event.service.clone()), event.at, *duration_us);
            }
            _ => {}
        }
    }

    fn current(&mut self, motion: &Motion) -> &mut Current {
        let known = self.currents.iter().position(|current| current.is(&motion.from, &motion.to));
        let at = known.unwrap_or_else(|| {
            self.currents.push(Current {
                from: motion.from.clone(),
                to: motion.to.clone(),
                passed: VecDeque::new(),
                took: VecDeque::new(),
                over: LATELY,
                flows: false,
                last: 0.0,
            });
            self.currents.len() - 1
        });
        &mut self.currents[at]
    }

    fn took(&mut self, from: &Place, to: &Place, at: u64, us: u64) {
        if let Some(current) = self.currents.iter_mut().find(|current| current.is(from, to)) {
            current.took.push_back((at, us));
        }
    }

    /// What was noted so far is not all that passed by now, but only what passed since then.
    pub fn knows(&mut self, since: u64, now: u64) {
        let since = Some(since);
        self.since = since;
        for current in &mut self.currents {
            current.prune(now, since);
        }
    }

    /// What has had nothing on it for a while is calm; the slower one looks, the longer that is.
    /// Gives whether any flow ended with this.
    pub fn calm(&mut self, clock: f64, speed: f64) -> bool {
        let before = self.flowing().count();
        let quiet = QUIET / speed.min(1.0);
        self.currents.retain(|current| clock - current.last < quiet);
        before != self.flowing().count()
    }

    pub fn flowing(&self) -> impl Iterator<Item = &Current> {
        self.currents.iter().filter(|current| current.flows)
    }

    /// Whether a motion is part of a flow.
    pub fn takes(&self, motion: &Motion) -> bool {
        self.flowing().any(|current| current.is(&motion.from, &motion.to))
    }
}

impl Current {
    pub fn is(&self, from: &Place, to: &Place) -> bool {
        self.from == *from && self.to == *to
    }

    fn prune(&mut self, now: u64, known: Option<u64>) {
        let since = now.saturating_sub(LATELY);
        while self.passed.front().is_some_and(|(at, _)| *at < since) {
            self.passed.pop_front();
        }
        while self.took.front().is_some_and(|(at, _)| *at < since) {
            self.took.pop_front();
        }
        self.over = known.map_or(LATELY, |known| now.saturating_sub(known).clamp(1, LATELY));
        let rate = if self.passed.len() < LEAST { 0 } else { self.rate() };
        self.flows = rate >= MANY || self.flows && rate >= FEW;
    }

    /// Messages a second.
    pub fn rate(&self) -> usize {
        self.a_second(self.passed.len())
    }

    /// How many of them are failures.
    pub fn failures(&self) -> usize {
        self.a_second(self.passed.iter().filter(|(_, failed)| *failed).count())
    }

    fn a_second(&self, count: usize) -> usize {
        (count as u64 * SECOND / self.over) as usize
    }

    /// The median and the 99th percentile of how long they took, in microseconds, from being
    /// published to being acknowledged, or from the request to its answer.
    pub fn percentiles(&self) -> Option<(u64, u64)> {
        // Sorting by a heap is the least code.
        let took = self.took.iter().map(|(_, us)| *us).collect::<BinaryHeap<u64>>().into_sorted_vec();
        let rank = |percent: usize| took.get((took.len() * percent / 100).min(took.len().checked_sub(1)?)).copied();
        Some((rank(50)?, rank(99)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::Uuid;

    fn event(position: Position, at: u64, observation: Observation) -> Recorded {
        Recorded::bare(position, at, "broker", observation)
    }

    fn motion(position: Position) -> Motion {
        Motion {
            position,
            from: Place::Topic("orders".into()),
            to: Place::Service("inventory".into()),
            token: if position.is_multiple_of(4) { Token::Failure } else { Token::Event },
            name: "OrderCreated".into(),
            subject: "order/101".into(),
            correlation_id: None,
        }
    }

    fn acked(source_position: Position) -> Observation {
        let (topic, group, message_id) = ("orders".into(), "inventory".into(), Uuid::nil());
        Observation::MessageAcked { topic, group, message_id, source_position, attempt: 1 }
    }

    #[test]
    fn many_a_second_are_a_flow_until_it_calms() {
        let mut flow = Flow::default();
        for n in 0..40 {
            let at = n * 50_000;
            flow.note(&event(n + 1, at, Observation::SandboxWoken), Some(&motion(n + 1)), at as f64 / 1_000.0);
        }
        let current = flow.flowing().next().expect("a flow");
        assert_eq!((current.rate(), current.failures()), (20, 5));
        assert!(flow.takes(&motion(99)));
        for n in 0..8 {
            let at = 2_000_000 + n * 250_000;
            flow.note(&event(n + 100, at, Observation::SandboxWoken), Some(&motion(n + 100)), at as f64 / 1_000.0);
        }
        assert!(!flow.takes(&motion(99)), "four a second are single tokens again");
        assert!(!flow.calm(4_000.0, 1.0) && flow.currents.len() == 1);
        flow.calm(9_000.0, 0.1);
        assert_eq!(flow.currents.len(), 1, "slowed down, a second is ten");
        flow.calm(9_000.0, 1.0);
        assert!(flow.currents.is_empty());
    }

    #[test]
    fn how_long_messages_took_is_from_publication_to_acknowledgement() {
        let mut flow = Flow::default();
        let envelope = serde_json::from_value(serde_json::json!({
            "specversion": "1.0", "id": Uuid::nil(), "source": "orders", "type": "OrderCreated", "subject": "order/1",
            "time": "", "traceparent": "", "correlationid": Uuid::nil(), "causationid": Uuid::nil(), "data": {},
        }));
        let envelope = std::sync::Arc::new(envelope.expect("an envelope"));
        for n in 1..=100 {
            let published =
                Observation::MessagePublished { topic: "orders".into(), envelope: std::sync::Arc::clone(&envelope) };
            flow.note(&event(n, 1_000, published), Some(&motion(n)), 0.0);
        }
        for n in 1..=100 {
            flow.note(&event(100 + n, 1_000 + n * 10, acked(n)), None, 0.0);
        }
        assert_eq!(flow.flowing().next().and_then(Current::percentiles), Some((510, 1_000)));
    }

    #[test]
    fn of_a_second_known_in_part_that_part_makes_the_rate() {
        let mut flow = Flow::default();
        for n in 0..5 {
            let at = 1_900_000 + n * 20_000;
            flow.note(&event(n + 1, at, Observation::SandboxWoken), Some(&motion(n + 1)), 0.0);
        }
        assert!(!flow.takes(&motion(9)));
        flow.knows(1_900_000, 2_000_000);
        assert_eq!(flow.flowing().next().map(Current::rate), Some(50));
        flow.knows(1_000_000, 2_000_000);
        assert!(!flow.takes(&motion(9)), "five in a whole second are no flow");
    }
}
