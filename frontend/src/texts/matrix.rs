//! The words of the page of the coverage matrix.

pub const NAV: &str = "Matrix";
pub const TITLE: &str = "Every step, every fault";
pub const DESCRIPTION: &str =
    "The coverage matrix: every step of a saga struck by every fault, each on a real system of its own.";
pub const LEDE: &str = "A saga is as good as its worst moment, so here is every one of them. Each cell starts a real \
     system of its own, places one order, strikes one step once, heals what was broken, and looks at what is left.";

pub const STYLE: &str = "Saga";
pub const SWITCHES: &str = "Protections";
pub const SWITCHES_HINT: &str = "Leave a hole, run the matrix, and see which moments fall into it. Then close it.";
pub const SWITCHES_NONE: &str = "Nothing can be switched off here.";

pub const RUN: &str = "Run the matrix";
pub const NO_SCRIPT: &str = "Running the matrix needs JavaScript; its last result and the runs of its cells do not.";
pub const NEVER_RUN: &str = "It has not been run yet. It takes a few seconds.";
pub const NO_ANSWER: &str = "The server did not answer. Nothing was begun; try again in a moment.";
pub const GONE: &str = "This matrix is gone: the server was started anew. Run it again.";
pub const STALE: &str = "The protections have changed since. Run it again to see what that does.";
pub const ALL_ON: &str = "With every protection on.";
pub const WITH_OFF: &str = "With {names} off.";
pub const AND: &str = " and ";
pub const PROGRESS: &str = "Cells that have ended";
pub const KEPT_UNTIL: &str =
    "The runs of the cells are kept until you run this matrix again, or the server is started anew.";

pub const CAPTION: &str = "How each step ends under each fault";
pub const STEP: &str = "Step";
pub const FAULTS: [(&str, &str, &str); 4] = [
    ("before-commit", "before commit", "The step fails before its commit. Nothing was done."),
    ("after-commit", "after commit", "Its service dies right after the commit, before it says a word."),
    ("timeout", "timeout", "What asks for it is lost on the way, and comes when the wait is over."),
    ("duplicate", "duplicate", "What asks for it comes twice."),
];

/// Each state of a cell, its word, and what it means. The first is of a cell that was never run.
pub const STATES: [(&str, &str, &str); 7] = [
    ("none", "not run", ""),
    ("waiting", "waiting", ""),
    ("running", "running", ""),
    ("consistent", "consistent", "The saga ended, and every promise holds."),
    ("inconsistent", "inconsistent", "It ended, and a promise is broken."),
    ("stuck", "stuck", "All is healed, and still it does not end."),
    ("unreached", "not reached", "The step was never asked for, so nothing could strike it."),
];
pub const LEGEND: &str = "What the cells say";

pub const HOLES: &str = "Where it falls through";
pub const HOLES_HINT: &str = "Open a run and step through it: the fault is marked in the soil.";
pub const NO_HOLES: &str = "Every cell ends consistent. Whatever is struck, and whenever, the saga comes to its end.";
pub const OPEN: &str = "Open its run";

/// A protection by name: what it gives while it is on, what happens while it is off.
pub fn switch(name: &str) -> [&'static str; 2] {
    match name {
        "outbox" => [
            "What a service has to say is committed with what it did, and sent until the broker has it.",
            "What a service has to say is sent once, after the commit. A crash between the two silences it for good.",
        ],
        "inbox" => [
            "A message that was seen before is recognised and not handled again.",
            "A message that comes twice is handled twice. A card may be charged twice.",
        ],
        "semantic-lock" => [
            "A parcel leaves only once its order is CONFIRMED.",
            "A parcel may leave while its order is PENDING, and the order be CANCELLED after it.",
        ],
        "compensation" => [
            "When a saga fails, what its earlier steps did is taken back.",
            "When a saga fails, what its earlier steps did stays: stock is held for an order nobody will pay.",
        ],
        "split-model" => [
            "Each reader is answered by a read model of its own, which follows what is written.",
            "Every reader is answered by the model that is written to, which joins for it and has fewer workers left to write.",
        ],
        "refund-on-rejection" => [
            "When nothing is left of what was paid for, the money goes back.",
            "When nothing is left of what was paid for, the money stays with the shop.",
        ],
        "upcast-v1" => [
            "Events of the first year, in whole units, are read as cents.",
            "Nothing turns whole units into cents: an account that holds events of the first year cannot be read.",
        ],
        "upcast-v2" => [
            "Events without a value date are read as counting from when they were recorded.",
            "Nothing gives older events a value date: an account that holds any cannot be read.",
        ],
        "distinct-by-event-id" => [
            "A build of balances that is begun now knows a repeat by the event's id.",
            "A build of balances that is begun now takes two equal entries of one day for a repeat.",
        ],
        _ => ["On, as it should be.", "Off."],
    }
}

pub fn takes_back(step: &str) -> String {
    format!("takes back {step}")
}

/// What a cell is about, for who cannot see where it stands.
pub fn cell(step: &str, fault: &str) -> String {
    format!("{step}, {fault}: ")
}

pub fn count(ended: usize, all: usize) -> String {
    COUNT.replace("{ended}", &ended.to_string()).replace("{all}", &all.to_string())
}

/// With which protections off a result was had.
pub fn with_off(off: &[String]) -> String {
    let names = match off {
        [] => return ALL_ON.into(),
        [one] => one.clone(),
        [most @ .., last] => format!("{}{AND}{last}", most.join(", ")),
    };
    WITH_OFF.replace("{names}", &names)
}

/// `{…}` stand for figures; the page's script fills in the same sentence.
pub const UNDER_WAY: &str = "Under way: every cell is a system of its own.";
pub const COUNT: &str = "{ended} of {all} cells have ended";
pub const ALL_GREEN: &str = "All {all} cells end consistent, in {seconds} s.";
pub const SOME_RED: &str = "{red} of {all} cells fall through, in {seconds} s.";
pub const FAILED: &str = "It could not be finished: {detail}.";

/// How a matrix stands, in one sentence.
pub fn standing(state: &str, detail: &str, red: usize, all: usize, took_ms: u64) -> String {
    let sentence = match state {
        "running" => UNDER_WAY,
        "failed" => FAILED,
        _ if red == 0 => ALL_GREEN,
        _ => SOME_RED,
    };
    let seconds = format!("{}.{}", took_ms / 1000, took_ms % 1000 / 100);
    sentence
        .replace("{all}", &all.to_string())
        .replace("{red}", &red.to_string())
        .replace("{seconds}", &seconds)
        .replace("{detail}", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_stands_in_one_sentence() {
        assert_eq!(standing("running", "", 1, 32, 900), UNDER_WAY);
        assert_eq!(standing("done", "", 0, 32, 7_460), "All 32 cells end consistent, in 7.4 s.");
        assert_eq!(standing("done", "", 2, 32, 7_460), "2 of 32 cells fall through, in 7.4 s.");
        assert_eq!(standing("failed", "no room", 0, 32, 9), "It could not be finished: no room.");
        assert_eq!(count(3, 32), "3 of 32 cells have ended");
    }

    #[test]
    fn what_was_off_is_named() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(with_off(&[]), ALL_ON);
        assert_eq!(with_off(&names(&["inbox"])), "With inbox off.");
        assert_eq!(with_off(&names(&["outbox", "inbox"])), "With outbox and inbox off.");
    }
}
