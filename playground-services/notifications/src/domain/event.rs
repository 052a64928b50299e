//! What can have happened to a notification.

#[derive(Clone, Debug, PartialEq)]
pub enum NotificationEvent {
    Sent { order_id: i64, user_id: i64, message: String },
}
