use crate::error::Problem;
use http::StatusCode;

/// Why a matrix was not begun.
#[derive(Debug, thiserror::Error)]
pub enum MatrixError {
    /// One of this session is under way.
    #[error("a matrix of yours is under way")]
    OneAtATime,
    /// As many as may be are under way, none is done.
    #[error("the server runs as many matrices as it may")]
    TooManyInAll,
    #[error("the topology has no saga steps")]
    NoSteps,
    #[error("the server is shutting down")]
    ShuttingDown,
}

impl From<MatrixError> for Problem {
    fn from(error: MatrixError) -> Self {
        match error {
            MatrixError::OneAtATime => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "A matrix of yours is under way. Wait until it is done; it takes a few seconds.",
            )
            .retry_after(5),
            MatrixError::TooManyInAll => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "This server runs as many matrices as it may. Each takes a few seconds; try again then.",
            )
            .retry_after(10),
            MatrixError::NoSteps => Self::unprocessable(
                "This topology has no saga steps that a fault could strike. GET /api/topologies shows the steps of each.",
            ),
            MatrixError::ShuttingDown => Self::shutting_down(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_status_and_says_what_to_do() {
        for (error, status) in [
            (MatrixError::OneAtATime, 429),
            (MatrixError::TooManyInAll, 503),
            (MatrixError::NoSteps, 422),
            (MatrixError::ShuttingDown, 503),
        ] {
            let problem = Problem::from(error);
            assert_eq!(problem.status.as_u16(), status);
            assert!(problem.detail.ends_with('.'), "{}", problem.detail);
        }
    }
}
