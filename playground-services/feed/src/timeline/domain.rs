//! What a timeline does with a post. Pure: no IO, no clock.

use crate::progress::Progress;
use protocol::PostPublished;

/// All builds of the timeline, and what is new since they were loaded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timelines {
    /// Of what was heard. Builds that follow have come as far.
    pub progress: Progress,
    pub builds: Vec<Build>,
    /// Posts not heard before.
    pub heard: Vec<PostPublished>,
    /// Posts to be shown, each with its build.
    pub shown: Vec<(i64, PostPublished)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Build {
    pub build: i64,
    pub state: State,
    pub position: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// What readers are shown.
    Live,
}

impl State {
    const ALL: [State; 1] = [State::Live];

    pub fn name(self) -> &'static str {
        match self {
            State::Live => "live",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }

    /// It takes in every post as it is heard.
    fn follows(self) -> bool {
        matches!(self, State::Live)
    }
}

impl Timelines {
    /// A repeat changes nothing, whoever lets it through: a post is known by its number.
    pub fn hear(&mut self, post: PostPublished) {
        if self.progress.has(post.post_id) {
            return;
        }
        self.progress.put(post.post_id);
        for build in self.builds.iter_mut().filter(|build| build.state.follows()) {
            build.position = self.progress.position();
            self.shown.push((build.build, post.clone()));
        }
        self.heard.push(post);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(post_id: i64) -> PostPublished {
        let text = || String::from("t");
        PostPublished { post_id, author_id: 1, author: text(), text: text(), tags: vec![], posted_at: text() }
    }

    fn timelines() -> Timelines {
        Timelines { builds: vec![Build { build: 1, state: State::Live, position: 0 }], ..Timelines::default() }
    }

    #[test]
    fn a_post_that_comes_before_its_time_is_shown_and_does_not_count_yet() {
        let mut timelines = timelines();
        timelines.hear(post(2));
        assert_eq!((timelines.builds[0].position, timelines.shown.len()), (0, 1));
        timelines.hear(post(1));
        assert_eq!((timelines.builds[0].position, timelines.shown.len()), (2, 2));
    }

    #[test]
    fn a_post_that_comes_twice_is_shown_once() {
        let mut timelines = timelines();
        timelines.hear(post(1));
        timelines.hear(post(1));
        assert_eq!((timelines.heard.len(), timelines.shown.len()), (1, 1));
    }

    #[test]
    fn a_state_reads_back() {
        for state in State::ALL {
            assert_eq!(State::parse(state.name()), Some(state));
        }
    }
}
