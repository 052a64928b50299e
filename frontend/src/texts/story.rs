//! The story: each event worth a sentence in one plain sentence.

use diagram::{DiagramState, Health};
use protocol::{Envelope, FaultKind, Observation, Recorded, money};

/// A sentence with the names of services between asterisks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence(String);

impl Sentence {
    pub fn html(&self) -> String {
        let mut html = String::new();
        for (i, part) in self.0.split('*').enumerate() {
            let part = crate::svg::escape(part);
            if i % 2 == 0 {
                html.push_str(&part);
            } else {
                html.push_str("<b>");
                html.push_str(&part);
                html.push_str("</b>");
            }
        }
        html
    }

    pub fn text(&self) -> String {
        self.0.replace('*', "")
    }
}

/// What to say of an event, given the picture before it. Most events need no words.
pub fn tell(before: &DiagramState, event: &Recorded) -> Option<Sentence> {
    let who = &event.service;
    let sentence = match &event.observation {
        Observation::MessagePublished { envelope, .. } => published(who, envelope),
        Observation::StateChanged { entity, id, to, .. } => match (&**entity, &**to) {
            ("notification", _) => format!("*{who}* tells the customer of order {id}."),
            ("reservation", "SOLD") => format!("*{who}* marks the pieces of order {id} as sold."),
            _ => return None,
        },
        Observation::MessageRedelivered { group, attempt, .. } => {
            format!("*{group}* gets a message it may have seen before: attempt {attempt}.")
        }
        Observation::MessageDeadLettered { group, reason, .. } => {
            format!("*{group}* could not handle a message, and it is put aside: {}.", plain(reason))
        }
        Observation::CommandRejected { reason, .. } => format!("The command was refused: {}", plain(reason)),
        Observation::ServiceCrashed { .. } => {
            format!("*{who}* has crashed. What is sent to it now waits in its pipe.")
        }
        Observation::ServiceStarted { .. } if !before.sagas.latest.is_empty() || crashed(before, who) => {
            match before
                .pipes
                .iter()
                .flat_map(|pipe| &pipe.lanes)
                .filter(|lane| lane.group == *who)
                .map(|lane| lane.waiting.count)
                .sum()
            {
                0 => format!("*{who}* is up."),
                1 => format!("*{who}* is up and takes the one message that waited for it."),
                waiting => format!("*{who}* is up and takes the {waiting} messages that waited for it."),
            }
        }
        Observation::ServiceStopped { .. } => format!("*{who}* has stopped in good order."),
        Observation::FaultInstalled { fault } => match fault.spec.kind {
            FaultKind::DeclinePayments => "From now on the card network declines every charge.".into(),
            FaultKind::Crash => return None,
        },
        Observation::FaultCleared { fault_id, .. } => {
            let kind = before.faults.iter().find(|fault| fault.id == *fault_id)?.spec.kind;
            match kind {
                FaultKind::DeclinePayments => "The card network accepts charges again.".into(),
                FaultKind::Crash => return None,
            }
        }
        Observation::SandboxHibernated => "Nothing has happened for a while: the system goes to sleep.".into(),
        Observation::SandboxWoken => "The system wakes, exactly as it was.".into(),
        _ => return None,
    };
    Some(Sentence(sentence))
}

/// One plain sentence for an event of which [`tell`] says nothing: the record in full.
pub fn describe(event: &Recorded) -> Sentence {
    Sentence(format!("*{}* {}", event.service, "…"))
}

fn published(who: &str, envelope: &Envelope) -> String {
    let number = |field: &str| envelope.data.get(field).and_then(protocol::Value::as_i64).unwrap_or_default();
    let order = number("order_id");
    let pieces = match number("quantity") {
        1 => "1 piece".to_string(),
        count => format!("{count} pieces"),
    };
    match &*envelope.kind {
        "OrderCreated" => format!("*{who}* writes order {order} down as PENDING and says so: OrderCreated."),
        "StockReserved" => format!("*{who}* holds {pieces} for order {order}: StockReserved."),
        "StockRejected" => {
            format!(
                "*{who}* has too few on hand for order {order}: StockRejected. *orders* hears of it and will cancel."
            )
        }
        "PaymentSucceeded" => {
            format!("*{who}* charges {} for order {order}: PaymentSucceeded.", money(number("amount_minor")))
        }
        "PaymentFailed" => format!(
            "*{who}* could not charge {} for order {order}. *inventory* hears of it and gives the reserved item back.",
            money(number("amount_minor"))
        ),
        "StockReleased" => {
            format!("*{who}* puts {pieces} back on hand, held for order {order} until now: StockReleased.")
        }
        "OrderConfirmed" => format!("*{who}* marks order {order} CONFIRMED."),
        "OrderCancelled" => format!("*{who}* marks order {order} CANCELLED."),
        other => format!("*{who}* publishes {} about {}.", plain(other), plain(&envelope.subject)),
    }
}

fn crashed(state: &DiagramState, service: &str) -> bool {
    state.node(service).is_some_and(|node| node.health == Health::Crashed)
}

/// Words from elsewhere cannot set anything in bold.
fn plain(text: &str) -> String {
    text.replace('*', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_elsewhere_never_becomes_markup() {
        let sentence = Sentence(format!("*orders* said {}", plain("<img src=x onerror=y> *b*")));
        assert_eq!(sentence.html(), "<b>orders</b> said &lt;img src=x onerror=y&gt; b");
        assert_eq!(sentence.text(), "orders said <img src=x onerror=y> b");
    }
}
