//! One item on the shelf and one order's claim to it.

use super::{StockCommand, StockEvent};

/// An item and, where the order at hand has one, its reservation.
#[derive(Clone, Debug, PartialEq)]
pub struct Shelf {
    pub item_id: i64,
    pub on_hand: i64,
    pub reservation: Option<Reservation>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Reservation {
    pub order_id: i64,
    pub quantity: i64,
    pub status: Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Held,
    Sold,
    Released,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Status::Held => "HELD",
            Status::Sold => "SOLD",
            Status::Released => "RELEASED",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Status::Held, Status::Sold, Status::Released].into_iter().find(|status| status.name() == name)
    }
}

/// What the command leads to. A reservation ends once; late news about it leads to nothing.
pub fn decide(shelf: &Shelf, command: StockCommand) -> Vec<StockEvent> {
    let held = shelf.reservation.as_ref().is_some_and(|reservation| reservation.status == Status::Held);
    match command {
        StockCommand::Reserve { order_id, quantity } if shelf.reservation.is_none() => {
            if quantity <= shelf.on_hand {
                vec![StockEvent::Reserved { order_id, quantity }]
            } else {
                vec![StockEvent::Rejected { order_id, quantity, on_hand: shelf.on_hand }]
            }
        }
        StockCommand::Sell if held => vec![StockEvent::Sold],
        StockCommand::Release { .. } if held => vec![StockEvent::Released],
        // Taken back before it was asked for: the late one will find that it has ended.
        StockCommand::Release { order_id } if shelf.reservation.is_none() => vec![StockEvent::Barred { order_id }],
        StockCommand::Reserve { .. } | StockCommand::Sell | StockCommand::Release { .. } => vec![],
    }
}

/// The shelf after an event.
pub fn evolve(mut shelf: Shelf, event: &StockEvent) -> Shelf {
    match event {
        StockEvent::Reserved { order_id, quantity } => {
            shelf.on_hand -= quantity;
            shelf.reservation = Some(Reservation { order_id: *order_id, quantity: *quantity, status: Status::Held });
        }
        StockEvent::Rejected { .. } => {}
        StockEvent::Barred { order_id } => {
            shelf.reservation = Some(Reservation { order_id: *order_id, quantity: 0, status: Status::Released });
        }
        StockEvent::Sold => {
            if let Some(reservation) = &mut shelf.reservation {
                reservation.status = Status::Sold;
            }
        }
        StockEvent::Released => {
            if let Some(reservation) = &mut shelf.reservation {
                reservation.status = Status::Released;
                shelf.on_hand += reservation.quantity;
            }
        }
    }
    shelf
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESERVED: StockEvent = StockEvent::Reserved { order_id: 101, quantity: 3 };
    const RELEASE: StockCommand = StockCommand::Release { order_id: 101 };
    const RESERVE: StockCommand = StockCommand::Reserve { order_id: 101, quantity: 3 };

    fn shelf(on_hand: i64, given: &[StockEvent]) -> Shelf {
        given.iter().fold(Shelf { item_id: 42, on_hand, reservation: None }, evolve)
    }

    /// Given so many on hand and these events, when this is asked, then these follow.
    fn check(on_hand: i64, given: &[StockEvent], when: StockCommand, then: &[StockEvent]) {
        assert_eq!(decide(&shelf(on_hand, given), when), then);
    }

    #[test]
    fn enough_on_hand_is_reserved_down_to_the_last_piece() {
        check(3, &[], RESERVE, &[RESERVED]);
        assert_eq!(shelf(3, &[RESERVED]).on_hand, 0);
    }

    #[test]
    fn one_piece_short_is_rejected_and_changes_nothing() {
        let rejected = StockEvent::Rejected { order_id: 101, quantity: 3, on_hand: 2 };
        check(2, &[], RESERVE, std::slice::from_ref(&rejected));
        assert_eq!(shelf(2, &[rejected]), shelf(2, &[]));
    }

    #[test]
    fn an_order_reserves_once() {
        check(9, &[RESERVED], RESERVE, &[]);
        check(9, &[RESERVED, StockEvent::Released], RESERVE, &[]);
    }

    #[test]
    fn what_is_released_is_on_hand_again() {
        check(9, &[RESERVED], RELEASE, &[StockEvent::Released]);
        assert_eq!(shelf(9, &[RESERVED, StockEvent::Released]).on_hand, 9);
    }

    #[test]
    fn what_is_sold_stays_off_the_shelf() {
        check(9, &[RESERVED], StockCommand::Sell, &[StockEvent::Sold]);
        assert_eq!(shelf(9, &[RESERVED, StockEvent::Sold]).on_hand, 6);
    }

    #[test]
    fn a_reservation_ends_once() {
        for ended in [StockEvent::Sold, StockEvent::Released] {
            check(9, &[RESERVED, ended.clone()], RELEASE, &[]);
            check(9, &[RESERVED, ended], StockCommand::Sell, &[]);
        }
    }

    #[test]
    fn an_order_without_a_reservation_has_nothing_to_sell() {
        check(9, &[], StockCommand::Sell, &[]);
    }

    #[test]
    fn what_was_released_before_it_was_held_is_held_no_more() {
        let barred = StockEvent::Barred { order_id: 101 };
        check(9, &[], RELEASE, std::slice::from_ref(&barred));
        assert_eq!(shelf(9, std::slice::from_ref(&barred)).on_hand, 9);
        check(9, std::slice::from_ref(&barred), RESERVE, &[]);
        check(9, std::slice::from_ref(&barred), RELEASE, &[]);
        check(9, &[barred], StockCommand::Sell, &[]);
    }
}
