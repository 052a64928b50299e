//! What moves because of an event: nothing in the picture travels without one of these.

use crate::DiagramState;
use protocol::{Name, Observation, Position, Recorded, Uuid};

/// A token's way along one edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Motion {
    /// The event that made it move.
    pub position: Position,
    pub from: Place,
    pub to: Place,
    pub token: Token,
    /// What it is called: `OrderCreated`, `PlaceOrder`.
    pub name: Name,
    /// What it is about: `order/101`; empty for commands.
    pub subject: Name,
    pub correlation_id: Option<Uuid>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The learner, outside the glass.
    Learner,
    Service(Name),
    Topic(Name),
}

/// The shape and colour of what moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    Command,
    Event,
    Failure,
    Compensation,
    /// The answer to a command or a query.
    Reply,
    /// A read.
    Query,
}

/// The motion of an event, given the picture *before* it is folded in.
pub fn motion(before: &DiagramState, event: &Recorded) -> Option<Motion> {
    let motion = |from, to, token, name: &Name, subject: Name| Motion {
        position: event.position,
        from,
        to,
        token,
        name: name.clone(),
        subject,
        correlation_id: event.correlation_id,
    };
    match &event.observation {
        Observation::RequestReceived { method, path, .. } if &**method == "GET" => {
            let name = Name::from(path.rsplit('/').next().unwrap_or_default());
            Some(motion(Place::Learner, Place::Service(event.service.clone()), Token::Query, &name, "".into()))
        }
        Observation::RequestReceived { path, .. } => {
            let name = command_of(before, &event.service).unwrap_or_else(|| path.clone());
            Some(motion(Place::Learner, Place::Service(event.service.clone()), Token::Command, &name, "".into()))
        }
        Observation::ResponseSent { status, .. } => {
            let token = if *status < 400 { Token::Reply } else { Token::Failure };
            let name = Name::from(status.to_string());
            Some(motion(Place::Service(event.service.clone()), Place::Learner, token, &name, "".into()))
        }
        Observation::MessagePublished { topic, envelope } => Some(motion(
            Place::Service(event.service.clone()),
            Place::Topic(topic.clone()),
            published_as(&envelope.kind),
            &envelope.kind,
            envelope.subject.clone(),
        )),
        Observation::MessageDelivered { topic, group, source_position, .. }
        | Observation::MessageRedelivered { topic, group, source_position, .. } => {
            let lane = before.pipe(topic)?.lanes.iter().find(|lane| lane.group == *group)?;
            let held = lane.waiting.tokens.iter().find(|token| token.position == *source_position)?;
            Some(motion(
                Place::Topic(topic.clone()),
                Place::Service(group.clone()),
                delivered_as(&held.kind, group),
                &held.kind,
                held.subject.clone(),
            ))
        }
        _ => None,
    }
}

fn command_of(state: &DiagramState, service: &str) -> Option<Name> {
    state.topology.as_ref()?.service(service)?.commands.first().cloned()
}

/// A failure is told as a failure, an undoing as an undoing.
pub fn published_as(kind: &str) -> Token {
    match kind {
        "PaymentFailed" | "StockRejected" => Token::Failure,
        "StockReleased" | "GiftUnwrapped" | "OrderCancelled" | "PaymentRefunded" => Token::Compensation,
        "ReserveStock" | "WrapGift" | "ChargePayment" | "ConfirmOrder" | "SellStock" => Token::Command,
        "ReleaseStock" | "UnwrapGift" | "RefundPayment" | "CancelOrder" => Token::Compensation,
        _ => Token::Event,
    }
}

/// The same failure is news to orders, but to inventory it is the call to give stock back.
pub fn delivered_as(kind: &str, group: &str) -> Token {
    match (kind, group) {
        ("PaymentFailed", "inventory" | "gift-wrapping") => Token::Compensation,
        _ => published_as(kind),
    }
}
