//! What can be asked of notifications.

#[derive(Clone, Debug, PartialEq)]
pub enum NotificationCommand {
    Tell { order_id: i64, user_id: i64, message: String },
}
