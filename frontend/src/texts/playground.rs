//! What can be started in the playground.

pub const CHOOSE: &str = "Which system";

/// Each topology in a sentence, by its name.
const SENTENCES: [(&str, &str); 8] = [
    (
        "saga-choreography",
        "Each service hears what the others did, and knows what is its own to do next. Nobody leads.",
    ),
    ("saga-orchestration", "One service leads: it asks for each step, waits for the answer, and has steps taken back."),
    ("saga-challenge", "The same shop as somebody else built it, with a flaw left in. Find it, prove it, close it."),
    (
        "saga-choreography-gift",
        "A fourth participant, gift wrapping, in the choreography: two services have to hear somebody else than before.",
    ),
    ("saga-orchestration-gift", "The same participant where one service leads: one more entry in its list."),
    (
        "event-sourced-account",
        "One service that keeps what happened to each account, and counts the balance from it. Replay it, correct it, read it anew.",
    ),
    ("monolith", "Everything in one process on one database: an order is one transaction, and there is no saga."),
    (
        "cqrs-feed",
        "Posts are written by one model and read from three others, each of which keeps them as its readers want them.",
    ),
];

/// What one finds behind a topology's title; a later one needs no sentence to be listed.
pub fn sentence(topology: &str) -> &'static str {
    SENTENCES.iter().find(|(name, _)| *name == topology).map_or("", |(_, sentence)| sentence)
}

/// What has a page of its own: the topology, its path, its name, and what is there.
pub const PAGES: [(&str, &str, &str, &str); 2] = [
    (
        "event-sourced-account",
        "/replay",
        "Replay these accounts",
        "Each account card by card, what it held at any time and what was believed then, and read models to build anew.",
    ),
    (
        "cqrs-feed",
        "/feed",
        "Read and load this feed",
        "Three readers beside each other, a load of posts and reads with its charts, and a read model to break and rebuild.",
    ),
];

/// The topology of the playground's plain address.
pub const PLAIN: &str = SENTENCES[0].0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_can_be_started_has_a_sentence() {
        for topology in protocol::topologies() {
            assert!(!sentence(&topology.name).is_empty(), "{}", topology.name);
        }
    }
}
