//! The promises, each with its figure: 0 broken in so many. `cargo xtask soak` runs the same
//! tests with larger figures, or for so many minutes.

mod chance;
mod duplicates;
mod figure;
mod folds;
mod held_back;
mod loss;
mod mutants;
mod outage;
mod sagas;
mod seeds;

pub use figure::Figure;

use crate::app::{App, NO_HURRY, Session};

/// Both styles of saga.
const STYLES: [&str; 2] = ["saga-choreography", "saga-orchestration"];

/// A server whose sandboxes are in a hurry: so many of their seconds pass in one.
async fn fast(rate: u32) -> App {
    let rate = rate.to_string();
    let options = ["--service-batch", "16", "--clock-rate", &rate, "--runs", "100000", "--all-runs", "100000"];
    App::in_process(&[&NO_HURRY[..], &options].concat()).await
}

/// A session that has its cookie: without one, sandboxes made at the same time get one each.
async fn session(app: &App) -> Session {
    let session = app.session();
    session.sandbox().await.delete().await;
    session
}
