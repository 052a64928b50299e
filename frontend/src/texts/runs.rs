//! The words of the pages about kept runs.

pub const NAV: &str = "Runs";
pub const TITLE: &str = "Your runs";
pub const DESCRIPTION: &str = "Runs you keep: named recordings that outlive their system, to open, compare and carry \
     to another machine.";
pub const LEDE: &str = "A run is a recording you keep: everything a system did, up to a point, under a name. \
     It opens like a living system, only that it stands still.";

pub const KEPT_RUNS: &str = "Kept";
pub const EMPTY: &str = "Nothing is kept yet.";
pub const EMPTY_HOW: &str = "Go to the playground, place an order, break something, place another. \
     Then come back and keep what happened: give it a name below. Keep a second one, and lay the two side by side.";
pub const TO_THE_PLAYGROUND: &str = "To the playground";

pub const DOWNLOAD: &str = "Download NDJSON";
pub const RENAME: &str = "Rename";
pub const NAME: &str = "Name";
pub const SAVE: &str = "Save";
pub const DELETE: &str = "Delete";
pub const DELETE_ASK: &str = "A deleted run is gone for good, unless you have downloaded it.";
pub const DELETE_YES: &str = "Delete for good";

pub const LIVING: &str = "Living systems";
pub const LIVING_HINT: &str = "Keep what one of your systems has done so far. It lives on; the run stays as it is.";
pub const LIVING_NONE: &str = "You have no system at the moment. One starts when you open the playground.";
pub const KEEP: &str = "Keep as a run";
pub const KEEP_EXAMPLE: &str = "Such as: the card is declined";

pub const COMPARE: &str = "Compare two";
pub const COMPARE_HINT: &str = "Side by side, order by order, with the first difference marked.";
pub const COMPARE_FIRST: &str = "One run";
pub const COMPARE_SECOND: &str = "The other";
pub const COMPARE_GO: &str = "Compare";

pub const IMPORT: &str = "Open a file";
pub const IMPORT_HINT: &str = "An exported NDJSON file, of this machine or another, becomes a run like any other.";
pub const IMPORT_FILE: &str = "NDJSON file";
pub const IMPORT_NAME: &str = "Name (optional)";
pub const IMPORT_GO: &str = "Import";

pub const NO_SCRIPT: &str = "Keeping, renaming, deleting and importing need JavaScript; opening, downloading and \
     comparing do not.";
pub const WORKING: &str = "One moment …";
pub const NO_ANSWER: &str = "The server did not answer. Nothing was changed; try again in a moment.";

pub const MISSING: &str =
    "The run in this address does not exist, or it belongs to somebody else. This is a system of your own instead.";

pub const COMPARE_TITLE: &str = "Side by side";
pub const COMPARE_DESCRIPTION: &str = "Two runs compared command by command.";
pub const COMPARE_LEDE: &str = "What came of each command, service by service. What services did at the same time may \
     lie in any order, so times and the order between services do not count. What happened between two commands, \
     such as a crash or a fault, counts to the one before.";
pub const FIRST_DIFFERENCE: &str = "The first difference";
pub const NO_DIFFERENCE: &str = "No difference: every command came to the same in both runs.";
pub const ONLY_HERE: &str = "only in this run";
pub const NOTHING_THERE: &str = "nothing of the kind";
pub const NO_SUCH_COMMAND: &str = "This run has no such command.";
pub const BEFORE_THE_FIRST: &str = "Before the first command";
pub const DIFFERS: &str = "differs";
pub const THE_SAME: &str = "the same";
pub const EARLIER: &str = "Earlier commands";
pub const LATER: &str = "Later commands";
pub const BACK: &str = "All your runs";
pub const SIDES: [&str; 2] = ["A", "B"];

pub fn origin(origin: &str) -> &'static str {
    match origin {
        "imported" => "from a file",
        "matrix" => "a cell of the matrix",
        "sandbox" => "still living",
        _ => "kept here",
    }
}

pub fn events(position: u64) -> String {
    if position == 1 { "1 event".into() } else { format!("{position} events") }
}

pub fn name_of(run: &str) -> String {
    format!("New name of {run}")
}

pub fn delete(run: &str) -> String {
    format!("{DELETE} {run}")
}

pub fn living(title: &str, position: u64) -> String {
    format!("{title}, living, {}", events(position))
}

pub fn command(ordinal: u64) -> String {
    if ordinal == 0 { BEFORE_THE_FIRST.into() } else { format!("Command {ordinal}") }
}

pub fn more(count: u64) -> String {
    format!("and {count} more")
}

pub fn file_bound(bytes: usize) -> String {
    match bytes {
        0..1_048_576 => format!("Up to {} kB.", bytes / 1024),
        _ => format!("Up to {} MB.", bytes / 1_048_576),
    }
}
