//! Work beside a sandbox's services, on files of its own in the sandbox's folder. It goes on while
//! the sandbox sleeps, and has to end before the folder is removed.

use super::SandboxError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

#[derive(Clone, Default)]
pub struct Beside {
    gone: CancellationToken,
    working: TaskTracker,
}

impl Beside {
    /// Held for as long as a file is open or will be opened. Refused once the sandbox is deleted.
    pub fn work(&self) -> Result<TaskTrackerToken, SandboxError> {
        // Counted first: whoever deletes either waits for it, or has said so by now.
        let working = self.working.token();
        if self.is_over() { Err(SandboxError::Deleted) } else { Ok(working) }
    }

    /// Whether the sandbox is deleted.
    pub fn is_over(&self) -> bool {
        self.gone.is_cancelled()
    }

    /// Cancelled when the sandbox is deleted: what goes on should end soon.
    pub fn until_deleted(&self) -> CancellationToken {
        self.gone.child_token()
    }

    /// Tells all of it to end, and waits until it has.
    pub(super) async fn end(&self) {
        self.gone.cancel();
        self.working.close();
        self.working.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_end_waits_for_what_is_under_way_and_takes_nothing_new() {
        let beside = Beside::default();
        let (working, told) = (beside.work().expect("it is there"), beside.until_deleted());
        let mut ending = Box::pin(beside.end());
        assert!(futures_util::poll!(&mut ending).is_pending());
        assert!(told.is_cancelled() && matches!(beside.work(), Err(SandboxError::Deleted)));
        drop(working);
        ending.await;
    }
}
