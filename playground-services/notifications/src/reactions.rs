//! What notifications does when it hears something.

use crate::domain::{Notification, NotificationCommand, decide, evolve};
use kit::{Refusal, Reply, Stage, Unit, Work};
use protocol::{OrderCancelled, OrderConfirmed};

pub fn react(notifications: &mut Unit<Notification>, work: &Work, stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
    let (order_id, user_id, message) = match work.kind() {
        OrderConfirmed::TYPE => {
            let heard: OrderConfirmed = work.data()?;
            (heard.order_id, heard.user_id, "confirmed".to_owned())
        }
        OrderCancelled::TYPE => {
            let heard: OrderCancelled = work.data()?;
            (heard.order_id, heard.user_id, format!("cancelled: {}", heard.reason))
        }
        other => return Err(Refusal::Unreadable(format!("notifications does not know {other}"))),
    };
    let command = NotificationCommand::Tell { order_id, user_id, message };
    for event in decide(notifications.get(order_id), command) {
        let told = evolve(notifications.get(order_id).cloned(), &event);
        notifications.put(order_id, told);
        stage.state_changed("notification", order_id, None, "SENT");
    }
    Ok(Reply::default())
}
