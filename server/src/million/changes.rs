//! What the record says of a sandbox's copies. The copies lie outside the record, and what was found
//! about them does not: so a kept run can show it, and the server after a restart.

use super::copies::ModelView;
use super::replay::{Checked, Damage};
use frontend::texts::million as texts;
use protocol::{Observation, Recorded};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What became of them, with its figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    Damaged(Damage),
    Checked(Checked),
    /// All snapshots were thrown away.
    Forgotten,
    Built(Built),
}

/// A read model that has caught up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Built {
    pub model: ModelView,
    /// The position it began at.
    pub from: u64,
    /// Some of what its readers see.
    pub rows: Vec<Value>,
}

impl Change {
    /// As the record has it.
    pub fn observed(&self) -> Observation {
        let reason = match self {
            Change::Damaged(damage) => texts::damaged(damage.version, damage.member, damage.added_minor),
            Change::Checked(Checked { snapshots, events_replayed, took_us, wrong }) => {
                texts::checked(*snapshots, wrong.len(), *events_replayed, *took_us)
            }
            Change::Forgotten => texts::FORGOTTEN.to_owned(),
            Change::Built(Built { model, .. }) => {
                texts::built(model.name.name(), model.position, model.took_ms.unwrap_or_default())
            }
        };
        Observation::CopiesChanged { reason, data: serde_json::to_value(self).ok() }
    }
}

/// How the copies stand by what is recorded of them.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// The interval of the snapshots there are.
    pub every: Option<u64>,
    /// The last damage that was done to these snapshots, and when: as the record counts.
    pub damage: Option<(Damage, u64)>,
    /// What the last check of them has found.
    pub checked: Option<Checked>,
    /// The last building of each read model.
    pub built: Vec<Built>,
}

impl Told {
    pub const KINDS: [&str; 2] = ["AccountLoaded", "CopiesChanged"];

    /// Folds the next event in.
    pub fn evolve(&mut self, event: &Recorded) {
        match &event.observation {
            // The first load with another interval makes other snapshots.
            Observation::AccountLoaded { snapshot_every: every @ 1.., .. } if self.every != Some(*every) => {
                (self.every, self.damage, self.checked) = (Some(*every), None, None);
            }
            Observation::CopiesChanged { data: Some(data), .. } => {
                // What a later version says that this one does not know is left out.
                if let Ok(change) = Change::deserialize(data) {
                    self.change(change, event.at);
                }
            }
            _ => {}
        }
    }

    fn change(&mut self, change: Change, at: u64) {
        match change {
            Change::Damaged(damage) => (self.damage, self.checked) = (Some((damage, at)), None),
            Change::Checked(checked) => self.checked = Some(checked),
            Change::Forgotten => (self.every, self.damage, self.checked) = (None, None, None),
            Change::Built(built) => {
                self.built.retain(|other| other.model.name != built.model.name);
                self.built.push(built);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(observations: &[Observation]) -> Told {
        let mut told = Told::default();
        for observation in observations {
            told.evolve(&Recorded::bare(1, 7, protocol::TERRARIUM, observation.clone()));
        }
        told
    }

    fn loaded(snapshot_every: u64) -> Observation {
        let (version, from_version, count, bytes, duration_us, balance_minor) = (9, 0, 1, 1, 1, 1);
        Observation::AccountLoaded { version, from_version, snapshot_every, count, bytes, duration_us, balance_minor }
    }

    #[test]
    fn a_damage_is_told_until_the_snapshots_are_others() {
        let damage = Damage { version: 9, member: 42, added_minor: 100, balance_minor: 200, at: 1 };
        let checked = Checked { snapshots: 3, events_replayed: 9, took_us: 5, wrong: vec![] };
        let damaged = Change::Damaged(damage.clone()).observed();
        let found = Change::Checked(checked.clone()).observed();
        let stands = told(&[loaded(1_000), found.clone(), damaged.clone(), loaded(1_000), loaded(0)]);
        assert_eq!((stands.every, stands.damage, stands.checked), (Some(1_000), Some((damage, 7)), None));
        assert_eq!(told(&[loaded(1_000), damaged.clone(), found.clone()]).checked, Some(checked));
        for other in [loaded(100), Change::Forgotten.observed()] {
            let stands = told(&[loaded(1_000), damaged.clone(), found.clone(), other]);
            assert_eq!((stands.damage, stands.checked), (None, None));
        }
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let later = Observation::CopiesChanged { reason: "Moved.".into(), data: Some(serde_json::json!({"moved": 1})) };
        let none = Observation::CopiesChanged { reason: "Nothing.".into(), data: None };
        let stands = told(&[later, none]);
        assert!(stands.damage.is_none() && stands.checked.is_none() && stands.built.is_empty());
    }
}
