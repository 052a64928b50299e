//! What can have happened to a saga. Steps are counted from 0, as the definition lists them;
//! attempts from 1.

use super::Order;

#[derive(Clone, Debug, PartialEq)]
pub enum SagaEvent {
    /// The order is there: the first step is done.
    Begun {
        order: Order,
    },
    Asked {
        step: usize,
        attempt: u32,
    },
    Done {
        step: usize,
    },
    /// Refused, or not answered for too long: from here on the saga goes back.
    Failed {
        step: usize,
        reason: String,
    },
    UndoAsked {
        step: usize,
        attempt: u32,
    },
    Undone {
        step: usize,
    },
    /// It neither goes on nor back: a person has to look.
    Parked {
        step: usize,
    },
    /// A person has looked.
    Resumed {
        step: usize,
    },
    /// There is nothing left to do, or to take back.
    Ended {
        step: usize,
    },
}

impl SagaEvent {
    /// How the log writes it: the entry, and the step it is about.
    pub fn entry(&self) -> (&'static str, usize) {
        match *self {
            SagaEvent::Begun { .. } => ("BEGUN", 0),
            SagaEvent::Asked { step, .. } => ("ASKED", step),
            SagaEvent::Done { step } => ("DONE", step),
            SagaEvent::Failed { step, .. } => ("FAILED", step),
            SagaEvent::UndoAsked { step, .. } => ("UNDO_ASKED", step),
            SagaEvent::Undone { step } => ("UNDONE", step),
            SagaEvent::Parked { step } => ("PARKED", step),
            SagaEvent::Resumed { step } => ("RESUMED", step),
            SagaEvent::Ended { step } => ("ENDED", step),
        }
    }
}
