//! The words of the page of the feed.

pub const NAV: &str = "Feed";
pub const TITLE: &str = "Write here, read there";
pub const DESCRIPTION: &str =
    "CQRS on a real feed: one model to write posts, others to read them, measured under load, broken and rebuilt.";
pub const LEDE: &str = "A feed is read far more often than it is written. Here posts are written by one model and read \
     from others, which hear of each post a moment later. What that buys, what it costs, and what a reader \
     sees in that moment: all of it on services that run now.";

pub const MISSING: &str = "The run you asked for is not here, or it is not a feed. Start a feed of your own instead.";
pub const NONE: &str =
    "There is no feed of yours yet. It takes a second to start: four services, each with a database of its own.";
pub const START: &str = "Start a feed";
pub const NO_SCRIPT: &str = "Starting a feed and turning its dials needs JavaScript; what was measured reads without.";
pub const KEPT: &str = "This is a kept run: what was measured in it is all here, and it stands still.";
pub const OPEN: &str = "Open it in the playground";
pub const ANOTHER: &str = "Start another";
pub const NO_ANSWER: &str = "The server did not answer. Nothing was changed; try again in a moment.";
/// The stream of events broke off, and is tried again.
pub const AWAY: &str = "The connection is gone, so the page stands still. It tries again by itself; nothing is lost.";
pub const CROWDED: &str = "This page hears nothing of the feed just now, and tries again by itself. {reason}";
pub const GONE: &str =
    "This feed is gone: it was deleted, or nobody had used it for long. What you see is the last that was heard of it.";
pub const CONTENTS: &str = "On this page";
pub const SECTIONS: [(&str, &str); 5] = [
    ("user", "What a reader sees"),
    ("models", "Three read models"),
    ("load", "Under load"),
    ("rebuild", "Break and rebuild"),
    ("cost", "What it costs"),
];

pub const DIALS: &str = "The system";
pub const MODEL: &str = "Reads are answered by";
pub const SPLIT: &str = "read models";
pub const SPLIT_HINT: &str = "Each keeps the posts as its readers want them.";
pub const SINGLE: &str = "the write model";
pub const SINGLE_HINT: &str = "It joins for each reader, with the workers it writes with.";
pub const LAG: &str = "Projection lag";
pub const LAG_HINT: &str = "News of a post reaches the timeline so much later. A fault on the wire, and really there.";
pub const REPLICAS: &str = "Replicas of the timeline";
pub const MS: &str = "ms";

/// What a replica's capacity is declared to be.
pub fn capacity(workers: u32, latency_ms: u64) -> String {
    let most = (u64::from(workers) * 1000).checked_div(latency_ms).unwrap_or_default();
    format!(
        "Declared, so that it shows on any machine: a read keeps one of {workers} workers busy for {latency_ms} ms. \
         A replica answers {most} reads a second at the very best, and so does the write model."
    )
}

pub const USER: &str = "What a reader sees";
pub const USER_TEXT: &str = "You publish a post and look at the timeline: the same click, told in three ways. Turn up the lag and publish again.";
pub const AUTHOR: &str = "You are";
pub const POST: &str = "Your post";
pub const POST_EXAMPLE: &str = "Is anybody out there?";
pub const PUBLISH: &str = "Publish";
/// Name, heading, what it does.
pub const WAYS: [(&str, &str, &str); 3] = [
    ("naive", "Naive", "Asks for the newest posts as soon as the command is accepted, and shows what comes."),
    ("honest", "Honest", "Shows your post at once, says that it is being published, and asks until it is there."),
    ("own", "Read your writes", "Takes the number of your post from the record, and asks for an answer that has it."),
];
pub const NOTHING_YET: &str = "No posts yet.";
pub const REFRESH: &str = "Refresh";
pub const LOST: &str = "Your post is not there. Many would write it again.";
pub const THERE: &str = "Your post is there.";
pub const PENDING: &str = "being published…";
pub const PUBLISHED: &str = "Published. It took {ms} ms to be seen.";
pub const AWAITED: &str = "Asked for post {post} and later; answered after {ms} ms, with position {position}.";
pub const AWAITING: &str = "Asks for post {post} and later…";
pub const SLOW: &str = "Accepted, and not heard of for ten seconds. It is not lost: the write model may be down, or this page out of touch.";
pub const REFUSED: &str = "It was refused: {reason}";

pub const MODELS: &str = "Three read models";
pub const MODELS_TEXT: &str = "Each keeps the posts as its own readers ask for them, and hears of each post by itself. So each has a position of its own: with a lag on its way, the timeline comes to a post later than the other two.";
/// Name, heading, what it keeps.
pub const READ_MODELS: [(&str, &str, &str); 3] = [
    ("timeline", "Timeline", "Rows as they are shown, the newest first. Its readers are above."),
    ("catalogue", "Catalogue", "Every word, with the posts it is in."),
    ("dashboard", "Dashboard", "Numbers of posts, counted as they come."),
];
pub const HEARD: &str = "Has heard up to post {position} of {newest}.";
pub const SEARCH: &str = "Words to look for";
pub const SEARCH_DO: &str = "Search";
pub const FOUND: &str = "Answered by {service}, up to post {position}.";
pub const FOUND_NONE: &str = "No post has all of these words. Answered by {service}, up to post {position}.";
/// The kinds of counts, and what each is called.
pub const COUNTS: [(&str, &str); 3] = [("author", "By author"), ("tag", "By tag"), ("day", "By day")];
pub const NOT_COUNTED: &str = "Nothing to count yet.";

/// What the page's script has to say, by the name it knows it by.
pub const FOR_SCRIPT: [(&str, &str); 22] = [
    ("noAnswer", NO_ANSWER),
    ("lost", LOST),
    ("there", THERE),
    ("pending", PENDING),
    ("published", PUBLISHED),
    ("awaited", AWAITED),
    ("awaiting", AWAITING),
    ("refused", REFUSED),
    ("queued", QUEUED),
    ("running", RUNNING),
    ("off", OFF),
    ("notAnswered", NOT_ANSWERED),
    ("away", AWAY),
    ("crowded", CROWDED),
    ("slow", SLOW),
    ("heard", HEARD),
    ("found", FOUND),
    ("foundNone", FOUND_NONE),
    ("measuring", MEASURING),
    ("measured", MEASURED),
    ("split", SPLIT),
    ("single", SINGLE),
];

pub fn heard(position: i64, newest: i64) -> String {
    HEARD.replace("{position}", &position.to_string()).replace("{newest}", &newest.to_string())
}

pub fn found(any: bool, service: &str, position: i64) -> String {
    let sentence = if any { FOUND } else { FOUND_NONE };
    sentence.replace("{service}", service).replace("{position}", &position.to_string())
}

/// Rows of a build, or of those at hand so many.
pub fn rows(count: u64, or_more: bool) -> String {
    if or_more { format!("{count} or more") } else { count.to_string() }
}

pub const LOAD: &str = "Under load";
pub const LOAD_TEXT: &str = "Posts and reads arrive at their planned times, whether those before are answered or not, and every answer counts from when it was planned. So waiting counts, too.";
pub const WRITES: &str = "Posts a second";
pub const PER_WRITE: &str = "Reads for each post";
pub const BEGIN: &str = "Start the load";
pub const STOP: &str = "Stop the load";
pub const MEASURE: &str = "Measure both models";
pub const MEASURE_HINT: &str = "At 1, 10, 40 and 80 reads for each post, six seconds each: first answered by the write model, then by read models.";
pub const MEASURING: &str = "Measuring {model} at {reads} reads for each post.";
pub const MEASURED: &str = "Measured. The table below has it all.";
pub const QUEUED: &str = "As many loads run on this server as may. It begins when one of them ends.";
pub const RUNNING: &str = "The load runs: {reads} reads and {writes} posts a second are planned.";
pub const OFF: &str = "No load runs.";
pub const NOT_MEASURED: &str = "Nothing was measured yet. Start the load.";
/// Id, heading, unit; then the names of its lines, the first one drawn solid.
pub const CHARTS: [(&str, &str, &str, [&str; 2]); 4] = [
    ("throughput", "Reads answered", "a second", ["answered", "planned"]),
    ("reads", "Time of a read", "ms", ["99th percentile", "median"]),
    ("writes", "Time of a post", "ms", ["99th percentile", "median"]),
    ("lag", "How far answers lag behind", "ms", ["99th percentile", ""]),
];
pub const SECONDS: &str = "the last two minutes of load, second by second";
pub const NOT_ANSWERED: &str = "Nothing was answered in this second.";

pub const COMPARED: &str = "What was measured in this run";
pub const COMPARED_CAPTION: &str = "Each setting that a load ran with";
pub const COLUMNS: [&str; 9] = [
    "Reads per post",
    "Answered by",
    "Replicas",
    "Lag set",
    "Planned a second",
    "Answered a second",
    "Read p99",
    "Post p99",
    "Staleness p99",
];
pub const COLUMNS_NOTE: &str = "Medians of the seconds measured; the second in which something was changed is left out. A staleness of 0 means that no answer lacked a post that was written when it was asked for.";

pub fn verdict(wins_from: Option<u32>, measured_both: bool, replicas: u32, staleness: &str) -> String {
    let replicas = counted(replicas);
    match wins_from {
        Some(reads) => format!(
            "On this machine, with {replicas} of the timeline, the split model wins from {reads} reads per post on: who \
             reads or who writes waits less than four fifths as long, and nobody clearly longer. For that its answers lagged up to {staleness} behind."
        ),
        None if measured_both => {
            format!("With {replicas} of the timeline the split model did not win at any share of reads measured here.")
        }
        None => {
            "Measure both models at the same share of reads, and here it says from where on the split one wins.".into()
        }
    }
}

fn counted(replicas: u32) -> String {
    if replicas == 1 { "1 replica".to_owned() } else { format!("{replicas} replicas") }
}

/// Where not even the read models answer all that is planned.
pub fn overrun(per_write: u32, answered: u64, planned: u32, replicas: u32) -> String {
    let replicas = counted(replicas);
    format!(
        "At {per_write} reads per post it answers {answered} of the {planned} reads planned a second: it wants more \
         than {replicas}."
    )
}

pub const REBUILD: &str = "Break and rebuild";
pub const REBUILD_TEXT: &str = "A read model holds nothing that could not be had again. Run a migration that goes wrong, see what readers get, build the timeline anew beside the old one, which goes on serving, and have readers switch over.";
pub const BREAK: &str = "Break the timeline";
pub const BUILD: &str = "Build it anew";
pub const SWITCH: &str = "Switch readers over";
pub const BUILDS_CAPTION: &str = "The builds of the timeline";
pub const BUILD_COLUMNS: [&str; 5] = ["Build", "State", "Posts up to", "Rows", "Not as written"];
pub const BUILDS_NOTE: &str = "Compared with the write model, over the newest rows of both.";
pub const STATES: [(&str, &str); 4] = [
    ("live", "live: readers are shown it"),
    ("building", "building: it takes in what was heard"),
    ("ready", "ready: it follows, and nobody is shown it yet"),
    ("old", "old: it was live before"),
];
pub const READERS_GET: &str = "What readers get now";

pub const COST: &str = "What it costs";
pub const COST_TEXT: &str = "Counted from this system as it stands. For a plain list of records that few people read, this is the price of nothing.";
pub const COST_CAPTION: &str = "One model against read models of their own";
pub const COST_COLUMNS: [&str; 3] = ["", "One model", "Split"];
pub const COSTS: [&str; 9] = [
    "Services",
    "Replicas running",
    "Databases",
    "Tables",
    "Rows",
    "Messages handled",
    "Messages that wait",
    "Lines of code",
    "Staleness, worst second",
];
pub const COUNT: &str = "Count again";
pub const WHEN_NOT: &str = "Leave it when reads are few, when readers must see every write at once, or when one table answers all that is asked. An index or a copy of the whole database for reading often goes a long way first.";

/// The worst lag of one way to answer, where a load has measured any.
pub fn staleness(worst_us: Option<u64>) -> String {
    worst_us.map_or_else(|| "not measured".to_owned(), ms)
}

/// Microseconds as milliseconds, short.
pub fn ms(us: u64) -> String {
    match us {
        0 => "0 ms".into(),
        1..10_000 => format!("{}.{} ms", us / 1000, us % 1000 / 100),
        _ => format!("{} ms", us / 1000),
    }
}

pub fn milliseconds(ms: u64) -> String {
    format!("{ms} ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        assert_eq!([0, 900, 5_240, 31_999].map(ms), ["0 ms", "0.9 ms", "5.2 ms", "31 ms"]);
    }

    #[test]
    fn a_capacity_is_named() {
        assert!(capacity(2, 5).contains("400 reads a second"));
    }
}
