//! Dates, as people write them and as machines do. Seconds are since 1970, in UTC.

pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

pub const DAY: i64 = 86_400;

/// A moment in UTC, to the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    year: i64,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
}

impl Moment {
    /// From milliseconds since 1970.
    pub fn of_ms(ms: i64) -> Self {
        let minutes = ms.div_euclid(60_000);
        let (days, of_day) = (minutes.div_euclid(1440), minutes.rem_euclid(1440));
        let (year, month, day) = civil(days);
        Moment { year, month, day, hour: (of_day / 60) as u8, minute: (of_day % 60) as u8 }
    }

    /// `23 November 2026, 18:44 UTC`
    pub fn words(&self) -> String {
        let Moment { year, month, day, hour, minute } = self;
        format!("{day} {} {year}, {hour:02}:{minute:02} UTC", MONTHS[usize::from(*month) - 1])
    }

    /// RFC 3339: `2026-11-23T18:44Z`
    pub fn machine(&self) -> String {
        let Moment { year, month, day, hour, minute } = self;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}Z")
    }
}

/// Year, month and day of month of a day since 1970.
pub fn civil(days: i64) -> (i64, u8, u8) {
    // Howard Hinnant's civil_from_days: years begin in March, so that leap days come last.
    let since = days + 719_468;
    let (era, of_era) = (since.div_euclid(146_097), since.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month as u8, day as u8)
}

/// The day since 1970 of a date; `None` where there is no such date.
pub fn day_of(year: i64, month: u8, day: u8) -> Option<i64> {
    if !(1..=12).contains(&month) || !(0..=9999).contains(&year) {
        return None;
    }
    // His days_from_civil.
    let counted = year - i64::from(month <= 2);
    let (era, year_of_era) = (counted.div_euclid(400), counted.rem_euclid(400));
    let shifted = (i64::from(month) + 9) % 12;
    let of_year = (153 * shifted + 2) / 5 + i64::from(day) - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468;
    (civil(days) == (year, month, day)).then_some(days)
}

/// Reads RFC 3339, which may end after the minutes; without an offset or `Z` it is in UTC.
pub fn seconds(text: &str) -> Option<i64> {
    let (date, time) = text.trim().split_once(['T', 't', ' '])?;
    // An offset that came by an address unescaped has a space for its plus.
    let (time, offset) = match time.rfind(['Z', 'z', '+', '-', ' ']) {
        None => (time, 0),
        Some(at) if time[at..].eq_ignore_ascii_case("z") => (&time[..at], 0),
        Some(at) if time[at..].starts_with('-') => (&time[..at], -offset_in(&time[at + 1..])?),
        Some(at) => (&time[..at], offset_in(&time[at + 1..])?),
    };
    Some(date_in(date)? * DAY + time_in(time)? - offset)
}

/// Seconds of `02:00`.
fn offset_in(text: &str) -> Option<i64> {
    time_in(text).filter(|_| text.len() == 5)
}

/// The day since 1970 of `2026-11-28`.
pub fn date_in(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    day_of(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

/// The second of the day of `15:00` or `15:00:30`; parts of a second are left out.
pub fn time_in(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let (hour, minute) = (parts.next()?.parse::<u8>().ok()?, parts.next()?.parse::<u8>().ok()?);
    let second = match parts.next() {
        Some(text) => text.split('.').next()?.parse::<u8>().ok()?,
        None => 0,
    };
    let fits = hour < 24 && minute < 60 && second < 60 && parts.next().is_none();
    fits.then_some(i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second))
}

/// RFC 3339: `2026-11-28T15:00:00Z`
pub fn machine(seconds: i64) -> String {
    let ((year, month, day), of_day) = (civil(seconds.div_euclid(DAY)), seconds.rem_euclid(DAY));
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", of_day / 3600, of_day / 60 % 60, of_day % 60)
}

pub fn weekday(seconds: i64) -> &'static str {
    // 1970 began on a Thursday.
    WEEKDAYS[(seconds.div_euclid(DAY) + 3).rem_euclid(7) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dated() {
        let machine = |ms| Moment::of_ms(ms).machine();
        assert_eq!(machine(0), "1970-01-01T00:00Z");
        assert_eq!(machine(951_782_400_000), "2000-02-29T00:00Z");
        assert_eq!(machine(1_795_459_440_000), "2026-11-23T18:44Z");
        assert_eq!(machine(-60_000), "1969-12-31T23:59Z");
        assert_eq!(Moment::of_ms(1_795_459_440_000).words(), "23 November 2026, 18:44 UTC");
    }

    #[test]
    fn moments_are_read_as_they_are_written() {
        for text in ["1970-01-01T00:00:00Z", "2000-02-29T23:59:59Z", "2026-11-28T15:30:00Z"] {
            assert_eq!(seconds(text).map(machine).as_deref(), Some(text));
        }
        assert_eq!(seconds("2026-11-28T15:30"), seconds("2026-11-28 15:30:00.250Z"));
        for same in ["17:30:00+02:00", "17:30:00.5 02:00", "10:00-05:30", "15:30:00+00:00", "15:30:00z"] {
            assert_eq!(seconds(&format!("2026-11-28T{same}")), seconds("2026-11-28T15:30:00Z"), "{same}");
        }
        assert_eq!(seconds("2026-11-29T00:30:00+02:00"), seconds("2026-11-28T22:30:00Z"));
        for none in ["15:30+24:00", "15:30+2", "15:30+02:00:00", "15:30ZZ", "15:30+"] {
            assert_eq!(seconds(&format!("2026-11-28T{none}")), None, "{none}");
        }
        for none in ["2026-02-29T00:00:00Z", "2026-13-01T00:00", "2026-11-28T24:00", "2026-11-28", "soon"] {
            assert_eq!(seconds(none), None, "{none}");
        }
        let days = ["2026-11-23T00:00:00Z", "2026-11-29T23:59:59Z", "1969-12-31T23:59:59Z"];
        assert_eq!(days.map(|day| weekday(seconds(day).unwrap())), ["Monday", "Sunday", "Wednesday"]);
    }
}
