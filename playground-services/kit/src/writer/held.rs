//! The way of messages to the broker, when a fault is on it. With the outbox on, what is caught
//! stays in the relay's table until it is through; with the outbox off, what is lost is lost.

use crate::Ctx;
use crate::fault::{Leg, Passing, Verdict, is_among, severed, verdict};
use protocol::{BROKER, Envelope, Fault, Name, Observation, Observed, Uuid};
use std::collections::HashSet;

/// Before a lost publish is tried again, in microseconds; doubled each time, up to [`PAUSE_MAX`].
const PAUSE: u64 = 200_000;
const PAUSE_MAX: u64 = 5_000_000;
/// The longest a message waits for the next one to overtake it, in microseconds.
const OVERTAKING: u64 = 500_000;

/// What was caught on its way, oldest first.
#[derive(Default)]
pub(super) struct Held {
    caught: Vec<Caught>,
    /// In the relay's table and published, but nobody has said so yet.
    unconfirmed: HashSet<Uuid>,
}

pub(super) struct Caught {
    pub message: Observed,
    attempt: u32,
    until: Until,
    /// The fault that caught it; nobody knows any more after a restart.
    by: Option<Fault>,
    /// In the relay's table, too.
    pub stored: bool,
}

#[derive(PartialEq)]
enum Until {
    /// It is late: tried again then, or as soon as the fault is gone.
    Late(u64),
    /// It got lost: tried again then, or as soon as the faults change.
    Lost(u64),
    /// This fault lets nothing through: tried again when the faults change.
    Healed(Name),
    /// Another one has overtaken it, or then, or the fault is gone.
    Overtaken(u64),
}

/// What becomes of one attempt to publish.
enum Fate {
    Goes { copies: usize },
    Caught(Until),
}

/// The observations of a transaction, by the way they take.
#[derive(Default)]
pub(super) struct Parted {
    /// With the shipment.
    pub shipped: Vec<Observed>,
    /// With the outbox off: messages that leave after it, and are stored nowhere.
    pub unstored: Vec<Observed>,
    pub caught: Vec<Caught>,
}

impl Held {
    /// What an earlier run left in the table: tried at once.
    pub(super) fn left(messages: Vec<Observed>) -> Self {
        let caught = |message| Caught { message, attempt: 0, until: Until::Late(0), by: None, stored: true };
        Held { caught: messages.into_iter().map(caught).collect(), unconfirmed: HashSet::new() }
    }

    /// Judges the first attempt of each message.
    pub(super) fn part(&self, ctx: &Ctx, observed: Vec<Observed>) -> Parted {
        let (faults, stored) = (ctx.faults.borrow().clone(), ctx.is_on("outbox"));
        if faults.is_empty() && stored {
            return Parted { shipped: observed, ..Parted::default() };
        }
        let mut overtaking = self.caught.iter().any(|caught| matches!(caught.until, Until::Overtaken(_)));
        let mut parted = Parted::default();
        for message in observed {
            let Some(envelope) = message.observation.message() else {
                parted.shipped.push(message);
                continue;
            };
            let (fate, fault) = match judge(ctx, &faults, envelope, 1) {
                // This is the next one that another waits for.
                (Fate::Caught(Until::Overtaken(_)), _) if overtaking => (Fate::Goes { copies: 1 }, None),
                judged => judged,
            };
            parted.shipped.extend(fault.map(|fault| triggered(ctx, &message, fault)));
            let by = fault.cloned();
            match fate {
                Fate::Goes { copies } => {
                    let way = if stored { &mut parted.shipped } else { &mut parted.unstored };
                    way.extend(std::iter::repeat_n(message, copies));
                    overtaking = false;
                }
                // Nobody will ask for it again.
                Fate::Caught(Until::Lost(_) | Until::Healed(_)) if !stored => {}
                Fate::Caught(until) => {
                    overtaking |= matches!(until, Until::Overtaken(_));
                    parted.caught.push(Caught { message, attempt: 1, until, by, stored });
                }
            }
        }
        parted
    }

    /// After the commit: holds what was caught. Another message has left: what waited for that may go.
    pub(super) fn hold(&mut self, caught: Vec<Caught>, another_left: bool) {
        self.caught.extend(caught);
        if another_left {
            for caught in &mut self.caught {
                if matches!(caught.until, Until::Overtaken(_)) {
                    caught.until = Until::Late(0);
                }
            }
        }
    }

    /// The faults are others now: what they kept is tried again at once.
    pub(super) fn faults_changed(&mut self, faults: &[Fault]) {
        for caught in &mut self.caught {
            let is_over = caught.by.as_ref().is_some_and(|fault| !is_among(faults, fault));
            match &mut caught.until {
                Until::Lost(at) => *at = 0,
                Until::Late(at) | Until::Overtaken(at) if is_over => *at = 0,
                _ => {}
            }
        }
    }

    /// When the next attempt is due, in microseconds since the sandbox was created.
    pub(super) fn next(&self, ctx: &Ctx) -> Option<u64> {
        self.caught.iter().filter_map(|caught| caught.due_at(&ctx.faults.borrow())).min()
    }

    /// Tries what is due. Returns what gets through, and the strikes on what does not.
    pub(super) fn retry(&mut self, ctx: &Ctx) -> Vec<Observed> {
        let (faults, now) = (ctx.faults.borrow().clone(), ctx.clock.now_us());
        let mut observed = vec![];
        for mut caught in std::mem::take(&mut self.caught) {
            if caught.due_at(&faults).is_none_or(|at| at > now) {
                self.caught.push(caught);
                continue;
            }
            let Some(envelope) = caught.message.observation.message() else { continue };
            caught.attempt += 1;
            let (fate, fault) = match judge(ctx, &faults, envelope, caught.attempt) {
                // It is late already.
                (Fate::Caught(Until::Late(_) | Until::Overtaken(_)), _) => (Fate::Goes { copies: 1 }, None),
                judged => judged,
            };
            observed.extend(fault.map(|fault| triggered(ctx, &caught.message, fault)));
            match fate {
                Fate::Goes { copies } => {
                    if caught.stored {
                        self.unconfirmed.insert(envelope.id);
                    }
                    let message = Observed { at: now, ..caught.message };
                    observed.extend(std::iter::repeat_n(message, copies));
                }
                Fate::Caught(until) if caught.stored => {
                    self.caught.push(Caught { until, by: fault.cloned(), ..caught });
                }
                Fate::Caught(_) => {}
            }
        }
        observed
    }

    /// Those of the published messages that the table still has.
    pub(super) fn confirmed(&mut self, ids: Vec<Uuid>) -> Vec<Uuid> {
        ids.into_iter().filter(|id| self.unconfirmed.remove(id)).collect()
    }
}

impl Caught {
    fn due_at(&self, faults: &[Fault]) -> Option<u64> {
        match &self.until {
            Until::Late(at) | Until::Lost(at) | Until::Overtaken(at) => Some(*at),
            Until::Healed(fault) => {
                let stands = |other: &Fault| other.id == *fault && !other.spec.kind.is_of_the_wire();
                (!faults.iter().any(stands)).then_some(0)
            }
        }
    }
}

fn judge<'a>(ctx: &Ctx, faults: &'a [Fault], envelope: &Envelope, attempt: u32) -> (Fate, Option<&'a Fault>) {
    let passing = Passing {
        leg: Leg::Publish,
        from: ctx.name(),
        to: BROKER,
        topic: ctx.spec.publishes.as_deref(),
        ordinal: envelope.commandordinal,
        what: &envelope.kind,
        attempt,
    };
    let now = ctx.clock.now_us();
    if let Some(fault) = severed(faults, &passing, now) {
        return (Fate::Caught(Until::Healed(fault.id.clone())), Some(fault));
    }
    let verdict = verdict(faults, &passing, now);
    let fate = match verdict {
        Verdict::Pass => Fate::Goes { copies: 1 },
        Verdict::Duplicate { .. } => Fate::Goes { copies: 2 },
        Verdict::Delay { us, .. } => Fate::Caught(Until::Late(now.saturating_add(us))),
        Verdict::Reorder { .. } => Fate::Caught(Until::Overtaken(now + OVERTAKING)),
        Verdict::Drop { .. } | Verdict::Fail { .. } => {
            let pause = PAUSE.saturating_mul(1 << (attempt - 1).min(16)).min(PAUSE_MAX);
            Fate::Caught(Until::Lost(now + pause))
        }
    };
    (fate, verdict.fault())
}

/// The fault struck this message here.
fn triggered(ctx: &Ctx, message: &Observed, fault: &Fault) -> Observed {
    let on = message.observation.message().map(|envelope| envelope.subject.to_string()).unwrap_or_default();
    let observation = Observation::FaultTriggered { fault_id: fault.id.clone(), on };
    Observed { at: ctx.clock.now_us(), code: None, observation, ..message.clone() }
}
