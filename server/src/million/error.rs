//! Why nothing came of what was asked about the million events.

use super::making::Store;
use crate::error::Problem;
use crate::sandbox::SandboxError;
use http::StatusCode;

#[derive(Debug, thiserror::Error)]
pub enum MillionError {
    /// `POST /api/million` comes first.
    #[error("the store is not made")]
    NotMade,
    #[error("the store is being made")]
    BeingMade,
    /// The sentence says which rule was broken.
    #[error("{0}")]
    Invalid(String),
    #[error("there is no snapshot")]
    NoSnapshots,
    #[error("there is no such read model")]
    NoSuchModel,
    /// Others are at it for so long that waiting makes no sense.
    #[error("too many replay at once")]
    Busy,
    #[error("the server is shutting down")]
    ShuttingDown,
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl From<sqlx::Error> for MillionError {
    fn from(error: sqlx::Error) -> Self {
        MillionError::Internal(error.into())
    }
}

impl From<kit::event_store::StoreError> for MillionError {
    fn from(error: kit::event_store::StoreError) -> Self {
        MillionError::Internal(error.into())
    }
}

impl MillionError {
    /// Why there is no store to work with.
    pub fn without(store: &Store) -> Self {
        match store {
            Store::Making { .. } => MillionError::BeingMade,
            _ => MillionError::NotMade,
        }
    }
}

impl From<MillionError> for Problem {
    fn from(error: MillionError) -> Self {
        match error {
            MillionError::NotMade => Self::new(
                StatusCode::CONFLICT,
                "The million events are not on this server yet. POST /api/million makes them, once for everybody.",
            ),
            MillionError::BeingMade => Self::new(
                StatusCode::CONFLICT,
                "The million events are being made. GET /api/million shows how far that is; try again once it is ready.",
            ),
            MillionError::Invalid(sentence) => Self::unprocessable(sentence),
            MillionError::NoSnapshots => Self::new(
                StatusCode::CONFLICT,
                "There are no snapshots here yet. Load the account once with an interval, which makes them.",
            ),
            MillionError::NoSuchModel => Self::new(
                StatusCode::NOT_FOUND,
                "There is no read model of that name. They are savings, months and largest.",
            ),
            MillionError::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "Others replay the million events at this moment, as many as may. Try again in a moment.",
            )
            .retry_after(5),
            MillionError::ShuttingDown => Self::shutting_down(),
            MillionError::Sandbox(error) => error.into(),
            MillionError::Internal(source) => Self::internal(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_status_and_says_what_to_do() {
        for (error, status) in [
            (MillionError::NotMade, 409),
            (MillionError::BeingMade, 409),
            (MillionError::Invalid("An interval is 100 or more.".into()), 422),
            (MillionError::NoSnapshots, 409),
            (MillionError::NoSuchModel, 404),
            (MillionError::Busy, 503),
            (MillionError::ShuttingDown, 503),
            (MillionError::Sandbox(SandboxError::Deleted), 404),
            (MillionError::Internal(anyhow::anyhow!("oh")), 500),
        ] {
            let problem = Problem::from(error);
            assert_eq!(problem.status.as_u16(), status);
            assert!(problem.detail.ends_with('.'), "{}", problem.detail);
        }
    }
}
