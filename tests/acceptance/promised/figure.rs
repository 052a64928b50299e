//! How many cases a promise is tested with.

use std::time::{Duration, Instant};

/// The figures of each promise: in the test command, and in a long run.
const FIGURES: [(&str, u64, u64); 9] = [
    ("R1", 100, 5_000),
    ("R1 of services", 100, 5_000),
    ("R3", 2_000, 100_000),
    ("R6", 20_000, 1_000_000),
    ("R7", 5_000, 200_000),
    ("R7 without an outbox", 100, 1_000),
    ("R11", 3, 100),
    ("R12", 200, 5_000),
    ("R18", 500, 50_000),
];

/// Between two words about how far a long run has come.
const EVERY: Duration = Duration::from_secs(10);

/// Counts the cases, until there are enough or the time is over.
pub struct Figure {
    id: &'static str,
    seen: u64,
    wanted: u64,
    soak: bool,
    until: Option<Instant>,
    said: Instant,
}

impl Figure {
    /// With `TERRARIUM_SOAK` it is the one of a long run, and `TERRARIUM_SOAK_MINUTES` ends it early.
    pub fn of(id: &'static str) -> Self {
        let (_, short, long) = FIGURES.into_iter().find(|figure| figure.0 == id).expect("a promise with a figure");
        let soak = std::env::var_os("TERRARIUM_SOAK").is_some();
        let minutes = std::env::var("TERRARIUM_SOAK_MINUTES").ok().and_then(|minutes| minutes.parse::<u64>().ok());
        let now = Instant::now();
        let until = minutes.filter(|_| soak).map(|minutes| now + Duration::from_secs(60 * minutes));
        Figure { id, seen: 0, wanted: if soak { long } else { short }, soak, until, said: now }
    }

    /// So many, in a long run as well.
    pub fn fixed(id: &'static str, wanted: u64) -> Self {
        Figure { id, seen: 0, wanted, soak: false, until: None, said: Instant::now() }
    }

    pub fn is_reached(&self) -> bool {
        self.seen >= self.wanted || self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// So many more cases, none of them broken.
    pub fn add(&mut self, cases: usize) {
        self.seen += cases as u64;
        if self.soak && self.said.elapsed() >= EVERY {
            self.said = Instant::now();
            eprintln!("  {}: {} of {}", self.id, self.seen, self.wanted);
        }
    }

    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// In the words of a soak, which looks for them.
    pub fn report(self, what_broke: &str) {
        println!("{}: 0 in {} {what_broke}", self.id, self.seen);
    }
}
