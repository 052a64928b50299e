//! The feed: one model to write posts, three others to read them.
//!
//! [`Feed`] is the write model: normalised tables that keep what is true, and one command,
//! `PublishPost`. It publishes `PostPublished`. The read models hear of it and each keeps the
//! posts as one kind of reader wants them: [`Timeline`] the newest, ready to be shown;
//! [`Catalogue`] by the words in them; [`Dashboard`] counted. Each is a service with a database
//! of its own, and none ever asks the write model.

mod catalogue;
mod dashboard;
mod progress;
mod reading;
mod timeline;
mod write_model;

pub use catalogue::Catalogue;
pub use dashboard::Dashboard;
pub use timeline::Timeline;
pub use write_model::Feed;
