//! What a timeline does with a post, and how it is built anew. Pure: no IO, no clock.

use crate::progress::Progress;
use kit::Origin;
use protocol::PostPublished;

/// All builds of the timeline, and what is new since they were loaded.
#[derive(Debug, Default)]
pub struct Timelines {
    /// Of what was heard. Builds that follow have come as far.
    pub progress: Progress,
    pub builds: Vec<Build>,
    /// Posts not heard before.
    pub heard: Vec<PostPublished>,
    /// Posts to be shown, each with its build.
    pub shown: Vec<(i64, PostPublished)>,
    /// What was heard before, in order: as much of it as a new build takes in one transaction.
    pub replay: Vec<PostPublished>,
    /// Who asked for a new build.
    pub origin: Option<(i64, Origin)>,
    /// The build whose rows are to be damaged.
    pub damaged: Option<i64>,
    /// When the new build goes on, in microseconds since the sandbox was created.
    pub due_us: Option<u64>,
}

/// Posts that a new build takes in one transaction.
pub const AT_ONCE: usize = 200;

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
    /// Takes in what was heard, from the first post on. Nobody is shown it.
    Building,
    /// Has all that was heard, and follows. Nobody is shown it yet.
    Ready,
    /// Was live before.
    Old,
}

impl State {
    const ALL: [State; 4] = [State::Live, State::Building, State::Ready, State::Old];

    pub fn name(self) -> &'static str {
        match self {
            State::Live => "live",
            State::Building => "building",
            State::Ready => "ready",
            State::Old => "old",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }

    /// It takes in every post as it is heard.
    fn follows(self) -> bool {
        matches!(self, State::Live | State::Ready)
    }
}

/// A build that went from one state to another; from nothing where it begins.
pub type Change = (i64, Option<State>, State);

impl Timelines {
    /// A repeat changes nothing, whoever lets it through: a post is known by its number.
    pub fn hear(&mut self, post: PostPublished) {
        if self.progress.has(post.post_id) {
            return;
        }
        self.progress.put(post.post_id);
        // It lay in a gap that a build under way has passed.
        for build in self.builds.iter().filter(|it| it.state == State::Building && post.post_id <= it.position) {
            self.shown.push((build.build, post.clone()));
        }
        for build in self.builds.iter_mut().filter(|build| build.state.follows()) {
            build.position = self.progress.position();
            self.shown.push((build.build, post.clone()));
        }
        self.heard.push(post);
    }

    pub fn in_state(&mut self, state: State) -> Option<&mut Build> {
        self.builds.iter_mut().find(|build| build.state == state)
    }

    /// Begins a build beside the live one.
    pub fn rebuild(&mut self, origin: Origin) -> Result<Change, String> {
        if let Some(build) = self.builds.iter().find(|build| matches!(build.state, State::Building | State::Ready)) {
            return Err(format!("Build {} is there already. Have readers switch to it first.", build.build));
        }
        let build = self.builds.iter().map(|build| build.build).max().unwrap_or_default() + 1;
        self.builds.push(Build { build, state: State::Building, position: 0 });
        self.origin = Some((build, origin));
        Ok((build, None, State::Building))
    }

    /// Goes on with the build, which had come so far: gaps or no, it takes in what was heard, and its
    /// position is the last of that. It is ready once nothing is left, and from then on its position
    /// is that of what follows.
    pub fn go_on(&mut self, build: i64, from: i64) -> Option<Change> {
        let end = self.progress.position();
        let known =
            |known: &&mut Build| known.build == build && known.state == State::Building && known.position == from;
        let under_way = self.builds.iter_mut().find(known)?;
        let is_all = self.replay.len() < AT_ONCE;
        for post in self.replay.drain(..) {
            under_way.position = post.post_id;
            self.shown.push((build, post));
        }
        if !is_all {
            return None;
        }
        under_way.state = State::Ready;
        under_way.position = end;
        Some((build, Some(State::Building), State::Ready))
    }

    /// Shows readers the build that is ready.
    pub fn switch(&mut self) -> Result<[Change; 2], String> {
        let ready = self.in_state(State::Ready).map(|build| build.build);
        let ready = ready.ok_or("No build is ready. Have the timeline built anew first.")?;
        let mut live = 0;
        for build in &mut self.builds {
            match build.state {
                State::Live => (build.state, live) = (State::Old, build.build),
                State::Ready => build.state = State::Live,
                _ => {}
            }
        }
        Ok([(live, Some(State::Live), State::Old), (ready, Some(State::Ready), State::Live)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(post_id: i64) -> PostPublished {
        let text = || String::from("t");
        PostPublished { post_id, author_id: 1, author: text(), text: text(), tags: vec![], posted_at: text() }
    }

    fn timelines(posts: &[i64]) -> Timelines {
        let builds = vec![Build { build: 1, state: State::Live, position: 0 }];
        let mut timelines = Timelines { builds, ..Timelines::default() };
        posts.iter().for_each(|number| timelines.hear(post(*number)));
        timelines
    }

    /// The posts of a build, in the order in which they came to it.
    fn shown(timelines: &Timelines, build: i64) -> Vec<i64> {
        timelines.shown.iter().filter(|(of, _)| *of == build).map(|(_, post)| post.post_id).collect()
    }

    #[test]
    fn a_post_that_comes_before_its_time_is_shown_and_does_not_count_yet() {
        let mut timelines = timelines(&[2]);
        assert_eq!((timelines.builds[0].position, timelines.shown.len()), (0, 1));
        timelines.hear(post(1));
        assert_eq!((timelines.builds[0].position, timelines.shown.len()), (2, 2));
    }

    #[test]
    fn a_post_that_comes_twice_is_shown_once() {
        let timelines = timelines(&[1, 1]);
        assert_eq!((timelines.heard.len(), timelines.shown.len()), (1, 1));
    }

    #[test]
    fn a_new_build_takes_in_all_that_was_heard_and_then_follows() {
        let mut timelines = timelines(&[1, 2, 4]);
        assert_eq!(timelines.rebuild(Origin::default()), Ok((2, None, State::Building)));
        timelines.hear(post(5));
        assert_eq!(shown(&timelines, 2), [0; 0], "it takes in what was heard first");
        timelines.replay = [1, 2, 4, 5].map(post).into();
        assert_eq!(timelines.go_on(2, 0), Some((2, Some(State::Building), State::Ready)));
        assert_eq!(timelines.builds[1].position, 2, "3 is missing here, too");
        timelines.hear(post(3));
        assert_eq!(timelines.builds[1].position, 5);
        assert_eq!(shown(&timelines, 2), [1, 2, 4, 5, 3]);
    }

    #[test]
    fn a_build_of_many_posts_goes_on_where_it_was() {
        let mut timelines = timelines(&(1..=250).collect::<Vec<_>>());
        timelines.rebuild(Origin::default()).expect("begun");
        timelines.replay = (1..=200).map(post).collect();
        assert_eq!(timelines.go_on(2, 0), None);
        assert_eq!(timelines.builds[1].position, 200);
        timelines.replay = (201..=250).map(post).collect();
        assert_eq!(timelines.go_on(2, 0), None, "asked for twice it is not done twice");
        assert!(timelines.go_on(2, 200).is_some());
    }

    #[test]
    fn a_gap_with_many_posts_behind_it_does_not_hold_up_a_build() {
        let heard: Vec<i64> = (1..=10).chain(12..=260).collect();
        let mut timelines = timelines(&heard);
        timelines.rebuild(Origin::default()).expect("begun");
        timelines.replay = heard.iter().take(AT_ONCE).copied().map(post).collect();
        assert_eq!(timelines.go_on(2, 0), None);
        assert_eq!(timelines.builds[1].position, 201);
        timelines.hear(post(11));
        timelines.replay = heard.iter().skip(AT_ONCE).copied().map(post).collect();
        assert!(timelines.go_on(2, 201).is_some());
        assert_eq!(timelines.builds[1].position, 260);
        let mut all = shown(&timelines, 2);
        all.sort_unstable();
        assert_eq!(all, (1..=260).collect::<Vec<_>>());
    }

    #[test]
    fn readers_are_switched_to_what_is_ready_and_to_nothing_else() {
        let mut timelines = timelines(&[1]);
        assert!(timelines.switch().is_err());
        timelines.rebuild(Origin::default()).expect("begun");
        assert!(timelines.switch().is_err() && timelines.rebuild(Origin::default()).is_err());
        timelines.replay = vec![post(1)];
        timelines.go_on(2, 0);
        assert!(timelines.switch().is_ok());
        let states: Vec<_> = timelines.builds.iter().map(|build| build.state).collect();
        assert_eq!(states, [State::Old, State::Live]);
    }

    #[test]
    fn a_state_reads_back() {
        for state in State::ALL {
            assert_eq!(State::parse(state.name()), Some(state));
        }
    }
}
