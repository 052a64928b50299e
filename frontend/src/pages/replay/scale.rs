//! The axes of the page's pictures: moments across, in percent; money upwards, in percent.

use crate::date::{self, DAY};
use crate::texts::replay as texts;

/// Moments from left to right.
pub struct Time {
    pub from: i64,
    pub to: i64,
    /// What a key moves a cursor by.
    pub step: i64,
}

const STEPS: [i64; 14] = [1, 5, 10, 30, 60, 300, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, DAY];
const TICKS: [i64; 14] =
    [60, 300, 900, 1800, 3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY];

impl Time {
    /// Wide enough for these moments, and up to now where that is not far.
    pub fn over(moments: impl Iterator<Item = i64> + Clone, now: i64) -> Self {
        let (first, last) = (moments.clone().min().unwrap_or(now), moments.max().unwrap_or(now));
        let span = (last - first).max(600);
        let from = first - span / 16;
        let to = if now - last <= span * 3 / 2 { now.max(last + span / 50) } else { last + span / 6 };
        let step = STEPS.into_iter().find(|step| (to - from) / step <= 720).unwrap_or(DAY);
        Time { from: from.div_euclid(step) * step, to: (to.div_euclid(step) + 1) * step, step }
    }

    /// In percent of the width; what lies outside is at the edge.
    pub fn x(&self, at: i64) -> f64 {
        (at.clamp(self.from, self.to) - self.from) as f64 / (self.to - self.from) as f64 * 100.0
    }

    /// Moments to be named under the picture; those that are left out where it is narrow say so.
    pub fn ticks(&self) -> Vec<(i64, String, bool)> {
        let every = TICKS.into_iter().find(|every| (self.to - self.from) / every <= 6).unwrap_or(91 * DAY);
        // Weeks begin on Mondays; 1970 did on a Thursday.
        let shift = if every >= 7 * DAY { 4 * DAY } else { 0 };
        let first = (self.from - shift).div_euclid(every) * every + every + shift;
        let moments = (0..).map(|index| first + index * every).take_while(|at| *at < self.to);
        let begins = |at: &i64| at.rem_euclid(DAY) == 0;
        let days = moments.clone().filter(begins).count();
        let ticks = moments.enumerate().map(|(index, at)| {
            let label = match (begins(&at), index) {
                (true, _) => texts::short_day(at),
                (false, 0) => format!("{} {}", texts::short_day(at), texts::clock(at)),
                (false, _) => texts::clock(at),
            };
            let spare = if every < DAY && days > 1 { !begins(&at) } else { index % 2 == 1 };
            (at, label, spare)
        });
        ticks.collect()
    }
}

/// Money from the foot to the top.
pub struct Money {
    pub low: i64,
    pub high: i64,
    line: i64,
}

impl Money {
    pub fn over(balances: impl Iterator<Item = i64> + Clone) -> Self {
        let most = balances.clone().max().unwrap_or(0).max(1_000);
        let least = balances.min().unwrap_or(0).min(0);
        let span = most - least;
        let scale = (0..).map(|power| 10_i64.pow(power)).find(|unit| unit * 40 >= span).unwrap_or(1);
        let line = [1, 2, 5, 10].map(|unit| unit * scale).into_iter().find(|line| line * 4 >= span).unwrap_or(span);
        // Room above the highest step, for what the cursor says.
        let high = (most + span / 8).div_euclid(line) * line + line;
        Money { low: least.div_euclid(line) * line, high, line }
    }

    /// In percent of the height, from the top.
    pub fn y(&self, cents: i64) -> f64 {
        100.0 - (cents - self.low) as f64 / (self.high - self.low) as f64 * 100.0
    }

    /// Amounts to be named beside the picture, without the uppermost.
    pub fn lines(&self) -> impl Iterator<Item = i64> + use<> {
        let (low, high, line) = (self.low, self.high, self.line);
        (0..).map(move |index| low + index * line).take_while(move |cents| *cents < high)
    }
}

/// A moment as `<input type="datetime-local">` has it.
pub fn local(at: i64) -> String {
    date::machine(at).trim_end_matches('Z').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        date::seconds(text).unwrap()
    }

    #[test]
    fn an_axis_holds_its_moments_and_ends_before_a_distant_now() {
        let moments = [at("2026-11-28T09:00:00Z"), at("2026-11-28T18:00:00Z")];
        let day = Time::over(moments.into_iter(), at("2026-11-28T19:00:00Z"));
        assert!(day.from < moments[0] && day.to >= at("2026-11-28T19:00:00Z"));
        assert!(day.ticks().len() <= 7 && day.ticks()[0].1.starts_with("28 Nov"), "{:?}", day.ticks());
        let year_later = Time::over(moments.into_iter(), at("2027-11-28T19:00:00Z"));
        assert!(year_later.to < at("2026-11-28T21:00:00Z"));
        assert_eq!(year_later.x(at("2027-11-28T19:00:00Z")), 100.0);
    }

    #[test]
    fn money_has_round_lines_with_room_above() {
        let money = Money::over([0, 20_000, 15_000, 25_000].into_iter());
        assert_eq!(money.lines().collect::<Vec<_>>(), [0, 10_000, 20_000]);
        assert!(money.high > 25_000 && money.y(0) == 100.0 && money.y(money.high) == 0.0);
    }
}
