//! Every word of the interface, in English. A second language is a second table like this.

pub mod faults;
pub mod feed;
pub mod lesson;
pub mod matrix;
pub mod million;
pub mod playground;
pub mod promises;
#[cfg(feature = "ssr")]
pub mod replay;
pub mod rule;
pub mod runs;
pub mod saga;
mod story;
pub mod views;

pub use story::{Sentence, about, describe, describe_with, fault, readable, tell};

pub const LANGUAGE: &str = "en";
pub const SITE: &str = "Terrarium";
pub const SKIP: &str = "Skip to the content";
pub const NAVIGATION: &str = "Site";
pub const NAV_LESSONS: &str = "Lessons";
pub const NAV_PLAYGROUND: &str = "Playground";
pub const FOOTER: &str = "Terrarium runs on this machine and asks nothing of any other. Free software, MIT or Apache-2.0. \
     Set in Literata and Atkinson Hyperlegible, both under the SIL Open Font License.";

pub const HOME_TITLE: &str = "A small system, alive, under glass";
pub const HOME_DESCRIPTION: &str = "Learn microservices from a living system: real services with real databases, \
     which you can watch, slow down, break and mend.";
pub const HOME_LEDE: &str = "Four real services with four real databases are running in this glass. They know each \
     other only by what they say aloud. Place an order and watch it find its way. Then break something.";
pub const HOME_NOTHING_FAKED: &str =
    "Nothing is faked: a dot that moves is a message that was sent, and every number was measured.";
pub const HOME_TRIES: [(&str, &str); 3] = [
    ("Place an order.", "It passes through four services and comes back settled."),
    ("Decline payments,", "order again, and see what was done being undone."),
    ("Crash inventory,", "order three times, restart it. Nothing was lost."),
];
pub const HOME_FIRST_LESSON: &str = "Begin with sagas";
pub const HOME_PLAYGROUND: &str = "Open the playground";

pub const LESSONS_TITLE: &str = "Lessons";
pub const LESSONS_DESCRIPTION: &str =
    "Six lessons about microservices, each beside a running system that proves what it says.";
pub const LESSONS_LEDE: &str =
    "Each lesson is a few pages beside a running system. What it claims, you can try on the spot.";
pub const LESSON_OPEN: &str = "Read and try";
pub const LESSON_PLANNED: &str = "Not written yet";

pub const PLAYGROUND_TITLE: &str = "Playground";
pub const PLAYGROUND_DESCRIPTION: &str =
    "The whole system at full width: order, break, mend, and look into every database.";
pub const PLAYGROUND_LEDE: &str =
    "The same living system with room to look around. Nothing here can be damaged for good.";

pub const NOT_FOUND_TITLE: &str = "Nothing grows here";
pub const NOT_FOUND: &str =
    "There is no page at this address. It may have been mistyped, or the page is not written yet.";
pub const ERROR_TITLE: &str = "That did not work";
pub const GO_HOME: &str = "To the start page";

pub const VESSEL: &str = "Terrarium";
pub const PLACE_ORDER: &str = "Place an order";
pub const QUANTITY: &str = "Quantity";
pub const DECLINE: &str = "Decline payments";
pub const ON: &str = "on";
pub const OFF: &str = "off";
pub const CRASH: &str = "Crash";
pub const RESTART: &str = "Restart";
pub const PAUSE: &str = "Pause";
pub const PLAY: &str = "Play";
pub const LIVE: &str = "Live";
pub const STEP_BACK: &str = "Step back";
pub const STEP_FORWARD: &str = "Step forward";
pub const MOMENT_BACK: &str = "Previous moment";
pub const MOMENT_FORWARD: &str = "Next moment";
pub const POSITION: &str = "Position";
pub const SPEED: &str = "Speed";
pub const STOPS: &str = "Stop at";
pub const STOP_AT_COMPENSATION: &str = "something taken back";
pub const STOP_AT_FAILURE: &str = "a refused payment or reservation";
pub const STOP_AT_CRASH: &str = "a crash";
pub const STOPPED_HERE: &str = "Stopped here, as you asked.";
pub const VIEWS: &str = "Views";
pub const VIEW_NAMES: [&str; 7] = ["Diagram", "Story", "Saga", "Space-time", "Trace", "Data", "Code"];
pub const LOOKING_BACK: &str = "Looking that far back …";
pub const CONTROLS: &str = "Controls";
pub const ORDERS: &str = "Orders";
pub const HISTORY: &str = "History";
pub const FOLD: &str = "Fold away";
pub const UNFOLD: &str = "Unfold";
pub const START_OVER: &str = "Start over";
pub const START_OVER_ASK: &str = "Delete this system with all its orders and history, and start a new one?";
pub const START_OVER_YES: &str = "Delete and start anew";
pub const START_OVER_NO: &str = "Keep it";
pub const TRY_AGAIN: &str = "Try again";
pub const START_NEW: &str = "Start a new one";
pub const KEYS: &str = "Keys";
pub const KEYS_ON: &str = "Listen to these keys";
pub const KEYS_LIST: [(&str, &str); 7] = [
    ("Space", "pause or play the picture"),
    ("← →", "step back and forward, by event"),
    ("Shift ← →", "the same, by what matters"),
    ("[ ]", "slower, faster"),
    ("L", "jump to live"),
    ("Esc", "close what explains"),
    ("?", "show or hide this"),
];

/// What a system without orders can be asked for by a button: type and fields of the command, and its name.
pub const COMMANDS: [(&str, &str, &str); 3] = [
    ("DepositMoney", "\"account_id\":42,\"amount_minor\":5000", "Deposit 50.00"),
    ("WithdrawMoney", "\"account_id\":42,\"amount_minor\":3000", "Withdraw 30.00"),
    ("PublishPost", "\"author_id\":1,\"text\":\"Hello from the glass\"", "Publish a post"),
];
pub const TEN_ORDERS: &str = "Ten orders";
pub const EVERY: &str = "Which charges are declined";
pub const EVERY_LIST: [(&str, &str); 3] = [("1", "all"), ("2", "every 2nd"), ("3", "every 3rd")];
pub const LOAD: &str = "Steady load";
pub const LOAD_HINT: &str = "Orders of one piece arrive at this rate, whatever becomes of them.";
pub const LOAD_QUEUED: &str = "It waits for its turn: two loads run on this server already.";
pub const LOAD_RATE: &str = "Orders a second";
pub const LOAD_START: &str = "Start the load";
pub const LOAD_STOP: &str = "Stop the load";
pub const KEEP_TITLE: &str = "Keep and export";
pub const KEEP_HINT: &str = "A kept run is a copy of all that happened so far. It stays when this system is gone.";
pub const KEEP_NAME: &str = "Name of the run";
pub const KEEP: &str = "Keep this run";
pub const KEEP_UNNAMED: &str = "Give the run a name first.";
pub const KEPT_OPEN: &str = "Open it";
pub const KEPT_ALL: &str = "all your runs";
pub const KEPT_READ_ONLY: &str = "This is a kept run: look at it from all sides; it does not change.";
pub const EXPORT_HINT: &str = "Take along what you see, or the whole record:";
pub const EXPORTS: [(&str, &str); 4] =
    [("svg", "SVG"), ("png", "PNG"), ("mermaid", "Mermaid"), ("ndjson", "NDJSON (the record)")];
pub const SPOKEN: &str = "Read aloud";
pub const SPOKEN_LIST: [&str; 3] = ["what matters", "results only", "nothing"];
pub const GROUP_BY: &str = "Listed by";
pub const GROUPINGS: [(&str, &str); 3] = [("service", "service"), ("saga", "order"), ("time", "time")];
pub const NO_CODE: &str = "Nothing that happened so far names a line of source. Place an order first.";
pub const LOADING: &str = "Loading …";
pub const EXPLAINED: &str = "Explained";
pub const CLOSE: &str = "Close";

pub const BEFORE: &str = "This is how things stand. What happens next is told here.";
pub const NOTHING_YET: &str = "Nothing has happened yet. Ask for something, and watch where it goes.";
pub const NOT_STARTED: &str = "This system starts when the page’s script runs.";
pub const NO_SCRIPT: &str = "Without JavaScript this page shows the system as it stood when the page was loaded.";
pub const NO_ORDERS: &str = "No orders yet.";
pub const ORDER_COLUMNS: [&str; 6] = ["Order", "Status", "Stock", "Payment", "Customer told", "Took"];
pub const TABLES: &str = "What is in the databases";
pub const TABLES_HINT: &str = "Each service’s own tables: how many rows, and the two that changed last.";
pub const NO_ROWS: &str = "no rows yet";
pub const NOT_YET: &str = "–";

pub const UP: &str = "up";
pub const CRASHED: &str = "crashed";
pub const PAUSED: &str = "paused";
pub const STOPPED: &str = "stopped";
pub const ASLEEP: &str = "asleep";
/// Before the fault that stands at a service which is up.
pub const UP_AND: &str = "up · ";
pub const YOU: &str = "you";
pub const TOPIC: &str = "topic";

pub const STARTING: &str = "Starting the services …";
pub const NOT_RUNNING: &str = "not started";
pub const WAKES: &str = "Asleep. It wakes at the next thing you do.";
pub const RECONNECTING: &str = "The connection is gone. Trying again by itself; nothing is lost.";
pub const GONE: &str =
    "This system was deleted. Its orders and history are gone; a new one starts in a moment when you ask for it.";
pub const TOO_MANY: &str = "Too many pages of yours are watching at once. Close another Terrarium tab, then try again.";
pub const CANNOT_START: &str = "No system could be started.";
pub const NO_ANSWER: &str = "The server did not answer. Nothing was changed; try again in a moment.";

pub fn title(page: &str) -> String {
    if page.is_empty() { SITE.into() } else { format!("{page} · {SITE}") }
}

pub fn crash(service: &str) -> String {
    format!("{CRASH} {service}")
}

pub fn restart(service: &str) -> String {
    format!("{RESTART} {service}")
}

pub fn replicas(count: u32) -> String {
    if count == 1 { "1 replica".into() } else { format!("{count} replicas") }
}

pub fn outside(name: &str, latency_ms: u64) -> String {
    if latency_ms == 0 { name.into() } else { format!("{name} · declared {latency_ms} ms") }
}

pub fn waiting(count: u64, reader: &str) -> String {
    format!("{count} waiting for {reader}")
}

pub fn dead_letters(count: u64, reader: &str) -> String {
    let noun = if count == 1 { "dead letter" } else { "dead letters" };
    format!("{count} {noun} for {reader}")
}

pub fn services_up(up: usize, all: usize) -> String {
    if up == all {
        format!("{all} {} up", if all == 1 { "service" } else { "services" })
    } else {
        format!("{up} of {all} up")
    }
}

pub fn ship(order: i64) -> String {
    format!("Ship order {order}")
}

pub fn latest_order(id: i64) -> String {
    format!("order {id}")
}

pub fn minutes(minutes: u8) -> String {
    format!("About {minutes} minutes")
}

/// How far one has come in a lesson.
pub fn progress(done: usize, steps: usize, answered: usize, questions: usize) -> String {
    let begun = if done == steps && answered == questions { "Done" } else { "Begun" };
    format!("{begun} · {done} of {steps} steps, {answered} of {questions} questions")
}

pub fn load(rate: u32) -> String {
    format!("load: {rate}/s")
}

/// A promise of the services that does not hold.
pub fn broken(name: &str, detail: &str) -> String {
    format!("Broken promise, {name}: {detail}")
}

pub fn kept(name: &str) -> String {
    format!("“{name}” is kept.")
}

/// Several things have happened since one last heard of any.
pub fn meanwhile(events: usize, sentence: &str) -> String {
    format!("{events} things happened. The latest: {sentence}")
}

/// How all orders stand, once nothing is under way.
pub fn at_rest(pending: u64, confirmed: u64, cancelled: u64) -> String {
    format!("At rest: {confirmed} CONFIRMED, {cancelled} CANCELLED, {pending} PENDING.")
}

/// Messages a second on an edge.
pub fn rate(per_second: usize) -> String {
    format!("{per_second}/s")
}

pub fn percentiles(half: u64, most: u64) -> String {
    format!("p50 {} · p99 {}", elapsed(half), elapsed(most))
}

pub fn slowest(most: u64) -> String {
    format!("p99 {}", elapsed(most))
}

pub fn failing(percent: usize) -> String {
    format!("{percent} % failures")
}

pub fn stop_at(service: &str) -> String {
    format!("anything at {service}")
}

/// How the slider's value is heard.
pub fn position(position: u64, end: u64, sentence: &str) -> String {
    format!("{position} of {end}. {sentence}")
}

pub fn newer(count: u64) -> String {
    format!("{count} new")
}

pub fn stretched(times: u64) -> String {
    format!("stretched {times}×")
}

pub fn table(service: &str, table: &str, rows: u64) -> String {
    let noun = if rows == 1 { "row" } else { "rows" };
    format!("{service} · {table}, {rows} {noun}")
}

/// Elapsed time as one reads it off: `640 µs`, `18.7 ms`, `3.42 s`.
pub fn elapsed(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{}.{} ms", us / 1_000, us / 100 % 10),
        1_000_000..60_000_000 => format!("{}.{:02} s", us / 1_000_000, us / 10_000 % 100),
        _ => format!("{} min {:02} s", us / 60_000_000, us / 1_000_000 % 60),
    }
}

/// The time beside a sentence: `0.0187 s`.
pub fn moment(us: u64) -> String {
    format!("{}.{:04} s", us / 1_000_000, us / 100 % 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_to_be_read_off() {
        assert_eq!([640, 18_730, 3_421_000, 75_000_000].map(elapsed), ["640 µs", "18.7 ms", "3.42 s", "1 min 15 s"]);
        assert_eq!(moment(18_730), "0.0187 s");
    }
}
