//! What the record of a feed says of its loads: seconds, and what each setting of the dials came
//! to. A fold that reads only the lines it needs.

use crate::look::Look;
use crate::sandbox::SandboxError;
use frontend::render::{FeedSecond, FeedSetting};
use protocol::{FaultKind, Observation, Position, Recorded, SPLIT_MODEL};
use std::collections::VecDeque;

/// Seconds that are shown.
const SECONDS: usize = 120;
/// Seconds of one setting that count: more would not change its median.
const COUNTED: usize = 300;
const SETTINGS: usize = 60;

/// The read model that the dials are about.
pub const TIMELINE: &str = "timeline";
/// The name of the fault that is the projection lag.
pub const LAG: &str = "lag";

pub struct Measured {
    pub seconds: VecDeque<FeedSecond>,
    settings: Vec<Setting>,
    dials: Dials,
    /// Something was changed: the second under way has both.
    unsettled: bool,
    /// In the second under way something was not answered.
    spoilt: bool,
    /// The worst lag of any second in which nothing was changed, in microseconds: answered by the write
    /// model, and by read models.
    pub worst_lag_us: [Option<u64>; 2],
}

#[derive(Clone, PartialEq)]
struct Dials {
    per_write: u32,
    split: bool,
    replicas: u32,
    lag_ms: u64,
    planned: u32,
}

struct Setting {
    dials: Dials,
    answered: Vec<u64>,
    read_us: Vec<u64>,
    write_us: Vec<u64>,
    lag_us: Vec<u64>,
}

impl Default for Measured {
    fn default() -> Self {
        let dials = Dials { per_write: 0, split: true, replicas: 1, lag_ms: 0, planned: 0 };
        let (seconds, settings) = (VecDeque::new(), vec![]);
        Measured { seconds, settings, dials, unsettled: true, spoilt: false, worst_lag_us: [None; 2] }
    }
}

impl Measured {
    /// Of a record up to a position.
    pub async fn of(look: &Look, end: Position) -> Result<Self, SandboxError> {
        look.fold(end, &KINDS, Measured::default(), Measured::evolve).await
    }

    fn evolve(&mut self, event: &Recorded) {
        match &event.observation {
            Observation::Window { method, rate, count, errors, p50_us, p99_us, lag_us, .. } if &**method == "GET" => {
                self.dials.planned = *rate;
                let answered = count.saturating_sub(*errors);
                let reads_us = (*count > 0).then_some([*p50_us, *p99_us]);
                let lag_us = (answered > 0).then_some(*lag_us);
                if !self.unsettled {
                    let worst = &mut self.worst_lag_us[usize::from(self.dials.split)];
                    *worst = lag_us.max(*worst);
                }
                let second = FeedSecond { planned: *rate, answered, reads_us, lag_us, writes_us: None };
                self.seconds.push_back(second);
                if self.seconds.len() > SECONDS {
                    self.seconds.pop_front();
                }
                // What was refused or given up says nothing of how long an answer takes.
                self.spoilt = *errors > 0;
            }
            // Of the same second: it comes behind that of the reads.
            Observation::Window { rate, count, errors, p50_us, p99_us, .. } => {
                let Some(second) = self.seconds.back_mut() else { return };
                second.writes_us = (*count > 0).then_some([*p50_us, *p99_us]);
                self.spoilt |= *errors > 0;
                self.dials.per_write = second.planned / (*rate).max(1);
                let second = *second;
                if !std::mem::take(&mut self.unsettled) && !self.spoilt {
                    self.count(&second);
                }
            }
            Observation::SwitchSet { name, enabled } if &**name == SPLIT_MODEL => {
                self.turned(|dials| dials.split = *enabled);
            }
            Observation::ServiceScaled { replicas } if &*event.service == TIMELINE => {
                self.turned(|dials| dials.replicas = *replicas);
            }
            Observation::FaultInstalled { fault } if &*fault.id == LAG && fault.spec.kind == FaultKind::Delay => {
                self.turned(|dials| dials.lag_ms = fault.spec.params.slowness_ms());
            }
            Observation::FaultCleared { fault_id, .. } if &**fault_id == LAG => self.turned(|dials| dials.lag_ms = 0),
            Observation::LoadStarted { .. } => self.unsettled = true,
            _ => {}
        }
    }

    fn turned(&mut self, turn: impl FnOnce(&mut Dials)) {
        turn(&mut self.dials);
        self.unsettled = true;
    }

    fn count(&mut self, second: &FeedSecond) {
        let place = match self.settings.iter().position(|setting| setting.dials == self.dials) {
            Some(place) => place,
            None => {
                if self.settings.len() == SETTINGS {
                    self.settings.remove(0);
                }
                let (answered, read_us, write_us, lag_us) = (vec![], vec![], vec![], vec![]);
                self.settings.push(Setting { dials: self.dials.clone(), answered, read_us, write_us, lag_us });
                self.settings.len() - 1
            }
        };
        let setting = &mut self.settings[place];
        for (values, value) in [
            (&mut setting.answered, Some(second.answered)),
            (&mut setting.read_us, second.reads_us.map(|[_, p99]| p99)),
            (&mut setting.write_us, second.writes_us.map(|[_, p99]| p99)),
            (&mut setting.lag_us, second.lag_us),
        ] {
            let Some(value) = value else { continue };
            if values.len() == COUNTED {
                values.remove(0);
            }
            values.push(value);
        }
    }

    /// What was measured, by share of reads.
    pub fn settings(&self) -> Vec<FeedSetting> {
        let mut settings: Vec<FeedSetting> = self.settings.iter().map(Setting::shown).collect();
        settings.sort_by_key(|setting| (setting.per_write, setting.split, setting.replicas, setting.lag_ms));
        settings
    }
}

/// What is read of a record.
const KINDS: [&str; 6] = ["Window", "SwitchSet", "ServiceScaled", "FaultInstalled", "FaultCleared", "LoadStarted"];

impl Setting {
    fn shown(&self) -> FeedSetting {
        let Dials { per_write, split, replicas, lag_ms, planned } = self.dials;
        let [answered, read_us, write_us, lag_us] =
            [&self.answered, &self.read_us, &self.write_us, &self.lag_us].map(|values| median(values));
        FeedSetting { per_write, split, replicas, lag_ms, planned, answered, read_us, write_us, lag_us }
    }
}

fn median(values: &[u64]) -> u64 {
    let mut values = values.to_vec();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(method: &str, rate: u32, p99_us: u64, lag_us: u64) -> Observation {
        ended(method, rate, (u64::from(rate), 0), p99_us, lag_us)
    }

    /// A second in which so many requests ended, and so many of them without an answer.
    fn ended(method: &str, rate: u32, (count, errors): (u64, u64), p99_us: u64, lag_us: u64) -> Observation {
        let (edge, method) = ("terrarium->timeline".into(), method.into());
        Observation::Window { edge, method, rate, count, errors, p50_us: p99_us / 2, p99_us, lag_us, stale: 0 }
    }

    fn measured(observations: Vec<Observation>) -> Measured {
        let mut measured = Measured::default();
        for observation in observations {
            measured.evolve(&Recorded::bare(1, 0, protocol::TERRARIUM, observation));
        }
        measured
    }

    /// So many seconds of 50 reads and 5 posts.
    fn seconds(p99s: &[u64]) -> Vec<Observation> {
        p99s.iter().flat_map(|p99| [window("GET", 50, *p99, 7), window("POST", 5, 9, 0)]).collect()
    }

    #[test]
    fn a_setting_is_the_median_of_its_seconds_but_for_the_first() {
        let measured = measured(seconds(&[900, 30, 10, 20]));
        let settings = measured.settings();
        assert_eq!(settings.len(), 1);
        let FeedSetting { per_write, split, planned, answered, read_us, write_us, lag_us, .. } = settings[0];
        assert_eq!((per_write, split, planned, answered), (10, true, 50, 50));
        assert_eq!((read_us, write_us, lag_us), (20, 9, 7));
        assert_eq!((measured.seconds.len(), measured.worst_lag_us), (4, [None, Some(7)]));
    }

    #[test]
    fn what_was_not_answered_is_no_answer_and_a_second_without_one_has_no_time() {
        let mut all = seconds(&[1, 10]);
        all.extend([ended("GET", 50, (50, 50), 1, 0), ended("POST", 5, (0, 0), 0, 0)]);
        let measured = measured(all);
        let last = measured.seconds.back().expect("a second");
        assert_eq!((last.answered, last.writes_us, last.lag_us), (0, None, None));
        assert_eq!(measured.settings()[0].read_us, 10, "it does not count");
    }

    #[test]
    fn the_worst_lag_is_that_of_each_model_and_none_where_no_load_ran() {
        assert_eq!(measured(vec![]).worst_lag_us, [None, None]);
        let mut all = seconds(&[1, 10]);
        all.push(Observation::SwitchSet { name: SPLIT_MODEL.into(), enabled: false });
        // Of the second in which it was turned nobody knows who answered.
        all.extend([window("GET", 50, 9, 900), window("POST", 5, 9, 0)]);
        all.extend([window("GET", 50, 9, 0), window("POST", 5, 9, 0)]);
        assert_eq!(measured(all).worst_lag_us, [Some(0), Some(7)]);
    }

    #[test]
    fn a_dial_that_is_turned_begins_another_setting() {
        let mut all = seconds(&[1, 10]);
        all.push(Observation::SwitchSet { name: SPLIT_MODEL.into(), enabled: false });
        all.extend(seconds(&[1, 40]));
        let settings = measured(all).settings();
        let read: Vec<_> = settings.iter().map(|setting| (setting.split, setting.read_us)).collect();
        assert_eq!(read, [(false, 40), (true, 10)]);
    }
}
