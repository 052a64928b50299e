//! What can have happened to a saga. Steps are counted from 0, as the definition lists them.

use super::Order;

#[derive(Clone, Debug, PartialEq)]
pub enum SagaEvent {
    /// The order is there: the first step is done.
    Begun {
        order: Order,
    },
    Asked {
        step: usize,
    },
    Done {
        step: usize,
    },
    /// Refused: from here on the saga goes back.
    Failed {
        step: usize,
        reason: String,
    },
    UndoAsked {
        step: usize,
    },
    Undone {
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
            SagaEvent::Asked { step } => ("ASKED", step),
            SagaEvent::Done { step } => ("DONE", step),
            SagaEvent::Failed { step, .. } => ("FAILED", step),
            SagaEvent::UndoAsked { step } => ("UNDO_ASKED", step),
            SagaEvent::Undone { step } => ("UNDONE", step),
            SagaEvent::Ended { step } => ("ENDED", step),
        }
    }
}
