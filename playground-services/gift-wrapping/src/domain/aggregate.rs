//! What is wrapped for one order.

use super::{WrappingCommand, WrappingEvent};

#[derive(Clone, Debug, PartialEq)]
pub struct Wrapping {
    pub quantity: i64,
    pub status: Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Wrapped,
    Unwrapped,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Status::Wrapped => "WRAPPED",
            Status::Unwrapped => "UNWRAPPED",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Status::Wrapped, Status::Unwrapped].into_iter().find(|status| status.name() == name)
    }
}

/// What the command leads to. An order is wrapped once, and what was unwrapped stays so.
pub fn decide(wrapping: Option<&Wrapping>, command: WrappingCommand) -> Vec<WrappingEvent> {
    match (command, wrapping.map(|wrapping| wrapping.status)) {
        (WrappingCommand::Wrap { quantity }, None) => vec![WrappingEvent::Wrapped { quantity }],
        (WrappingCommand::Unwrap, Some(Status::Wrapped)) => vec![WrappingEvent::Unwrapped],
        (WrappingCommand::Unwrap, None) => vec![WrappingEvent::Barred],
        (WrappingCommand::Wrap { .. }, Some(_)) | (WrappingCommand::Unwrap, Some(Status::Unwrapped)) => vec![],
    }
}

/// The wrapping after an event.
pub fn evolve(wrapping: Option<Wrapping>, event: &WrappingEvent) -> Wrapping {
    match event {
        WrappingEvent::Wrapped { quantity } => Wrapping { quantity: *quantity, status: Status::Wrapped },
        WrappingEvent::Unwrapped | WrappingEvent::Barred => {
            Wrapping { quantity: wrapping.map_or(0, |wrapping| wrapping.quantity), status: Status::Unwrapped }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRAP: WrappingCommand = WrappingCommand::Wrap { quantity: 3 };
    const WRAPPED: WrappingEvent = WrappingEvent::Wrapped { quantity: 3 };

    /// Given these events, when this is asked, then these follow.
    fn check(given: &[WrappingEvent], when: WrappingCommand, then: &[WrappingEvent]) {
        let wrapping = given.iter().fold(None, |wrapping, event| Some(evolve(wrapping, event)));
        assert_eq!(decide(wrapping.as_ref(), when), then);
    }

    #[test]
    fn an_order_is_wrapped_once() {
        check(&[], WRAP, &[WRAPPED]);
        check(&[WRAPPED], WRAP, &[]);
    }

    #[test]
    fn what_is_wrapped_can_be_unwrapped_once() {
        check(&[WRAPPED], WrappingCommand::Unwrap, &[WrappingEvent::Unwrapped]);
        check(&[WRAPPED, WrappingEvent::Unwrapped], WrappingCommand::Unwrap, &[]);
        check(&[WRAPPED, WrappingEvent::Unwrapped], WRAP, &[]);
    }

    #[test]
    fn what_was_taken_back_before_it_was_wrapped_is_wrapped_no_more() {
        check(&[], WrappingCommand::Unwrap, &[WrappingEvent::Barred]);
        check(&[WrappingEvent::Barred], WRAP, &[]);
        check(&[WrappingEvent::Barred], WrappingCommand::Unwrap, &[]);
    }
}
