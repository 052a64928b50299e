//! A file per page. Pages are rendered once, to a string; only their islands live on.

mod compare;
mod feed;
mod home;
mod lesson;
mod lessons;
mod living;
mod matrix;
mod million;
mod nothing;
mod playground;
mod replay;
mod rule;
mod runs;
mod shell;
mod step;

pub use compare::{CommandEntry, ComparePage, CompareView, FactEntry, FirstDifference, SideEntry};
pub use feed::{FeedBuild, FeedCount, FeedPage, FeedPageView, FeedPost, FeedSearch, FeedSecond, FeedSetting, FeedView};
pub use home::Home;
pub use lesson::LessonPage;
pub use lessons::{LessonEntry, LessonsPage};
pub use living::Living;
pub use matrix::{MatrixCell, MatrixPage, MatrixPageView, MatrixResult, MatrixRow, MatrixSwitch};
pub use million::{
    MillionChecked, MillionDamage, MillionKept, MillionLoad, MillionModel, MillionPage, MillionPageView, MillionReads,
    MillionRow, MillionStore,
};
pub use nothing::Nothing;
pub use playground::PlaygroundPage;
pub use replay::{BalanceRow, Build, DayRow, Entry, MonthRow, Reading, ReplayAsked, ReplayPage, ReplayView};
pub use rule::{RuleLine, RulePage, RulePageView, RulePart, RuleTouched};
pub use runs::{RunEntry, RunsPage, RunsView};
pub use shell::{Here, shell};
