//! What a customer was told about one order.

use super::{NotificationCommand, NotificationEvent};

#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    pub order_id: i64,
    pub user_id: i64,
    pub message: String,
}

/// What the command leads to: nobody is told twice.
pub fn decide(notification: Option<&Notification>, command: NotificationCommand) -> Vec<NotificationEvent> {
    let NotificationCommand::Tell { order_id, user_id, message } = command;
    match notification {
        Some(_) => vec![],
        None => vec![NotificationEvent::Sent { order_id, user_id, message }],
    }
}

/// The notification after an event.
pub fn evolve(_: Option<Notification>, event: &NotificationEvent) -> Notification {
    let NotificationEvent::Sent { order_id, user_id, message } = event.clone();
    Notification { order_id, user_id, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tell() -> NotificationCommand {
        NotificationCommand::Tell { order_id: 101, user_id: 1, message: "confirmed".to_owned() }
    }

    fn sent() -> NotificationEvent {
        NotificationEvent::Sent { order_id: 101, user_id: 1, message: "confirmed".to_owned() }
    }

    /// Given these events, when this is asked, then these follow.
    fn check(given: &[NotificationEvent], when: NotificationCommand, then: &[NotificationEvent]) {
        let notification = given.iter().fold(None, |notification, event| Some(evolve(notification, event)));
        assert_eq!(decide(notification.as_ref(), when), then);
    }

    #[test]
    fn the_customer_is_told() {
        check(&[], tell(), &[sent()]);
    }

    #[test]
    fn but_not_twice() {
        check(&[sent()], tell(), &[]);
    }
}
