//! Why a sandbox does not do what it was asked.

use crate::recorder::Ended;
use protocol::Position;

#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// No service of the topology takes this type of command.
    #[error("there is no command {0}")]
    UnknownCommand(String),
    /// The data break a rule; the sentence says which.
    #[error("{0}")]
    Invalid(String),
    #[error("this command id was used for another command")]
    CommandIdReused,
    #[error("too many commands")]
    TooManyCommands { retry_after_ms: u64 },
    #[error("the record is full")]
    RecordFull,
    #[error("the server has as many sandboxes as it may")]
    ServerFull,
    /// The cursor lies past the end of the record.
    #[error("the record ends at {position}")]
    CursorAhead { position: Position },
    #[error("there is no such service")]
    NoSuchService,
    #[error("there is no such replica")]
    NoSuchReplica,
    #[error("there is no such query")]
    NoSuchQuery,
    /// A read found nobody, or not what it asked for. Asked again it may; the sentence says why.
    #[error("{0}")]
    NoAnswer(String),
    #[error("there is no such table")]
    NoSuchTable,
    #[error("there is no such fault")]
    NoSuchFault,
    #[error("there is no such switch")]
    NoSuchSwitch,
    #[error("as many faults stand as may")]
    TooManyFaults,
    #[error("the server is shutting down")]
    ShuttingDown,
    #[error("the sandbox was deleted")]
    Deleted,
    /// It was put to sleep or deleted meanwhile, or the server stops.
    #[error("the sandbox has just ended")]
    Ended,
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl From<sqlx::Error> for SandboxError {
    fn from(error: sqlx::Error) -> Self {
        SandboxError::Internal(error.into())
    }
}

impl From<Ended> for SandboxError {
    fn from(_: Ended) -> Self {
        SandboxError::Ended
    }
}
