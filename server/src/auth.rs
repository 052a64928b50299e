//! Who may do what. One question, [`authorize`], and the answer is no unless it is a yes.
//!
//! [`access::check`] asks it for every request before any handler runs: a route without a row
//! in [`access::ACCESS`] is closed to everybody.

pub mod access;
pub mod origin;
pub mod session;

use crate::ids::SessionId;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// No cookie, or one the server does not know.
    Anonymous,
    Learner(SessionId),
}

/// What they want to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Pages, assets, descriptions, health: the same for everybody.
    ReadPublic,
    CreateSandbox,
    /// Their own, which may be none.
    ListSandboxes,
    /// State, events, tables, invariants, faults.
    ReadSandbox,
    /// Commands, faults, crashes.
    ChangeSandbox,
    DeleteSandbox,
    /// Their own, which may be none.
    ListRuns,
    /// From a sandbox of their own, or from a file.
    CreateRun,
    /// Two of their own, runs or sandboxes: each is asked for by itself, too.
    CompareRuns,
    ReadRun,
    /// Its name; nothing else of a run ever changes.
    ChangeRun,
    DeleteRun,
    /// Their own, which may be none.
    ListMatrices,
    /// Scenes, predictions and answers: a learner's own, who is one from then on. The sandbox
    /// is asked for by itself, too.
    TakeLesson,
    /// Their own, which may be none.
    ReadProgress,
    RunMatrix,
    ReadMatrix,
    /// Once for everybody.
    MakeMillion,
}

/// To what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    Server,
    Sandbox {
        owner: SessionId,
    },
    Run {
        owner: SessionId,
    },
    Matrix {
        owner: SessionId,
    },
    /// The path names something that does not exist.
    Nothing,
}

/// No. Deliberately without a reason: what is not yours is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied;

pub fn authorize(actor: Actor, action: Action, resource: Resource) -> Result<(), Denied> {
    match (action, resource) {
        (
            Action::ReadPublic
            | Action::CreateSandbox
            | Action::ListSandboxes
            | Action::ListRuns
            | Action::CreateRun
            | Action::CompareRuns
            | Action::ListMatrices
            | Action::RunMatrix
            | Action::MakeMillion
            | Action::TakeLesson
            | Action::ReadProgress,
            Resource::Server,
        ) => Ok(()),
        (Action::ReadMatrix, Resource::Matrix { owner }) if actor == Actor::Learner(owner) => Ok(()),
        (Action::ReadRun | Action::ChangeRun | Action::DeleteRun, Resource::Run { owner })
            if actor == Actor::Learner(owner) =>
        {
            Ok(())
        }
        (Action::ReadSandbox | Action::ChangeSandbox | Action::DeleteSandbox, Resource::Sandbox { owner })
            if actor == Actor::Learner(owner) =>
        {
            Ok(())
        }
        _ => Err(Denied),
    }
}

impl Actor {
    pub fn session(&self) -> Option<SessionId> {
        match self {
            Actor::Anonymous => None,
            Actor::Learner(session) => Some(*session),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Token;

    #[test]
    fn without_a_rule_that_says_yes_the_answer_is_no() {
        let (a, b) = (Token::random().session(), Token::random().session());
        let actors = [Actor::Anonymous, Actor::Learner(a), Actor::Learner(b)];
        let resources = [
            Resource::Server,
            Resource::Sandbox { owner: a },
            Resource::Run { owner: a },
            Resource::Matrix { owner: a },
            Resource::Nothing,
        ];
        let actions = [
            Action::ReadPublic,
            Action::CreateSandbox,
            Action::ListSandboxes,
            Action::ReadSandbox,
            Action::ChangeSandbox,
            Action::DeleteSandbox,
            Action::ListRuns,
            Action::CreateRun,
            Action::CompareRuns,
            Action::ReadRun,
            Action::ChangeRun,
            Action::DeleteRun,
            Action::ListMatrices,
            Action::RunMatrix,
            Action::ReadMatrix,
            Action::MakeMillion,
            Action::TakeLesson,
            Action::ReadProgress,
        ];
        let mut allowed = 0;
        for actor in actors {
            for action in actions {
                for resource in resources {
                    allowed += usize::from(authorize(actor, action, resource).is_ok());
                }
            }
        }
        // Three actors may do the eleven public things; the owner may do three with their sandbox,
        // three with their run and one with their matrix.
        assert_eq!(allowed, 33 + 3 + 3 + 1);
        assert_eq!(authorize(Actor::Learner(b), Action::ReadSandbox, Resource::Sandbox { owner: a }), Err(Denied));
        assert_eq!(authorize(Actor::Learner(b), Action::ReadRun, Resource::Run { owner: a }), Err(Denied));
    }
}
