//! What the services promise together, checked over the record: pure folds, used by tests and
//! by the page alike.

mod effects;
mod flight;
mod ledger;
mod money;
mod order_of_things;
mod sagas;
mod stock;

use protocol::{Position, Recorded};
use serde::{Deserialize, Serialize};

/// A promise and whether it holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invariant {
    pub name: String,
    pub holds: bool,
    /// The position since which it holds, or does not.
    pub since: Position,
    pub detail: String,
}

/// All checkers, folded along the record. Bounded: what is settled is forgotten.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Checks {
    stock: stock::Stock,
    sagas: sagas::Sagas,
    money: money::Money,
    // A checkpoint of an earlier version has none of these.
    #[serde(default)]
    flight: flight::Flight,
    #[serde(default)]
    effects: effects::Effects,
    #[serde(default)]
    order_of_things: order_of_things::OrderOfThings,
    #[serde(default)]
    ledger: ledger::Ledger,
    verdicts: Vec<Invariant>,
}

impl Checks {
    /// Folds the next event in.
    pub fn evolve(&mut self, event: &Recorded) {
        let touched = self.flight.evolve(event)
            | self.stock.evolve(event)
            | self.sagas.evolve(event)
            | self.money.evolve(event)
            | self.effects.evolve(event)
            | self.order_of_things.evolve(event)
            | self.ledger.evolve(event);
        if !touched && !self.verdicts.is_empty() {
            return;
        }
        let now = [
            ("stock-conserved", self.stock.conserved()),
            ("stock-never-negative", self.stock.never_negative()),
            ("legal-transitions", self.sagas.legal()),
            ("sagas-end-consistent", self.sagas.consistent(&self.flight)),
            ("charged-at-most-once", self.money.charged_once()),
            ("money-conserved", self.money.conserved(&self.flight)),
            ("nothing-held-by-ended-sagas", self.sagas.nothing_held(&self.flight)),
            ("one-end-per-saga", self.effects.one_end()),
            ("compensations-in-reverse", self.order_of_things.in_reverse()),
            ("refunded-at-most-once", self.money.refunded_once()),
            ("one-effect-per-message", self.effects.once()),
            ("consumed-was-published", self.flight.published()),
            ("transactions-gapless", self.order_of_things.gapless()),
            ("fencing-never-falls", self.order_of_things.rising()),
            ("shipped-only-if-not-cancelled", self.effects.not_shipped_in_vain()),
            ("every-saga-ends", self.sagas.end(&self.flight)),
            ("streams-gapless", self.ledger.gapless()),
            ("balances-add-up", self.ledger.adds_up()),
        ];
        let known = self.verdicts.len();
        let new = now.iter().skip(known).map(|(name, _)| Invariant {
            name: (*name).to_owned(),
            holds: true,
            since: event.position,
            detail: String::new(),
        });
        self.verdicts.extend(new);
        for (invariant, (_, verdict)) in self.verdicts.iter_mut().zip(now) {
            let (holds, detail) = match verdict {
                Ok(detail) => (true, detail),
                Err(detail) => (false, detail),
            };
            if holds != invariant.holds {
                invariant.holds = holds;
                invariant.since = event.position;
            }
            invariant.detail = detail;
        }
    }

    /// The promises as they stand.
    pub fn report(&self) -> &[Invariant] {
        &self.verdicts
    }
}

/// What holds, in words; or what does not.
type Verdict = Result<String, String>;

#[cfg(test)]
mod tests;
