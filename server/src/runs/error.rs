use super::import::BadLine;
use crate::error::Problem;
use crate::sandbox::SandboxError;
use http::StatusCode;

/// Why a run could not be kept, imported or looked at.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The sandbox has recorded nothing up to there.
    #[error("there is nothing to keep")]
    Empty,
    #[error("the session has as many runs as it may")]
    TooMany { quota: u32 },
    #[error("the server has as many runs as it may")]
    TooManyInAll,
    /// The file breaks the format.
    #[error("line {}: {}", .0.line, .0.what)]
    BadLine(BadLine),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl From<sqlx::Error> for RunError {
    fn from(error: sqlx::Error) -> Self {
        RunError::Internal(error.into())
    }
}

impl From<RunError> for Problem {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Empty => Self::unprocessable(
                "Nothing is recorded up to there, so there is nothing to keep. Choose a position from 1 on.",
            ),
            RunError::TooMany { quota } => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                format!("You have {quota} runs, as many as may be. Export one and delete it, then try again."),
            ),
            RunError::TooManyInAll => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "This server keeps as many runs as it may. Try again when some have been deleted, or ask whoever runs it.",
            ),
            RunError::BadLine(BadLine { line, what }) => Self::unprocessable(format!(
                "Line {line} is not as an exported record has it: {what}. Nothing was imported; export the run again, or mend that line."
            ))
            .at_line(line),
            RunError::Sandbox(error) => error.into(),
            RunError::Internal(source) => Self::internal(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_line_is_named_in_words_and_as_a_number() {
        let problem = Problem::from(RunError::BadLine(BadLine { line: 12, what: "the position is 14".into() }));
        let json: serde_json::Value = serde_json::from_slice(&problem.to_json("abc")).expect("JSON");
        assert_eq!((json["status"].as_u64(), json["line"].as_u64()), (Some(422), Some(12)));
        assert!(json["detail"].as_str().is_some_and(|detail| detail.starts_with("Line 12 ") && detail.ends_with('.')));
        let other = Problem::from(RunError::TooMany { quota: 3 });
        assert_eq!(other.status, 507);
        assert!(!String::from_utf8_lossy(&other.to_json("abc")).contains("\"line\""));
    }
}
