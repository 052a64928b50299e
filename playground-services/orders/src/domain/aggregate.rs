//! The order: `decide` says what a command leads to, `evolve` applies it.

use super::{OrderCommand, OrderEvent};
use protocol::PRICE_MINOR;

#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub id: i64,
    pub item_id: i64,
    pub quantity: i64,
    pub user_id: i64,
    /// In cents.
    pub amount_minor: i64,
    pub status: Status,
    pub reason: Option<String>,
    /// The parcel has left.
    pub shipped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The saga is under way. Others may see this order: PENDING tells them not to count on it.
    Pending,
    Confirmed,
    Cancelled,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Status::Pending => "PENDING",
            Status::Confirmed => "CONFIRMED",
            Status::Cancelled => "CANCELLED",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Status::Pending, Status::Confirmed, Status::Cancelled].into_iter().find(|status| status.name() == name)
    }
}

/// What the command leads to. News about an order that has ended, or was never placed,
/// leads to nothing: it is late, not wrong.
pub fn decide(order: Option<&Order>, command: OrderCommand) -> Vec<OrderEvent> {
    let pending = order.is_some_and(|order| order.status == Status::Pending);
    match command {
        OrderCommand::Place { id, order: placed } if order.is_none() => {
            let amount_minor = PRICE_MINOR * placed.quantity;
            vec![OrderEvent::Created { id, order: placed, amount_minor }]
        }
        OrderCommand::Confirm if pending => vec![OrderEvent::Confirmed],
        OrderCommand::Cancel { reason } if pending => vec![OrderEvent::Cancelled { reason }],
        OrderCommand::Place { .. } | OrderCommand::Confirm | OrderCommand::Cancel { .. } => vec![],
    }
}

/// Whether the parcel may leave, else a sentence saying why not. Who does not heed the semantic
/// lock reads an order whose saga is under way as if it were settled.
pub fn ship(order: Option<&Order>, id: i64, locked: bool) -> Result<OrderEvent, String> {
    let Some(order) = order else { return Err(format!("There is no order {id}. Ship one that was placed.")) };
    match order.status {
        _ if order.shipped => Err(format!("Order {id} has been shipped already.")),
        Status::Cancelled => Err(format!("Order {id} is CANCELLED. There is nothing to ship.")),
        Status::Pending if locked => Err(format!("Order {id} is PENDING. Ship it once its saga has ended.")),
        Status::Pending | Status::Confirmed => Ok(OrderEvent::Shipped),
    }
}

/// The order after an event.
pub fn evolve(order: Option<Order>, event: &OrderEvent) -> Option<Order> {
    match event {
        OrderEvent::Created { id, order, amount_minor } => Some(Order {
            id: *id,
            item_id: order.item_id,
            quantity: order.quantity,
            user_id: order.user_id,
            amount_minor: *amount_minor,
            status: Status::Pending,
            reason: None,
            shipped: false,
        }),
        OrderEvent::Confirmed => order.map(|order| Order { status: Status::Confirmed, ..order }),
        OrderEvent::Shipped => order.map(|order| Order { shipped: true, ..order }),
        OrderEvent::Cancelled { reason } => {
            order.map(|order| Order { status: Status::Cancelled, reason: Some(reason.clone()), ..order })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::PlaceOrder;

    const PLACED: PlaceOrder = PlaceOrder { item_id: 42, quantity: 2, user_id: 1 };

    fn created() -> OrderEvent {
        OrderEvent::Created { id: 101, order: PLACED, amount_minor: 5998 }
    }

    fn cancel() -> OrderCommand {
        OrderCommand::Cancel { reason: "card declined".to_owned() }
    }

    fn cancelled() -> OrderEvent {
        OrderEvent::Cancelled { reason: "card declined".to_owned() }
    }

    /// Given these events, when this is asked, then these follow.
    fn check(given: &[OrderEvent], when: OrderCommand, then: &[OrderEvent]) {
        let order = given.iter().fold(None, evolve);
        assert_eq!(decide(order.as_ref(), when), then);
    }

    #[test]
    fn placing_creates_a_pending_order_at_the_price_of_its_pieces() {
        check(&[], OrderCommand::Place { id: 101, order: PLACED }, &[created()]);
        let order = evolve(None, &created()).expect("there");
        assert_eq!((order.status, order.amount_minor), (Status::Pending, 5998));
    }

    #[test]
    fn placing_it_again_leads_to_nothing() {
        check(&[created()], OrderCommand::Place { id: 101, order: PLACED }, &[]);
    }

    #[test]
    fn a_paid_order_is_confirmed() {
        check(&[created()], OrderCommand::Confirm, &[OrderEvent::Confirmed]);
    }

    #[test]
    fn a_refused_order_is_cancelled_with_its_reason() {
        check(&[created()], cancel(), &[cancelled()]);
    }

    #[test]
    fn an_order_ends_once() {
        check(&[created(), OrderEvent::Confirmed], OrderCommand::Confirm, &[]);
        check(&[created(), OrderEvent::Confirmed], cancel(), &[]);
        check(&[created(), cancelled()], OrderCommand::Confirm, &[]);
        check(&[created(), cancelled()], cancel(), &[]);
    }

    #[test]
    fn an_order_nobody_placed_cannot_end() {
        check(&[], OrderCommand::Confirm, &[]);
        check(&[], cancel(), &[]);
    }

    #[test]
    fn only_a_settled_order_is_shipped_and_only_once() {
        let shipping = |given: &[OrderEvent], locked| ship(given.iter().fold(None, evolve).as_ref(), 101, locked);
        assert_eq!(shipping(&[created(), OrderEvent::Confirmed], true), Ok(OrderEvent::Shipped));
        for (given, part) in [
            (vec![], "no order 101"),
            (vec![created()], "PENDING"),
            (vec![created(), cancelled()], "CANCELLED"),
            (vec![created(), OrderEvent::Confirmed, OrderEvent::Shipped], "already"),
        ] {
            let refused = shipping(&given, true).expect_err(part);
            assert!(refused.contains(part), "{refused}");
        }
    }

    #[test]
    fn who_ignores_the_lock_ships_what_may_yet_be_cancelled() {
        let pending = evolve(None, &created());
        assert_eq!(ship(pending.as_ref(), 101, false), Ok(OrderEvent::Shipped));
        let shipped = evolve(pending, &OrderEvent::Shipped);
        assert_eq!(decide(shipped.as_ref(), cancel()), [cancelled()]);
    }

    #[test]
    fn a_status_reads_back() {
        for status in [Status::Pending, Status::Confirmed, Status::Cancelled] {
            assert_eq!(Status::parse(status.name()), Some(status));
        }
        assert_eq!(Status::parse("pending"), None);
    }
}
