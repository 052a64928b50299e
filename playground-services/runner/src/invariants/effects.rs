//! A message is dealt with once: nothing enters the same state a second time.

use super::Verdict;
use protocol::{Observation, Recorded};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// So many of the latest orders are remembered.
const WINDOW: usize = 512;

/// States that are entered once in the life of an order, by their bit.
const STATES: [(&str, &str); 14] = [
    ("order", "PENDING"),
    ("order", "CONFIRMED"),
    ("order", "CANCELLED"),
    ("reservation", "HELD"),
    ("reservation", "REJECTED"),
    ("reservation", "RELEASED"),
    ("reservation", "SOLD"),
    ("payment", "CAPTURED"),
    ("payment", "DECLINED"),
    ("payment", "REFUNDED"),
    ("shipment", "SHIPPED"),
    ("notification", "SENT"),
    ("wrapping", "WRAPPED"),
    ("wrapping", "UNWRAPPED"),
];
const CONFIRMED: u16 = 1 << 1;
const CANCELLED: u16 = 1 << 2;
const SHIPPED: u16 = 1 << 10;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Effects {
    /// The states that each order's parts have entered.
    entered: BTreeMap<i64, u16>,
    twice: Option<String>,
    two_ends: Option<i64>,
    shipped: Option<i64>,
}

impl Effects {
    pub fn evolve(&mut self, event: &Recorded) -> bool {
        let Observation::StateChanged { entity, id, to, .. } = &event.observation else { return false };
        let Some(bit) = STATES.iter().position(|state| *state == (&**entity, &**to)) else { return false };
        let entered = self.entered.entry(*id).or_default();
        if *entered & (1 << bit) != 0 {
            self.twice.get_or_insert_with(|| format!("{entity} {id} became {to} twice"));
        }
        *entered |= 1 << bit;
        if *entered & (CONFIRMED | CANCELLED) == CONFIRMED | CANCELLED {
            self.two_ends.get_or_insert(*id);
        }
        if *entered & (CANCELLED | SHIPPED) == CANCELLED | SHIPPED {
            self.shipped.get_or_insert(*id);
        }
        if self.entered.len() > WINDOW {
            self.entered.pop_first();
        }
        true
    }

    pub fn once(&self) -> Verdict {
        self.twice.clone().map_or(Ok(String::new()), Err)
    }

    pub fn one_end(&self) -> Verdict {
        never(self.two_ends, "was CONFIRMED and CANCELLED")
    }

    pub fn not_shipped_in_vain(&self) -> Verdict {
        never(self.shipped, "was shipped, and is CANCELLED")
    }
}

fn never(order: Option<i64>, what: &str) -> Verdict {
    order.map_or(Ok(String::new()), |id| Err(format!("order {id} {what}")))
}
