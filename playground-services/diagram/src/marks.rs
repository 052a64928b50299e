//! What stands out in a record, and where: the painting of the timeline.

use crate::{DiagramState, Health, Token, published_as};
use protocol::{FaultKind, Observation, Position, Recorded};
use serde::{Deserialize, Serialize};

/// A kind of event that stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    Command,
    Event,
    Failure,
    Compensation,
    Crash,
    Restart,
    FaultOn,
    FaultOff,
    /// An invariant was broken.
    Broken,
    Restored,
    /// Another replica leads.
    Takeover,
}

impl MarkKind {
    pub const ALL: [MarkKind; 11] = [
        MarkKind::Command,
        MarkKind::Event,
        MarkKind::Failure,
        MarkKind::Compensation,
        MarkKind::Crash,
        MarkKind::Restart,
        MarkKind::FaultOn,
        MarkKind::FaultOff,
        MarkKind::Broken,
        MarkKind::Restored,
        MarkKind::Takeover,
    ];
}

/// How an event stands out, given the picture *before* it is folded in.
pub fn mark(before: &DiagramState, event: &Recorded) -> Option<MarkKind> {
    let crashed = |service: &str| before.node(service).is_some_and(|node| node.health == Health::Crashed);
    Some(match &event.observation {
        Observation::CommandAccepted { .. } => MarkKind::Command,
        Observation::CommandRejected { .. } => MarkKind::Failure,
        Observation::MessagePublished { envelope, .. } => match published_as(&envelope.kind) {
            Token::Failure => MarkKind::Failure,
            Token::Compensation => MarkKind::Compensation,
            _ => MarkKind::Event,
        },
        Observation::ServiceCrashed { .. } => MarkKind::Crash,
        Observation::ServiceStarted { .. } if crashed(&event.service) => MarkKind::Restart,
        // A crash has a mark of its own.
        Observation::FaultInstalled { fault } if fault.spec.kind != FaultKind::Crash => MarkKind::FaultOn,
        Observation::FaultCleared { fault_id, .. } => {
            let fault = before.faults.iter().find(|fault| fault.id == *fault_id)?;
            return (fault.spec.kind != FaultKind::Crash).then_some(MarkKind::FaultOff);
        }
        Observation::InvariantBroken { .. } => MarkKind::Broken,
        Observation::InvariantRestored { .. } => MarkKind::Restored,
        Observation::LeaseAcquired { .. } if taken_over_from(before, event).is_some() => MarkKind::Takeover,
        _ => return None,
    })
}

/// The replica that led until this event has another one lead.
pub fn taken_over_from(before: &DiagramState, event: &Recorded) -> Option<u32> {
    let Observation::LeaseAcquired { holder, .. } = &event.observation else { return None };
    let led = before.node(&event.service)?.lease.as_ref()?.holder;
    (led != *holder).then_some(led)
}

/// How many of each [`MarkKind`] a layer holds, in the order of [`MarkKind::ALL`].
pub type Layer = [u32; MarkKind::ALL.len()];

/// A whole record as a bounded number of layers of equally many positions each: where its
/// marks are. A fold of the record like the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strata {
    /// Positions to a layer; doubles whenever there would be too many layers.
    pub width: u64,
    /// The first holds the positions 1 to `width`.
    pub layers: Vec<Layer>,
    /// The last position folded in.
    pub end: Position,
}

/// At most so many layers: more than a screen has columns for.
const LAYERS: usize = 1024;

impl Default for Strata {
    fn default() -> Self {
        Strata { width: 1, layers: vec![], end: 0 }
    }
}

impl Strata {
    /// Folds the next event in, given the picture before it.
    pub fn evolve(&mut self, before: &DiagramState, event: &Recorded) {
        self.add(event.position, mark(before, event));
    }

    /// The same, for an event of which the mark is known. One folded in before is ignored.
    pub fn add(&mut self, position: Position, mark: Option<MarkKind>) {
        if position <= self.end {
            return;
        }
        self.end = position;
        let Some(kind) = mark else { return };
        while self.layer_of(position) >= LAYERS {
            self.halve();
        }
        let layer = self.layer_of(position);
        if self.layers.len() <= layer {
            self.layers.resize(layer + 1, Layer::default());
        }
        self.layers[layer][kind as usize] += 1;
    }

    /// The layer that holds a position.
    pub fn layer_of(&self, position: Position) -> usize {
        usize::try_from(position.saturating_sub(1) / self.width).unwrap_or(usize::MAX)
    }

    /// The first position of a layer.
    pub fn first_of(&self, layer: usize) -> Position {
        layer as u64 * self.width + 1
    }

    /// Two layers become one.
    fn halve(&mut self) {
        self.width *= 2;
        let merge = |pair: &[Layer]| {
            let mut merged = pair[0];
            for other in &pair[1..] {
                merged.iter_mut().zip(other).for_each(|(count, more)| *count += more);
            }
            merged
        };
        self.layers = self.layers.chunks(2).map(merge).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(position: Position, observation: Observation) -> Recorded {
        Recorded::bare(position, position, "inventory", observation)
    }

    #[test]
    fn a_long_record_keeps_every_mark_in_a_bounded_number_of_layers() {
        let state = DiagramState::default();
        let mut strata = Strata::default();
        for position in 1..=50_000 {
            let observation = match position % 10 {
                0 => Observation::ServiceCrashed { reason: String::new() },
                _ => Observation::SandboxWoken,
            };
            strata.evolve(&state, &event(position, observation));
        }
        assert!(strata.layers.len() <= LAYERS && strata.layers.len() > LAYERS / 4);
        let crashes: u32 = strata.layers.iter().map(|layer| layer[MarkKind::Crash as usize]).sum();
        assert_eq!((crashes, strata.end), (5_000, 50_000));
        assert_eq!(strata.layer_of(strata.first_of(7)), 7);
        assert_eq!(strata.layer_of(strata.first_of(7) - 1), 6);
    }

    #[test]
    fn kinds_are_numbered_as_they_are_listed() {
        for (number, kind) in MarkKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, number);
        }
    }
}
