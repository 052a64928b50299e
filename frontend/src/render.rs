//! Each page as a whole HTML document. This is what the server calls.

use crate::islands::{Given, Room};
use crate::pages::{
    ComparePage, FeedPage, Here, Home, LessonPage, LessonsPage, MatrixPage, MillionPage, Nothing, PlaygroundPage,
    ReplayPage, RulePage, RunsPage, shell,
};
use crate::texts;
use diagram::DiagramState;
use hydration_context::SsrSharedContext;
use leptos::prelude::*;
use lessons::Lesson;
use protocol::Position;
use std::sync::Arc;

pub use crate::date::seconds;
pub use crate::pages::{BalanceRow, Build, DayRow, Entry, MonthRow, Reading, ReplayAsked, ReplayView};
pub use crate::pages::{
    CommandEntry, CompareView, FactEntry, FirstDifference, LessonEntry, RunEntry, RunsView, SideEntry,
};
pub use crate::pages::{FeedBuild, FeedCount, FeedPageView, FeedPost, FeedSearch, FeedSecond, FeedSetting, FeedView};
pub use crate::pages::{MatrixCell, MatrixPageView, MatrixResult, MatrixRow, MatrixSwitch};
pub use crate::pages::{
    MillionChecked, MillionDamage, MillionKept, MillionLoad, MillionModel, MillionPageView, MillionReads, MillionRow,
    MillionStore,
};
pub use crate::pages::{RuleLine, RulePageView, RulePart, RuleTouched};

/// The addresses of what pages load.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    pub css: String,
    /// The script that starts the islands.
    pub start: String,
    /// The script of a lesson's page.
    pub lesson: String,
    /// The script of the page of kept runs.
    pub runs: String,
    /// The script of the page of the coverage matrix.
    pub matrix: String,
    /// The script of the page of the million events.
    pub million: String,
    /// The script of the page that replays an account.
    pub replay: String,
    /// The script of the page of the feed.
    pub feed: String,
    /// The wasm's JavaScript.
    pub glue: String,
    pub wasm: String,
    /// Fonts to load early.
    pub fonts: Vec<String>,
    pub icon: String,
    /// The page reloads when the server was built anew.
    pub dev_reload: bool,
}

/// A sandbox of the session, or a run it keeps.
#[derive(Clone, Debug)]
pub struct Live {
    pub sandbox_id: String,
    /// The picture at the position that was asked for.
    pub state: DiagramState,
    /// It is a kept run, which only stands still.
    pub kept: bool,
    /// The last position of its record.
    pub end: Position,
}

/// What a living page shows.
#[derive(Clone, Copy, Debug)]
pub enum Shown<'a> {
    /// Nothing yet: a system is found or started in the browser.
    New,
    /// The run that was asked for is not there, or not this session's.
    Missing,
    Live(&'a Live),
}

/// The topology of the start page, and of the playground where none is asked for.
pub const TOPOLOGY: &str = texts::playground::PLAIN;

pub fn home(assets: &Assets, shown: Shown) -> String {
    let given = given(shown, TOPOLOGY, Room::Home);
    document(|| shell(assets, Here::Home, "", texts::HOME_DESCRIPTION, true, view! { <Home given/> }))
}

pub fn lessons(assets: &Assets, lessons: Vec<LessonEntry>) -> String {
    let (title, description) = (texts::LESSONS_TITLE, texts::LESSONS_DESCRIPTION);
    document(|| shell(assets, Here::Lessons, title, description, false, view! { <LessonsPage lessons/> }))
}

/// `done`: the ids of the steps that were done.
pub fn lesson(assets: &Assets, lesson: &Lesson, done: Vec<&'static str>, shown: Shown) -> String {
    let given = given(shown, &lesson.topology, Room::Lesson);
    document(|| {
        let page = view! { <LessonPage lesson=lesson.clone() done given/> };
        shell(assets, Here::Lesson, &lesson.title, &lesson.summary, true, page)
    })
}

/// `topology` is what is begun in the browser where nothing is shown.
pub fn playground(assets: &Assets, topology: &str, shown: Shown) -> String {
    let given = given(shown, topology, Room::Playground);
    let (title, description) = (texts::PLAYGROUND_TITLE, texts::PLAYGROUND_DESCRIPTION);
    document(|| shell(assets, Here::Playground, title, description, true, view! { <PlaygroundPage given/> }))
}

pub fn runs(assets: &Assets, view: RunsView) -> String {
    let (title, description) = (texts::runs::TITLE, texts::runs::DESCRIPTION);
    document(|| shell(assets, Here::Runs, title, description, false, view! { <RunsPage view/> }))
}

pub fn compare(assets: &Assets, view: CompareView) -> String {
    let (title, description) = (texts::runs::COMPARE_TITLE, texts::runs::COMPARE_DESCRIPTION);
    document(|| shell(assets, Here::Compare, title, description, false, view! { <ComparePage view/> }))
}

pub fn matrix(assets: &Assets, view: MatrixPageView) -> String {
    let (title, description) = (texts::matrix::TITLE, texts::matrix::DESCRIPTION);
    document(|| shell(assets, Here::Matrix, title, description, false, view! { <MatrixPage view/> }))
}

pub fn million(assets: &Assets, view: MillionPageView) -> String {
    let (title, description) = (texts::million::TITLE, texts::million::DESCRIPTION);
    document(|| shell(assets, Here::Million, title, description, false, view! { <MillionPage view/> }))
}

pub fn replay(assets: &Assets, view: ReplayView) -> String {
    let (title, description) = (texts::replay::TITLE, texts::replay::DESCRIPTION);
    document(|| shell(assets, Here::Replay, title, description, false, view! { <ReplayPage view/> }))
}

pub fn feed(assets: &Assets, view: FeedPageView) -> String {
    let (title, description) = (texts::feed::TITLE, texts::feed::DESCRIPTION);
    document(|| shell(assets, Here::Feed, title, description, false, view! { <FeedPage view/> }))
}

pub fn rule(assets: &Assets, view: RulePageView) -> String {
    let (title, description) = (texts::rule::TITLE, texts::rule::DESCRIPTION);
    document(|| shell(assets, Here::Nowhere, title, description, false, view! { <RulePage view/> }))
}

pub fn not_found(assets: &Assets) -> String {
    nothing(assets, texts::NOT_FOUND_TITLE, texts::NOT_FOUND)
}

/// `sentence` says what happened and what to do.
pub fn error_page(assets: &Assets, status: u16, sentence: &str) -> String {
    if status == 404 {
        return not_found(assets);
    }
    nothing(assets, texts::ERROR_TITLE, sentence)
}

fn nothing(assets: &Assets, title: &str, sentence: &str) -> String {
    let page = || view! { <Nothing title=title.to_string() sentence=sentence.to_string()/> };
    document(|| shell(assets, Here::Nowhere, title, sentence, false, page()))
}

fn given(shown: Shown, topology: &str, room: Room) -> Given {
    match shown {
        Shown::Live(live) => Given {
            sandbox_id: Some(live.sandbox_id.clone()),
            state: live.state.clone(),
            room,
            kept: live.kept,
            end: Some(live.end),
            missing: false,
        },
        Shown::New | Shown::Missing => {
            let topology = protocol::topology(topology).expect("lessons and pages name topologies that exist");
            let (state, missing) = (DiagramState::new(&topology), matches!(shown, Shown::Missing));
            Given { sandbox_id: None, state, room, kept: false, end: None, missing }
        }
    }
}

/// Renders in an owner of its own, with nothing but the islands marked for the browser.
fn document<V: IntoView>(page: impl FnOnce() -> V) -> String {
    let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new_islands())));
    let html = owner.with(|| page().into_view().to_html());
    owner.unset();
    html
}

#[cfg(test)]
mod tests;
