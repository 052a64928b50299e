//! Money is conserved: what was captured is what confirmed orders cost, and what pending ones
//! will cost or get back. An order is charged at most once.

use super::{Verdict, stock::number};
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
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Account {
    price: i64,
    captured: i64,
    charges: u32,
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
            let id = match (&*event.service, &*row.table) {
                ("orders" | "monolith", "orders") => {
                    let account = self.open.entry(number(after, "id")).or_default();
                    account.price = number(after, "amount_minor");
                    account.status = status.to_owned();
                    number(after, "id")
                }
                ("payments" | "monolith", "payments") if status == "CAPTURED" => {
                    let id = number(after, "order_id");
                    let account = self.open.entry(id).or_default();
                    account.captured += number(after, "amount_minor");
                    account.charges += 1;
                    if account.charges > 1 {
                        self.twice.get_or_insert(id);
                    }
                    id
                }
                ("payments", "payments") if status == "REFUNDED" => {
                    let id = number(after, "order_id");
                    self.open.entry(id).or_default().captured -= number(after, "amount_minor");
                    id
                }
                _ => continue,
            };
            touched = true;
            self.settle(id);
        }
        touched
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

    pub fn conserved(&self) -> Verdict {
        let wrong = self.open.iter().find(|(_, account)| match account.status.as_str() {
            "CONFIRMED" => account.captured != account.price,
            "CANCELLED" => account.captured != 0,
            _ => false,
        });
        match wrong {
            Some((id, account)) => {
                let Account { price, captured, status, .. } = account;
                Err(format!("order {id} is {status} at {} but {} was captured", money(*price), money(*captured)))
            }
            None => Ok(format!("{} captured, {} confirmed", money(self.captured), money(self.confirmed))),
        }
    }
}
