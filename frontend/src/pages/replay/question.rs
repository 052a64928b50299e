//! Questions about a moment, as people put them.

use crate::date::{self, DAY, MONTHS, WEEKDAYS};

/// The moment that some words mean, in seconds since 1970; `now` is what they are said at. Times
/// are UTC. `None` where they mean nothing here.
pub fn moment(words: &str, now: i64) -> Option<i64> {
    if let Some(at) = date::seconds(words) {
        return Some(at);
    }
    let words = words.to_lowercase().replace("p.m.", "pm").replace("a.m.", "am").replace(',', " ");
    let words: Vec<&str> = words.split_whitespace().filter(|word| !NOISE.contains(word)).collect();
    if words == ["now"] {
        return Some(now);
    }
    let mut day = None;
    let mut time = None;
    let mut rest = &words[..];
    while !rest.is_empty() {
        let used = if let (None, Some((found, used))) = (day, day_in(rest, now)) {
            day = Some(found);
            used
        } else if let (None, Some((found, used))) = (time, time_in(rest)) {
            time = Some(found);
            used
        } else {
            return None;
        };
        rest = &rest[used..];
    }
    match (day, time) {
        (None, None) => None,
        // A day alone means all of it.
        (Some(day), None) => Some(day * DAY + DAY - 1),
        (day, Some(time)) => Some(day.unwrap_or(now.div_euclid(DAY)) * DAY + time),
    }
}

const NOISE: [&str; 6] = ["at", "on", "the", "of", "utc", "o'clock"];

/// A day since 1970, and how many words say it.
fn day_in(words: &[&str], now: i64) -> Option<(i64, usize)> {
    let today = now.div_euclid(DAY);
    match words {
        ["day", "before", "yesterday", ..] => return Some((today - 2, 3)),
        [number, "days" | "day", "ago", ..] => return Some((today - number.parse::<u16>().ok().map(i64::from)?, 3)),
        ["today", ..] => return Some((today, 1)),
        ["yesterday", ..] => return Some((today - 1, 1)),
        ["last", name, ..] => return weekday_in(name, today).map(|day| (day, 2)),
        _ => {}
    }
    let first = words.first()?;
    if let Some(day) = date::date_in(first).or_else(|| weekday_in(first, today)) {
        return Some((day, 1));
    }
    let (number, name) = (first.parse::<u8>().ok()?, words.get(1)?);
    let starts = |month: &&str| name.len() >= 3 && month.to_lowercase().starts_with(name);
    let month = MONTHS.iter().position(starts)? as u8 + 1;
    if let Some(year) = words.get(2).filter(|year| year.len() == 4).and_then(|year| year.parse().ok()) {
        return date::day_of(year, month, number).map(|day| (day, 3));
    }
    // The last one there was.
    let (year, ..) = date::civil(today);
    let day = date::day_of(year, month, number).filter(|day| *day <= today);
    day.or_else(|| date::day_of(year - 1, month, number)).map(|day| (day, 2))
}

/// The last day of this name that is over.
fn weekday_in(name: &str, today: i64) -> Option<i64> {
    let index = WEEKDAYS.iter().position(|day| name.len() >= 3 && day.to_lowercase().starts_with(name))?;
    let of_today = (today + 3).rem_euclid(7);
    Some(today - (of_today - index as i64 - 1).rem_euclid(7) - 1)
}

/// A second of the day, and how many words say it.
fn time_in(words: &[&str]) -> Option<(i64, usize)> {
    let first = *words.first()?;
    match first {
        "noon" | "midday" => return Some((DAY / 2, 1)),
        "midnight" => return Some((0, 1)),
        "morning" => return Some((9 * 3600, 1)),
        "afternoon" => return Some((15 * 3600, 1)),
        "evening" => return Some((20 * 3600, 1)),
        _ => {}
    }
    let glued = first.strip_suffix("pm").map(|time| (time, 12)).or(first.strip_suffix("am").map(|time| (time, 0)));
    let (time, half, used) = match (glued, words.get(1)) {
        (Some((time, half)), _) => (time, Some(half), 1),
        (None, Some(&"pm")) => (first, Some(12), 2),
        (None, Some(&"am")) => (first, Some(0), 2),
        (None, _) => (first, None, 1),
    };
    let seconds = match half {
        None => date::time_in(time)?,
        Some(half) => {
            let time = if time.contains(':') { time.into() } else { format!("{time}:00") };
            let seconds = date::time_in(&time)?;
            if !(3600..13 * 3600).contains(&seconds) {
                return None;
            }
            seconds % (12 * 3600) + half * 3600
        }
    };
    Some((seconds, used))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Sunday.
    const NOW: &str = "2026-11-29T18:30:00Z";

    fn asked(words: &str) -> Option<String> {
        moment(words, date::seconds(NOW).unwrap()).map(date::machine)
    }

    #[test]
    fn a_moment_can_be_asked_for_in_words() {
        for (words, at) in [
            ("yesterday 15:00", "2026-11-28T15:00:00Z"),
            ("3 p.m. yesterday", "2026-11-28T15:00:00Z"),
            ("at 3pm yesterday", "2026-11-28T15:00:00Z"),
            ("15:30:10", "2026-11-29T15:30:10Z"),
            ("noon today", "2026-11-29T12:00:00Z"),
            ("midnight", "2026-11-29T00:00:00Z"),
            ("12 am yesterday", "2026-11-28T00:00:00Z"),
            ("12:15 pm", "2026-11-29T12:15:00Z"),
            ("Tuesday 12:00", "2026-11-24T12:00:00Z"),
            ("last sunday, 8:05", "2026-11-22T08:05:00Z"),
            ("yesterday", "2026-11-28T23:59:59Z"),
            ("3 days ago 10:00", "2026-11-26T10:00:00Z"),
            ("the day before yesterday at noon", "2026-11-27T12:00:00Z"),
            ("16 November 14:00", "2026-11-16T14:00:00Z"),
            ("24 dec 2025 evening", "2025-12-24T20:00:00Z"),
            ("24 dec evening", "2025-12-24T20:00:00Z"),
            ("2026-11-16 14:00", "2026-11-16T14:00:00Z"),
            ("2026-11-16", "2026-11-16T23:59:59Z"),
            ("now", NOW),
        ] {
            assert_eq!(asked(words).as_deref(), Some(at), "{words}");
        }
    }

    #[test]
    fn words_that_mean_no_moment_are_not_guessed_at() {
        for words in ["", "soon", "15", "yesterday yesterday", "13 pm", "25:00", "30 february", "monday noon sharp"] {
            assert_eq!(asked(words), None, "{words}");
        }
    }
}
