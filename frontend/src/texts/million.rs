//! The words of the page of the million events.

pub const NAV: &str = "Million";
pub const TITLE: &str = "A million events";
pub const DESCRIPTION: &str = "What replaying a million events costs, with snapshots and without, measured live; a wrong \
     snapshot and how it is found; read models built while they are read.";
pub const LEDE: &str = "An account is the fold of its events. That is easily said of four of them. Here is an account \
     with a million: that of a savings club, a hundred members, an entry every five minutes for ten years. What does it \
     cost to load it? Nobody has to believe a figure: every one on this page is measured on this machine.";

pub const STORE: &str = "The events";
pub const STORE_NONE: &str = "This server has none of them yet. They are made once, for everybody, by appending them \
     to an event store like that of any service. It takes some seconds.";
pub const STORE_MAKING: &str = "They are being appended.";
pub const STORE_PROGRESS: &str = "Events appended";
pub const MAKE: &str = "Make the million events";
pub const NO_SCRIPT: &str = "Measuring needs JavaScript; what was measured reads without.";
pub const NO_ANSWER: &str = "The server did not answer. Nothing was lost; try again in a moment.";
pub const GONE: &str = "This sandbox is gone, and what it had made with it. The next press starts another one.";
pub const MISSING: &str = "There is no such sandbox, or it is not yours. The next press starts a sandbox of your own.";
pub const DEBUG: &str = "This server was built for finding errors, not for speed: a release build is many times as \
     fast.";

pub const KEPT_RUN: &str = "This is a kept run: it shows what was measured while it ran, and on the machine it ran on.";
pub const MEASURED_THERE: &str = "Measured on the machine where this run was made.";

pub const LOAD: &str = "What loading costs";
pub const LOAD_HINT: &str = "Loading is folding: read the events in their order, apply each to the state. With a \
     snapshot, a state written down at some event, only those behind it are left. How close should snapshots lie? Turn \
     the dial, load, and turn it again.";
pub const DIAL: &str = "A snapshot at each";
pub const LOAD_DO: &str = "Load the account";
pub const MEASURE_DO: &str = "Each of them five times";
pub const NOT_LOADED: &str = "It has not been loaded yet.";
pub const CHART: &str = "Times of loading";
pub const CHART_HINT: &str = "A dot for each load, the line at the median. Each step to the right is ten times as \
     long. Nothing of the state is in memory when a load begins; the file may be, in the system's cache.";
pub const EVERY: &str = "A snapshot at each";
pub const TIME: &str = "Time";
pub const MEDIAN: &str = "Median";
pub const REPLAYED: &str = "Events replayed";
pub const NEVER: &str = "not measured";

pub const SNAPSHOTS: &str = "What snapshots cost";
pub const SNAPSHOTS_HINT: &str = "A snapshot holds what each of the hundred members has saved, so it is larger than an \
     event. They lie in a file of your own sandbox, and go with it. At some point more of them buy little: asking \
     the file for one takes as long as folding some hundred events.";
pub const SNAPSHOTS_NONE: &str = "There are none yet. The first load with an interval makes them.";
pub const COUNT: &str = "Snapshots";
pub const BYTES: &str = "In the file";
pub const LONGEST: &str = "Events to replay, at most";

pub const WRONG: &str = "A snapshot that lies";
pub const WRONG_HINT: &str = "A snapshot is a copy, and a copy can be wrong: taken by code that had a bug, or touched \
     by a hand in the file. Whoever loads from it sees nothing strange. Make one wrong, load the account again, and \
     then let all of them be checked: the events are folded once more from the first, and each snapshot on the way is \
     compared.";
pub const DAMAGE_DO: &str = "Damage the newest snapshot";
pub const RELOAD_DO: &str = "Load from it";
pub const CHECK_DO: &str = "Check all snapshots";
pub const REPAIR_DO: &str = "Throw them away and make them again";
pub const WRONG_FIRST: &str = "Load once with an interval first: there must be a snapshot to damage.";
pub const WRONG_LAST: &str = "Throw the wrong ones away and take them again: nothing is lost, for the events are the \
     truth. Had they been wrong by a bug, the number of the state's schema would rise, and the old ones be passed over.";

pub const PROJECTIONS: &str = "Read models, added later";
pub const PROJECTIONS_HINT: &str = "Nobody had thought of these questions when the first event was written. Build one \
     after the other from all the events there are. While one is built, somebody reads it each millisecond; when it has \
     caught up, the same reads go on for a second alone, to compare.";
pub const BUILD_DO: &str = "Build it";
pub const REBUILD_DO: &str = "Build it anew beside the old one";
pub const CONTINUE_DO: &str = "Go on building it";
pub const POSITION: &str = "Events taken in";
pub const READERS: &str = "Readers meanwhile";
pub const QUIET: &str = "Readers alone";
pub const CAPTION_ROWS: &str = "What readers see of it";
pub const KEPT_UNTIL: &str = "Your snapshots and read models lie in your sandbox and go with it. The million events \
     stay, for everybody.";

/// The intervals on the dial; 0 is none.
pub const INTERVALS: [u64; 5] = [0, 100_000, 10_000, 1_000, 100];

/// `100,000 events`
pub fn interval(every: u64) -> String {
    if every == 0 { "no snapshots".to_owned() } else { format!("{} events", number(every)) }
}

pub fn store_ready(events: u64, bytes: u64, took_ms: Option<u64>) -> String {
    let took = took_ms.map(|ms| format!(", made in {}", time(ms * 1000))).unwrap_or_default();
    format!("{} events of one account lie on this server, {}{took}.", number(events), size(bytes))
}

pub fn store_made(made: u64, events: u64, took_ms: u64) -> String {
    format!("{} of {} events in {}.", number(made), number(events), time(took_ms * 1000))
}

/// How the last load went.
pub fn loaded(took_us: u64, replayed: u64, from: Option<u64>, balance_minor: i64) -> String {
    let (took, replayed, balance) = (time(took_us), number(replayed), money(balance_minor));
    match from {
        None => format!("Loaded in {took}: all {replayed} events replayed. The balance is {balance}."),
        Some(from) => format!(
            "Loaded in {took}: the snapshot at event {}, and {replayed} events behind it. The balance is {balance}.",
            number(from)
        ),
    }
}

/// When the last of the figures was measured: `just now`, or a day and time.
pub fn measured(when: Option<&str>) -> String {
    match when {
        None => "Measured on this machine, just now.".to_owned(),
        Some(when) => format!("Measured on this machine, last on {when}."),
    }
}

pub fn snapshots(count: u64, every: u64, bytes: u64, of: Option<u64>) -> String {
    let snapshots = if count == 1 { "1 snapshot".to_owned() } else { format!("{} snapshots", number(count)) };
    let beside = of.map(|of| format!(", beside {} of events", size(of))).unwrap_or_default();
    format!("At this moment there are {snapshots}, at each {} events: {}{beside}.", number(every), size(bytes))
}

pub fn damaged(version: u64, member: u64, added_minor: i64) -> String {
    format!(
        "The snapshot at event {} now says that member {member} has {} more than the events say.",
        number(version),
        money(added_minor)
    )
}

pub fn checked(snapshots: u64, wrong: usize, replayed: u64, took_us: u64) -> String {
    let found = match wrong {
        0 => "each of them is right".to_owned(),
        1 => "1 of them is wrong".to_owned(),
        many => format!("{} of them are wrong", number(many as u64)),
    };
    let (snapshots, replayed, took) = (number(snapshots), number(replayed), time(took_us));
    let compared = if snapshots == "1" { "snapshot was" } else { "snapshots were" };
    format!("{snapshots} {compared} compared on the way through {replayed} events, in {took}: {found}.")
}

pub fn wrong(version: u64, kept_minor: Option<i64>, replayed_minor: i64) -> String {
    let says = match kept_minor {
        Some(kept) => format!("says {}", money(kept)),
        None => "cannot be read".to_owned(),
    };
    format!("The one at event {} {says}; the events say {}.", number(version), money(replayed_minor))
}

/// In the record.
pub const FORGOTTEN: &str = "All snapshots of the million events are thrown away.";

/// The same of a read model that has caught up.
pub fn built(name: &str, position: u64, took_ms: u64) -> String {
    format!(
        "The read model “{}” has taken in {} events, in {}.",
        model(name)[0],
        number(position),
        time(took_ms * 1000)
    )
}

/// A read model by name: what it is called, and what it answers.
pub fn model(name: &str) -> [&'static str; 2] {
    match name {
        "savings" => ["Savings by member", "How much has each member saved?"],
        "months" => ["Totals by month", "How much came in and went out in each month?"],
        _ => ["Largest withdrawals", "Which were the largest withdrawals of all time?"],
    }
}

/// What a button does, for who cannot see where it stands.
pub fn of_model(what: &str, title: &str) -> String {
    format!("{what}: {title}")
}

/// The columns of what is shown of it.
pub fn columns(name: &str) -> &'static [&'static str] {
    match name {
        "savings" => &["Member", "Saved", "Entries"],
        "months" => &["Month", "Paid in", "Paid out"],
        _ => &["Amount", "Member", "Event", "Day"],
    }
}

/// How a read model stands.
pub fn model_state(state: &str, rebuild: bool) -> &'static str {
    match (state, rebuild) {
        ("queued", _) => "Waiting for its turn: as many are being built as may be.",
        ("building", false) => "Being built.",
        ("building", true) => "Being built anew; readers see the old one until then.",
        ("quiet", _) => "It has caught up. Now the same reads alone, for a second.",
        ("live", _) => "It has caught up.",
        ("stopped", _) => "Its building was broken off.",
        _ => "Not built yet.",
    }
}

pub fn taken_in(position: u64, end: u64, per_second: Option<u64>, took_ms: Option<u64>) -> String {
    let rate = per_second.map(|rate| format!(", {} a second", number(rate))).unwrap_or_default();
    let took = took_ms.map(|ms| format!(", {}", time(ms * 1000))).unwrap_or_default();
    format!("{} of {} events{rate}{took}", number(position), number(end))
}

pub fn reads(count: u64, p50_us: u64, p99_us: u64) -> String {
    format!("{} reads: half within {}, 99 of 100 within {}", number(count), time(p50_us), time(p99_us))
}

/// The 99th percentile beside that of a quiet time.
pub fn times_quiet(meanwhile_us: u64, quiet_us: u64) -> String {
    let tenths = 10 * meanwhile_us / quiet_us.max(1);
    format!("{}.{} times as long as alone, at the 99th of 100", tenths / 10, tenths % 10)
}

/// `1,055,555`
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut told = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    told
}

/// Cents as `1,234.56`.
pub fn money(minor: i64) -> String {
    let sign = if minor < 0 { "−" } else { "" };
    format!("{sign}{}.{:02}", number(minor.unsigned_abs() / 100), minor.unsigned_abs() % 100)
}

/// Microseconds in the unit that fits: `214 µs`, `41.2 ms`, `1.24 s`.
pub fn time(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..10_000 => format!("{}.{:02} ms", us / 1_000, us % 1_000 / 10),
        10_000..1_000_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        _ => format!("{}.{:02} s", us / 1_000_000, us % 1_000_000 / 10_000),
    }
}

/// Bytes in the unit that fits: `12 kB`, `1.4 MB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_in_the_unit_that_fits() {
        assert_eq!([0, 999, 1_000, 1_055_555].map(number), ["0", "999", "1,000", "1,055,555"]);
        assert_eq!([214, 1_240, 41_260, 2_345_678].map(time), ["214 µs", "1.24 ms", "41.2 ms", "2.34 s"]);
        assert_eq!([1, 412_000, 52_345_678].map(size), ["1 kB", "412 kB", "52.3 MB"]);
        assert_eq!([0, 5, 123_456, -250].map(money), ["0.00", "0.05", "1,234.56", "−2.50"]);
        assert_eq!(times_quiet(150, 100), "1.5 times as long as alone, at the 99th of 100");
    }

    #[test]
    fn a_load_says_where_it_began() {
        assert_eq!(loaded(41_200, 100, None, 100), "Loaded in 41.2 ms: all 100 events replayed. The balance is 1.00.");
        assert_eq!(
            loaded(98, 55, Some(1_055_500), 100),
            "Loaded in 98 µs: the snapshot at event 1,055,500, and 55 events behind it. The balance is 1.00."
        );
    }
}
