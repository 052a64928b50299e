//! Stock is neither made nor lost: on hand + held + sold is what there was on the first day.

use super::Verdict;
use protocol::{Observation, Recorded, RowChange, Value};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stock {
    initial: i64,
    on_hand: i64,
    held: i64,
    sold: i64,
    lowest: i64,
}

impl Stock {
    pub fn evolve(&mut self, event: &Recorded) -> bool {
        let Observation::TransactionCommitted { rows, .. } = &event.observation else { return false };
        if !matches!(&*event.service, "inventory" | "monolith") {
            return false;
        }
        for row in rows {
            match &*row.table {
                "stock" => self.stock_row(row),
                "reservations" => {
                    self.count(row.before.as_ref(), -1);
                    self.count(row.after.as_ref(), 1);
                }
                _ => {}
            }
        }
        true
    }

    fn stock_row(&mut self, row: &RowChange) {
        let on_hand = |side: &Option<Value>| side.as_ref().map_or(0, |row| number(row, "on_hand"));
        if row.before.is_none() {
            self.initial += on_hand(&row.after);
        }
        self.on_hand += on_hand(&row.after) - on_hand(&row.before);
        self.lowest = self.lowest.min(on_hand(&row.after));
    }

    fn count(&mut self, reservation: Option<&Value>, sign: i64) {
        let Some(row) = reservation else { return };
        let quantity = sign * number(row, "quantity");
        match row.get("status").and_then(Value::as_str) {
            Some("HELD") => self.held += quantity,
            Some("SOLD") => self.sold += quantity,
            _ => {}
        }
    }

    pub fn conserved(&self) -> Verdict {
        let Stock { initial, on_hand, held, sold, .. } = self;
        let sum = format!("{on_hand} on hand + {held} held + {sold} sold");
        if on_hand + held + sold == *initial {
            Ok(format!("{sum} = {initial}"))
        } else {
            Err(format!("{sum} is not the {initial} there were"))
        }
    }

    pub fn never_negative(&self) -> Verdict {
        if self.lowest < 0 { Err(format!("once {} on hand", self.lowest)) } else { Ok(String::new()) }
    }
}

pub fn number(row: &Value, column: &str) -> i64 {
    row.get(column).and_then(Value::as_i64).unwrap_or_default()
}
