//! What services publish: the `data` of each event. Amounts are in cents.

use serde::{Deserialize, Serialize};

macro_rules! payloads {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub struct $name { $(pub $field: $type),* }
        impl $name {
            /// The event's `type` on the wire.
            pub const TYPE: &'static str = stringify!($name);
        }
    )*
        /// The types of all that services publish.
        pub const PAYLOAD_TYPES: &[&str] = &[$($name::TYPE),*];
    };
}

payloads! {
    /// From orders: an order stands as PENDING.
    OrderCreated { order_id: i64, item_id: i64, quantity: i64, user_id: i64, amount_minor: i64 }
    /// From inventory: the pieces are held for this order. Carries the amount on to payments.
    StockReserved { order_id: i64, item_id: i64, quantity: i64, user_id: i64, amount_minor: i64 }
    /// From inventory: not enough on hand; nothing was held.
    StockRejected { order_id: i64, item_id: i64, quantity: i64, reason: String }
    /// From inventory, the compensation: what was held is on hand again.
    StockReleased { order_id: i64, item_id: i64, quantity: i64 }
    /// From payments: the card was charged. Says what is bought for it, where that was told.
    PaymentSucceeded { order_id: i64, user_id: i64, amount_minor: i64, item_id: i64, quantity: i64 }
    /// From payments: the card was refused.
    PaymentFailed { order_id: i64, user_id: i64, amount_minor: i64, reason: String }
    /// From payments, the compensation: what was charged is given back; 0 when nothing was.
    PaymentRefunded { order_id: i64, user_id: i64, amount_minor: i64 }
    /// From inventory: what was held has left the house.
    StockSold { order_id: i64, item_id: i64, quantity: i64 }
    /// From orders: the parcel is on its way.
    OrderShipped { order_id: i64, user_id: i64 }
    /// From orders: the end of a saga that went well.
    OrderConfirmed { order_id: i64, user_id: i64 }
    /// From orders: the end of a saga that was taken back.
    OrderCancelled { order_id: i64, user_id: i64, reason: String }

    // From accounts, all of one shape: what it adds to the balance, the balance after it, and from
    // when it counts.

    AccountCreated { account_id: i64, sequence: u64, amount_minor: i64, balance_minor: i64, value_date: String }
    MoneyDeposited { account_id: i64, sequence: u64, amount_minor: i64, balance_minor: i64, value_date: String }
    MoneyWithdrawn { account_id: i64, sequence: u64, amount_minor: i64, balance_minor: i64, value_date: String }
    EntryCorrected { account_id: i64, sequence: u64, amount_minor: i64, balance_minor: i64, value_date: String }

    /// From gift-wrapping: the pieces are in their paper. Carries the amount on to payments.
    GiftWrapped { order_id: i64, item_id: i64, quantity: i64, user_id: i64, amount_minor: i64 }
    /// From gift-wrapping, the compensation: they are out of it again.
    GiftUnwrapped { order_id: i64, quantity: i64 }

    /// From feed: a post stands. Carries all that anybody wants to show of it. Posts are numbered
    /// from 1 without a gap; `posted_at` is RFC 3339, UTC.
    PostPublished { post_id: i64, author_id: i64, author: String, text: String, tags: Vec<String>, posted_at: String }

    // What an orchestrator asks for: the same words, as commands.

    /// To inventory: hold the pieces. Answered by `StockReserved` or `StockRejected`.
    ReserveStock { order_id: i64, item_id: i64, quantity: i64, user_id: i64, amount_minor: i64 }
    /// To inventory, the compensation. Answered by `StockReleased`.
    ReleaseStock { order_id: i64 }
    /// To inventory: the saga went well. Answered by `StockSold`.
    SellStock { order_id: i64 }
    /// To gift-wrapping: wrap the pieces. Answered by `GiftWrapped`.
    WrapGift { order_id: i64, item_id: i64, quantity: i64, user_id: i64, amount_minor: i64 }
    /// To gift-wrapping, the compensation. Answered by `GiftUnwrapped`.
    UnwrapGift { order_id: i64 }
    /// To payments: charge the card. Answered by `PaymentSucceeded` or `PaymentFailed`.
    ChargePayment { order_id: i64, user_id: i64, amount_minor: i64 }
    /// To payments, the compensation. Answered by `PaymentRefunded`.
    RefundPayment { order_id: i64 }
    /// To orders: the saga went well. Answered by `OrderConfirmed`.
    ConfirmOrder { order_id: i64 }
    /// To orders, the compensation. Answered by `OrderCancelled`.
    CancelOrder { order_id: i64, reason: String }
}
