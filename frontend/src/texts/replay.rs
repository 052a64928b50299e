//! The words of the page that replays an account. `{…}` stand for figures; the page's script
//! fills in the same sentences.

use crate::date::{self, DAY, MONTHS};

pub const NAV: &str = "Replay";
pub const TITLE: &str = "Replay a life";
pub const DESCRIPTION: &str = "An event-sourced account, card by card: fold its events forwards and backwards, ask what \
     it held at any moment, correct the past, and rebuild what was read out of it wrongly.";
pub const LEDE: &str = "No balance has to be kept here. What is kept is everything that ever happened to an account, in order; \
     the balance is what comes out when it is read from the first card to the last. So one can stop at any card, \
     go back, and ask.";

pub const MISSING: &str = "There is no such run, or it is not yours. Below is what this page would show of one.";
pub const EMPTY: &str = "No account lives here yet.";
pub const EMPTY_HOW: &str = "Start one: a real service with a real event store. It comes with fifteen accounts and some \
     months of history, written through the same path as everything after it, with its clock set back, and labelled so.";
pub const EMPTY_CARDS: [(&str, &str, &str); 4] = [
    ("AccountCreated", "0.00", "0.00"),
    ("MoneyDeposited", "+200.00", "200.00"),
    ("MoneyWithdrawn", "−50.00", "150.00"),
    ("MoneyDeposited", "+100.00", "250.00"),
];
pub const EMPTY_FOLD: &str = "Four events, read from left to right: that is all a balance is.";
pub const START: &str = "Start an account";
pub const WRITING: &str = "The history is being written …";
pub const NO_SCRIPT: &str = "Without JavaScript this page shows everything as it stood when it was loaded, and answers \
     questions; commands need JavaScript.";
pub const KEPT: &str = "This is a kept run: look at it from all sides and ask it anything. It takes no commands.";
pub const OTHER: &str = "That system has no accounts to replay. Below is what this page would show of one that has.";
pub const SEE: &str = "See the system under glass";
pub const MILLION: &str = "A million events";

pub const ACCOUNTS: &str = "Account";
pub const SECTIONS: &str = "On this page";
pub const NO_ANSWER: &str = "The server did not answer. Nothing was changed; try again in a moment.";
pub const WORKING: &str = "On its way …";
pub const LOST: &str = "The connection is gone. Trying again by itself; nothing is lost.";
pub const GONE: &str = "This system is there no more. What you see is how it stood last.";
pub const CROWDED: &str = "This page does not follow the account by itself just now, and tries again. {reason}";
pub const SLOW: &str = "Accepted; its answer is still to come.";

/// Anchor, short name, heading.
pub const STREAM: (&str, &str, &str) = ("stream", "Stream", "A life, card by card");
pub const WHEN: (&str, &str, &str) = ("when", "Balance", "What did it hold then?");
pub const BELIEVED: (&str, &str, &str) = ("believed", "Belief", "Believed when, about when?");
pub const PROJECTIONS: (&str, &str, &str) = ("projections", "Projections", "The same events, read in other ways");
pub const WRITERS: (&str, &str, &str) = ("writers", "Writers", "Two writers, one account");
pub const SCHEMAS: (&str, &str, &str) = ("schemas", "Schemas", "Old events, new readers");
pub const AUDIT: (&str, &str, &str) = ("audit", "Audit", "Who did it, and why");
pub const SECTION_LIST: [(&str, &str, &str); 7] = [STREAM, WHEN, BELIEVED, PROJECTIONS, WRITERS, SCHEMAS, AUDIT];

// The stream.
pub const STRIP: &str = "Events of the account";
pub const FOLDED: &str = "State";
pub const BEGINNING: &str = "before the first event";
pub const BEGINNING_AT_HAND: &str = "before event {first}";
pub const BALANCE: &str = "balance";
pub const SEEDED: &str = "seeded";
pub const SEEDED_MEANS: &str = "Seeded: older than this system. It was written when the system started, through the \
     same path as every event, with the clock set back.";
pub const VERSION: &str = "Version";
pub const KEYS: &str = "Keys: ← and → step.";
pub const AMOUNT: &str = "Amount";
pub const DEPOSIT: &str = "Deposit";
pub const WITHDRAW: &str = "Withdraw";
pub const YOURS: &str = "Add to the story";
pub const YOURS_HINT: &str = "A command goes to the account as it is now, wherever the cursor stands.";
pub const NO_BALANCE: &str = "–";
pub const NOTHING_FOLDED: &str = "Nothing is read yet, so there is no account.";
pub const AMOUNT_ODD: &str = "Give an amount such as 20 or 12.50.";
pub const DONE: &str = "Done. Event {sequence} is in the stream.";
pub const DONE_PLAIN: &str = "Done.";
pub const REFUSED: &str = "Refused: {reason}";
pub const STEP: &str = "{version} of {versions}";
pub const AFTER: &str = "State after event {version} of {versions}";
pub const BEFORE_ALL: &str = "State before event {first} of {versions}";

// What it held at a moment.
pub const WHEN_LEDE: &str = "Each moment has its balance: the fold of what had been recorded by then. Draw the cursor, \
     or ask.";
pub const CHART: &str = "The balance over time";
pub const MOMENT: &str = "Moment";
pub const IN_WORDS: &str = "In words";
pub const IN_WORDS_EXAMPLE: &str = "yesterday 15:00";
pub const BY_CLOCK: &str = "By the clock, UTC";
pub const BY_POSITION: &str = "By position";
pub const BY_POSITION_HINT: &str = "among the events of all accounts";
pub const ASK: &str = "Ask";
pub const NOW: &str = "Now";
pub const NOW_IN_SENTENCE: &str = "now";
pub const HELD: &str = "At {when} account {account} held {balance}.";
pub const HOLDS: &str = "Now account {account} holds {balance}.";
pub const NOT_OPEN: &str = "At {when} there was no account {account} yet.";
pub const HELD_AFTER: &str = "After position {position} account {account} held {balance}: its own event {sequence} was the \
     last before that.";
pub const HELD_BEFORE: &str = "After position {position} there was no account {account} yet.";
pub const NOT_AT_HAND: &str =
    "What account {account} held at {when} is not at hand here: its events are, from event {first} on.";
pub const AFTER_NOT_AT_HAND: &str = "What account {account} held after position {position} is not at hand here: its events \
     are, from event {first} on.";
pub const UNCLEAR: &str = "“{words}” is no moment known here. Try “yesterday 15:00”, “Monday noon”, “3 days ago 9 am” or \
     “2026-11-28 15:00”.";

// What was believed.
pub const BELIEVED_LEDE: &str = "An event has two times: since when it counts, and since when it is known. A correction \
     is known later than it counts, so the past has two answers. An event is in the sum if both its ends lie before \
     their cursors.";
pub const ABOUT: &str = "About when";
pub const BELIEVED_WHEN: &str = "Believed when";
pub const THREADS: &str = "Each event, from when it counts to when it was recorded";
pub const BELIEF: &str = "At {believed} the bank believed that account {account} held {balance} at {about}.";
pub const FORECAST: &str = "At {believed} the bank expected account {account} to hold {balance} at {about}.";
pub const KNOWN: &str = "Now the bank knows that account {account} held {balance} at {about}.";
pub const KNOWN_NOW: &str = "Now the bank knows that account {account} holds {balance}.";
pub const BELIEF_NOW: &str = "At {believed} the bank expected account {account} to hold {balance} now.";
pub const BELIEF_NOT_AT_HAND: &str = "What was believed of account {account} at {believed} about {about} is not at hand here: \
     it takes earlier events.";
pub const COUNTED: &str = "In the sum";
pub const NOT_RECORDED: &str = "not recorded yet";
pub const NOT_COUNTING: &str = "counts only later";
pub const NEITHER: &str = "neither recorded nor counting yet";
pub const NO_CORRECTION: &str =
    "Nothing of this account was ever corrected, or valued at another time, so both cursors tell the same.";
pub const HAS_CORRECTION: &str = "See account {account}, which was";
pub const CORRECT: &str = "Correct an entry";
pub const CORRECT_HINT: &str = "Nothing is overwritten: the difference is posted as an event of its own, which counts \
     from when the entry did.";
pub const ENTRY: &str = "Entry";
pub const SHOULD_BE: &str = "Should have been";
pub const WHY: &str = "Why";
pub const WHY_EXAMPLE: &str = "typing error";
pub const RECORD_CORRECTION: &str = "Record the correction";

// Projections.
pub const PROJECTIONS_LEDE: &str = "What is read out of the events can be thrown away and read anew, beside what is in \
     use. So a bug in it loses nothing: mend it, build it again from the first event, compare, switch over.";
/// Name, and what it is for.
pub const MODELS: [(&str, &str); 3] = [
    ("balances", "What each account holds, for whoever only wants the number."),
    ("monthly", "What each account was paid, and paid out, month by month."),
    ("activity", "How many entries each day saw, and what they moved."),
];
pub const PACE: &str = "A build begun here goes";
/// Events a second, so that the hundreds there are take some seconds.
pub const PACE_WATCHED: u32 = 50;
pub const PACE_FREE: &str = "as fast as it can";
pub const NO_COMPARISON: &str = "Row by row, read models are compared with the streams only while all events of all accounts are \
     at hand: here there are more.";
pub const NOT_BUILT: &str = "Nobody has asked for it yet.";
pub const CHECK: &str = "Is it right? The live read model beside the streams it was read from";
pub const DIFF: &str = "Old beside new, row by row";
pub const STREAM_ITSELF: &str = "the statement, entry by entry";
pub const VERDICT: &str = "Verdict";
pub const SAME: &str = "same";
pub const ALL_SAME: &str = "Every row is what the streams say.";
pub const SOME_DIFFER: &str = "{count} row is not what its stream says.";
pub const SOME_DIFFER_MANY: &str = "{count} rows are not what their streams say.";
pub const BUILDS_SAME: &str = "Old and new agree in every row.";
pub const BUILDS_DIFFER: &str = "Old and new differ in {count} row.";
pub const BUILDS_DIFFER_MANY: &str = "Old and new differ in {count} rows.";
pub const BUG_SOURCE: &str = "Read the lines that decide what a repeat is";
pub const ACTIVITY_OF: &str = "activity: the last days";
pub const MONTHLY_HEADS: [&str; 3] = ["Month", "Paid in", "Paid out"];
pub const ACTIVITY_HEADS: [&str; 3] = ["Day", "Entries", "Moved"];

// Two writers.
pub const WRITERS_LEDE: &str = "Both have read the account, and each says with its command up to which event. Let one \
     withdraw, then the other: the second decided on what is no longer so, and is refused. It reads again, and \
     decides anew.";
pub const WRITER_NAMES: [&str; 2] = ["Ada", "Ben"];
pub const READ: &str = "Has read the account up to event {sequence}: {balance}.";
pub const MOVED: &str = "Meanwhile the account is at event {sequence}, which {name} has not read.";

// Schemas.
pub const SCHEMAS_LEDE: &str = "Events are never rewritten, so old ones keep the shape they were written in. Software of \
     the first year (v1) counted whole units, the second (v2) cents, the third (v3) also says from when an entry \
     counts. An upcaster lifts an old shape to the next as it is read.";
pub const ONE_SCHEMA: &str = "All events of this account have one shape.";
pub const HAS_SCHEMAS: &str = "Account {account} is as old as the software";
pub const READERS: &str = "What readers of each age make of each event";
pub const EVENT: &str = "Event, as stored";
pub const READER_NAMES: [(&str, &str); 3] = [("v1", "reader v1"), ("v2", "reader v2"), ("v3", "reader v3")];
pub const NOT_READ: &str = "not read";
pub const BALANCE_AT_END: &str = "Balance at the end";
pub const READ_BEFORE: &str = "Events have come since they read. Let them read again.";

// Audit.
pub const AUDIT_LEDE: &str = "The events are the books, so nothing has to be logged beside them: each says who, when, \
     why, and which command caused it.";
pub const AUDIT_TABLE: &str = "The books of the account";
pub const AUDIT_HEADS: [&str; 8] = ["Event", "Recorded", "What", "Amount", "Balance", "Who", "Why", "Caused by"];
pub const CSV: &str = "Export as CSV";
pub const JSON: &str = "All accounts as JSON";

pub const ABOUT_CLOCK: &str = "About, UTC";
pub const BELIEVED_CLOCK: &str = "Believed, UTC";
pub const WAS_CORRECTED: &str = "corrected";

pub const TODAY: &str = "today";
pub const YESTERDAY: &str = "yesterday";
pub const THIS_YEAR: &str = "on {weekday} {day} {month}";
pub const OTHER_YEAR: &str = "on {day} {month} {year}";
pub const EQUALS: &str = "= {balance}";

/// What the page's script says by itself.
pub const FOR_SCRIPT: [(&str, &str); 33] = [
    ("today", TODAY),
    ("yesterday", YESTERDAY),
    ("thisYear", THIS_YEAR),
    ("otherYear", OTHER_YEAR),
    ("now", NOW_IN_SENTENCE),
    ("held", HELD),
    ("holds", HOLDS),
    ("notOpen", NOT_OPEN),
    ("belief", BELIEF),
    ("forecast", FORECAST),
    ("known", KNOWN),
    ("knownNow", KNOWN_NOW),
    ("beliefNow", BELIEF_NOW),
    ("equals", EQUALS),
    ("notRecorded", NOT_RECORDED),
    ("notCounting", NOT_COUNTING),
    ("neither", NEITHER),
    ("step", STEP),
    ("done", DONE),
    ("donePlain", DONE_PLAIN),
    ("refused", REFUSED),
    ("amountOdd", AMOUNT_ODD),
    ("noAnswer", NO_ANSWER),
    ("working", WORKING),
    ("lost", LOST),
    ("gone", GONE),
    ("crowded", CROWDED),
    ("notAtHand", NOT_AT_HAND),
    ("beliefNotAtHand", BELIEF_NOT_AT_HAND),
    ("noBalance", NO_BALANCE),
    ("slow", SLOW),
    ("read", READ),
    ("moved", MOVED),
];

/// A time of day and its day: `15:00 yesterday`, `14:00:07 on Monday 16 November`.
pub fn when(at: i64, now: i64) -> String {
    format!("{} {}", clock(at), day(at, now))
}

pub fn clock(at: i64) -> String {
    let of_day = at.rem_euclid(DAY);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    if second == 0 { format!("{hour:02}:{minute:02}") } else { format!("{hour:02}:{minute:02}:{second:02}") }
}

fn day(at: i64, now: i64) -> String {
    let (then, today) = (at.div_euclid(DAY), now.div_euclid(DAY));
    let ((year, month, day), (this_year, ..)) = (date::civil(then), date::civil(today));
    let template = match today - then {
        0 => TODAY,
        1 => YESTERDAY,
        _ if year == this_year => THIS_YEAR,
        _ => OTHER_YEAR,
    };
    let (day, year) = (day.to_string(), year.to_string());
    filled(template, &[("weekday", date::weekday(at)), ("day", &day), ("month", month_name(month)), ("year", &year)])
}

fn month_name(month: u8) -> &'static str {
    MONTHS[usize::from(month) - 1]
}

/// `28 Nov`
pub fn short_day(at: i64) -> String {
    let (_, month, day) = date::civil(at.div_euclid(DAY));
    format!("{day} {}", &month_name(month)[..3])
}

/// Cents as one reads them off: `1,234.50`, `−50.00`.
pub fn money(cents: i64) -> String {
    let (whole, rest) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
    format!("{}{}.{rest:02}", if cents < 0 { "−" } else { "" }, thousands(whole))
}

/// `1,234,567`
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The same with its sign: `+200.00`.
pub fn signed(cents: i64) -> String {
    if cents > 0 { format!("+{}", money(cents)) } else { money(cents) }
}

pub fn account(id: i64) -> String {
    format!("Account {id}")
}

/// What an event did to the balance: `200.00 − 50.00 = 150.00`.
pub fn equation(amount: i64, after: i64) -> String {
    let sign = if amount < 0 { "−" } else { "+" };
    format!("{} {sign} {} = {}", money(after - amount), money(amount.abs()), money(after))
}

pub fn created() -> String {
    "The account is opened, with nothing in it.".into()
}

pub fn deposited(cents: i64) -> String {
    format!("{} came in.", money(cents))
}

pub fn withdrawn(cents: i64) -> String {
    format!("{} went out.", money(cents.abs()))
}

/// A correction: of which event, to which amount, by which difference, and since when it counts.
pub fn corrected(sequence: i64, to: i64, difference: i64, since: &str) -> String {
    format!(
        "Event {sequence} should have been {}. The difference, {}, is posted now and counts from {since}.",
        money(to.abs()),
        signed(difference)
    )
}

/// A correction of an event that is not at hand.
pub fn corrected_by(sequence: i64, difference: i64, since: &str) -> String {
    format!(
        "Event {sequence}, which is not at hand, was wrong. The difference, {}, is posted now and counts from {since}.",
        signed(difference)
    )
}

/// How an account stands of which so many events are not at hand.
pub fn earlier_folded(earlier: i64) -> String {
    format!("{} not at hand here; this is what they come to.", are(earlier))
}

pub fn cut(earlier: i64) -> String {
    format!("{} not at hand here: only the newest are.", are(earlier))
}

fn are(earlier: i64) -> String {
    format!("{} {}", events_up_to(earlier), if earlier == 1 { "is" } else { "are" })
}

pub fn events_up_to(last: i64) -> String {
    if last == 1 { "Event 1".into() } else { format!("Events 1 to {}", thousands(last.unsigned_abs())) }
}

/// Where the strip begins.
pub fn before(first: i64) -> String {
    match first {
        1 => BEGINNING.into(),
        _ => filled(BEGINNING_AT_HAND, &[("first", &thousands(first.unsigned_abs()))]),
    }
}

pub fn missing_account(asked: i64, shown: i64) -> String {
    format!("There is no account {asked} here. Below is account {shown}.")
}

pub fn pace_watched() -> String {
    format!("at {PACE_WATCHED} events a second, to be watched")
}

pub fn step(version: i64, versions: i64) -> String {
    filled(STEP, &[("version", &version.to_string()), ("versions", &versions.to_string())])
}

pub fn equals(cents: Option<i64>) -> String {
    filled(EQUALS, &[("balance", &cents.map_or(NO_BALANCE.to_owned(), money))])
}

/// Money beside an axis: without cents where there are none.
pub fn round_money(cents: i64) -> String {
    let money = money(cents);
    money.strip_suffix(".00").map_or(money.clone(), str::to_owned)
}

pub fn schema(version: i64) -> String {
    format!("v{version}")
}

pub fn corrects(sequence: i64) -> String {
    format!("corrects {sequence}")
}

/// A question about three in the afternoon of a day.
pub fn at_three(at: i64, now: i64) -> String {
    format!("At 3 p.m. {}", day(at, now))
}

/// A question for a correction that came a day later or more.
pub fn believed_on(believed: i64, about: i64) -> String {
    format!("What did the bank believe on {} about {}?", date::weekday(believed), date::weekday(about))
}

pub fn known_about(about: i64) -> String {
    format!("What does it know now about {}?", date::weekday(about))
}

pub fn believed_before(sequence: i64) -> String {
    format!("What was believed before event {sequence}?")
}

pub fn known_after(sequence: i64) -> String {
    format!("And after event {sequence}?")
}

pub fn entry(sequence: i64, event: &str, cents: i64) -> String {
    format!("{sequence} · {event} {}", money(cents.abs()))
}

pub fn build(projection: &str) -> String {
    format!("Build {projection}")
}

pub fn switch_to(projection: &str) -> String {
    format!("Switch {projection}")
}

pub fn build_state(build: i64, state: &str) -> String {
    format!("build {build}, {state}")
}

pub fn build_head(build: i64, logic: &str, state: &str) -> String {
    if logic.is_empty() { format!("build {build}, {state}") } else { format!("build {build}, {state}: {logic}") }
}

pub fn progress(build: i64) -> String {
    format!("Events that build {build} has taken in")
}

pub fn far(position: i64, end: i64) -> String {
    format!("{position} of {end} events")
}

/// How fast a build catches up, or did, and to what it is held.
pub fn pace(events: i64, took_us: u64, held_to: Option<i64>) -> String {
    let took_ms = took_us.div_ceil(1_000).max(1);
    let rate = events.unsigned_abs() * 1_000 / took_ms;
    let held = held_to.map_or(String::new(), |pace| {
        format!("; held to {} so that it can be watched", thousands(pace.unsigned_abs()))
    });
    format!("{} events a second, measured over {took_ms} ms{held}", thousands(rate))
}

pub fn differs(cents: i64) -> String {
    format!("differs by {}", signed(cents))
}

/// How many rows differ: old and new builds, or the live one from the streams.
pub fn verdict(count: usize, builds: bool) -> String {
    let template = match (builds, count) {
        (true, 0) => BUILDS_SAME,
        (true, 1) => BUILDS_DIFFER,
        (true, _) => BUILDS_DIFFER_MANY,
        (false, 0) => ALL_SAME,
        (false, 1) => SOME_DIFFER,
        (false, _) => SOME_DIFFER_MANY,
    };
    filled(template, &[("count", &count.to_string())])
}

pub fn monthly_of(account: i64) -> String {
    format!("monthly: account {account}")
}

/// A switch by name: what happens while it is on, and while it is off.
pub fn switch(name: &str) -> [&'static str; 2] {
    match name {
        "distinct-by-event-id" => [
            "A new build of balances knows a repeat by the event’s own id.",
            "A new build of balances takes two entries of the same account, day and amount for a repeat, and leaves \
             the second out.",
        ],
        "upcast-v1" => [
            "A v1 event is lifted to v2 as it is read: its whole units become cents.",
            "Nobody lifts v1 events. Who expects cents cannot read whole units.",
        ],
        "upcast-v2" => [
            "A v2 event is lifted to v3 as it is read: it counts from when it was recorded.",
            "Nobody lifts v2 events. Who expects a value date finds none.",
        ],
        _ => ["On.", "Off."],
    }
}

pub fn has_read(sequence: i64, balance: i64) -> String {
    filled(READ, &[("sequence", &sequence.to_string()), ("balance", &money(balance))])
}

pub fn withdraw_as(name: &str) -> String {
    format!("Withdraw as {name}")
}

pub fn read_as(name: &str) -> String {
    format!("Read again as {name}")
}

pub fn let_read(account: i64) -> String {
    format!("Let all three read account {account}")
}

pub fn outcome(outcome: &str) -> &'static str {
    match outcome {
        "read" => "read",
        "upcast" => "lifted",
        "broken" => "breaks",
        _ => NOT_READ,
    }
}

pub fn broken_at(sequence: i64) -> String {
    format!("none: breaks at event {sequence}")
}

pub fn counts_from(since: &str) -> String {
    format!("counts from {since}")
}

/// A command by the beginning of its id.
pub fn command(id: &str) -> String {
    format!("command {}", id.get(..8).unwrap_or(id))
}

/// A sentence with its figures filled in.
pub fn filled(template: &str, figures: &[(&str, &str)]) -> String {
    let mut sentence = template.to_owned();
    for (name, figure) in figures {
        sentence = sentence.replace(&format!("{{{name}}}"), figure);
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_to_be_read_off() {
        assert_eq!([0, 5, -5_000, 123_456_789].map(money), ["0.00", "0.05", "−50.00", "1,234,567.89"]);
        assert_eq!([20_000, -5_000, 0].map(signed), ["+200.00", "−50.00", "0.00"]);
        assert_eq!(equation(-5_000, 15_000), "200.00 − 50.00 = 150.00");
    }

    #[test]
    fn a_moment_is_said_as_seen_from_now() {
        let now = date::seconds("2026-11-29T18:30:00Z").unwrap();
        let said = |text| when(date::seconds(text).unwrap(), now);
        assert_eq!(said("2026-11-29T09:05:07Z"), "09:05:07 today");
        assert_eq!(said("2026-11-28T15:00:00Z"), "15:00 yesterday");
        assert_eq!(said("2026-11-16T20:00:00Z"), "20:00 on Monday 16 November");
        assert_eq!(said("2025-11-16T20:00:00Z"), "20:00 on 16 November 2025");
    }
}
