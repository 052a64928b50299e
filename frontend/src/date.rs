//! Dates, as people write them and as machines do.

const MONTHS: [&str; 12] = [
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
        // Howard Hinnant's civil_from_days: years begin in March, so that leap days come last.
        let since = days + 719_468;
        let (era, of_era) = (since.div_euclid(146_097), since.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        Moment {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: month as u8,
            day: day as u8,
            hour: (of_day / 60) as u8,
            minute: (of_day % 60) as u8,
        }
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
}
