//! Money is conserved: what was captured is what confirmed orders cost, and what pending ones
//! will cost or get back. An order is charged at most once, and refunded at most once.

use super::Verdict;
use super::flight::Flight;
use super::stock::number;
use protocol::{Observation, Recorded, Value, money};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Money {
    /// Orders whose money is not settled yet: their price, and what was captured for them.
    open: BTreeMap<i64, Account>,
    /// In cents, of settled orders.
    captured: i64,
    confirmed: i64,
    twice: Option<i64>,
    #[serde(default)]
    refunded_twice: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Account {
    price: i64,
    captured: i64,
    charges: u32,
    #[serde(default)]
    refunds: u32,
    status: String,
}

fn status_of(row: &Value) -> &str {
    row.get("status").and_then(Value::as_str).unwrap_or_default()
}

impl Money {
    pub fn evolve(&mut self, event: &Recorded) -> bool {
        let Observation::TransactionCommitted { rows, .. } = &event.observation else { return false };
        let mut touched = false;
        for row in rows {
            let Some(after) = &row.after else { continue };
            let status = status_of(after);
            // A parcel that leaves changes an order's row, and nothing about its money.
            if row.before.as_ref().map(status_of) == Some(status) {
                continue;
            }
            let id = match &*row.table {
                "orders" => {
                    let account = self.open.entry(number(after, "id")).or_default();
                    account.price = number(after, "amount_minor");
                    account.status = status.to_owned();
                    number(after, "id")
                }
                "payments" if status == "CAPTURED" => self.captured(after),
                "payments" if status == "REFUNDED" && number(after, "amount_minor") > 0 => self.refunded(after),
                _ => continue,
            };
            touched = true;
            self.settle(id);
        }
        touched
    }

    fn captured(&mut self, after: &Value) -> i64 {
        let id = number(after, "order_id");
        let account = self.open.entry(id).or_default();
        account.captured += number(after, "amount_minor");
        account.charges += 1;
        if account.charges > 1 {
            self.twice.get_or_insert(id);
        }
        id
    }

    /// Each charge can be given back once. What was settled is not given back at all.
    fn refunded(&mut self, after: &Value) -> i64 {
        let id = number(after, "order_id");
        let account = self.open.entry(id).or_default();
        account.captured -= number(after, "amount_minor");
        account.refunds += 1;
        if account.refunds > account.charges {
            self.refunded_twice.get_or_insert(id);
        }
        id
    }

    fn settle(&mut self, id: i64) {
        let Some(account) = self.open.get(&id) else { return };
        let settled = match account.status.as_str() {
            "CONFIRMED" => account.captured == account.price,
            "CANCELLED" => account.captured == 0,
            _ => false,
        };
        if settled {
            self.captured += account.captured;
            self.confirmed += if account.status == "CONFIRMED" { account.price } else { 0 };
            self.open.remove(&id);
        }
    }

    pub fn charged_once(&self) -> Verdict {
        // A charge for an order already settled opens it anew, without a status.
        let late = self.open.iter().find(|(_, account)| account.status.is_empty() && account.charges > 0);
        match self.twice.or(late.map(|(id, _)| *id)) {
            Some(id) => Err(format!("order {id} was charged more than once, or without an order")),
            None => Ok(String::new()),
        }
    }

    pub fn refunded_once(&self) -> Verdict {
        match self.refunded_twice {
            Some(id) => Err(format!("order {id} was refunded more often than charged")),
            None => Ok(String::new()),
        }
    }

    /// While somebody has yet to hear of an order's end, its money may still be given back.
    pub fn conserved(&self, flight: &Flight) -> Verdict {
        let wrong = self.open.iter().find(|(id, account)| match account.status.as_str() {
            "CONFIRMED" => account.captured != account.price,
            // Without a status it was settled before, or never placed.
            "CANCELLED" | "" => account.captured != 0 && !flight.is_under_way(**id),
            _ => false,
        });
        match wrong {
            Some((id, account)) if account.status.is_empty() => {
                Err(format!("{} was captured for order {id}, which owes nothing", money(account.captured)))
            }
            Some((id, account)) => {
                let Account { price, captured, status, .. } = account;
                Err(format!("order {id} is {status} at {} but {} was captured", money(*price), money(*captured)))
            }
            None => Ok(format!("{} captured, {} confirmed", money(self.captured), money(self.confirmed))),
        }
    }
}
