//! Whether a step is done, and how its prediction came out.

use super::{Course, ShowView, Taken, lock};
use crate::course::follow::Follow;
use crate::matrix::{Running, State};
use crate::sandbox::{Sandbox, SandboxError};
use lessons::{Answer, MatrixSeen};
use protocol::Name;
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// How a step stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Check)]
pub struct CheckView {
    /// All conditions hold, or did before.
    pub done: bool,
    /// As they are now.
    pub conditions: Vec<ConditionView>,
    /// What was predicted.
    #[schema(value_type = Option<Object>)]
    pub prediction: Option<Answer>,
    /// What came true, once it is done and nothing is under way any more.
    #[schema(value_type = Option<Object>)]
    pub truth: Option<Answer>,
    /// Whether that is what was predicted.
    pub right: Option<bool>,
    /// What was shown.
    pub show: ShowView,
}

/// A condition, and whether it holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Condition)]
pub struct ConditionView {
    pub text: String,
    pub holds: bool,
}

/// Records that are kept open to be read on from where they were.
const FOLLOWED: usize = 256;

impl Course {
    /// Looks at what happened since the scene began. That a step is done is a fact of the record;
    /// it is noted when it is first seen, so that it stays so when the sandbox is gone.
    pub async fn check(&self, taken: Taken, sandbox: &Sandbox) -> Result<CheckView, SandboxError> {
        let scene = self.store.scene(taken.of()).await?.filter(|scene| scene.sandbox == *sandbox.id());
        let began = scene.map_or(0, |scene| scene.began);
        let known = lock(&self.follows).remove(sandbox.id()).filter(|follow| follow.tally.began() == began);
        let mut follow = known.unwrap_or_else(|| Follow::since(began));
        let conditions = taken.step.check.iter().map(|check| &check.condition);
        let truth = taken.step.predict.iter().map(|predict| &predict.truth);
        let tables: BTreeSet<_> =
            conditions.flat_map(|condition| condition.tables()).chain(truth.flat_map(|truth| truth.tables())).collect();
        follow.advance(sandbox, &Vec::from_iter(tables)).await?;

        let matrices = self.matrices_of(taken);
        let present = follow.present(&matrices);
        let holds = |check: &lessons::Check| ConditionView {
            text: check.text.clone(),
            holds: check.condition.holds(&follow.tally, &present),
        };
        let conditions: Vec<_> = taken.step.check.iter().map(holds).collect();
        let holds = conditions.iter().all(|condition| condition.holds);
        let before = self.store.step(taken.of()).await?;
        let was_done = before.as_ref().is_some_and(|row| row.done.is_some());
        let (prediction, before) = before.map_or((None, None), |row| (row.prediction, row.truth));
        let predict = taken.step.predict.as_ref();
        let truth = match predict {
            // While something is under way, the last of it may still be missing.
            Some(predict) if holds && present.at_rest => predict.truth(&follow.tally, &present),
            _ => before.clone(),
        };
        if holds && (!was_done || truth != before) {
            self.store.complete(taken.of(), truth.as_ref()).await?;
        }
        let right = predict.and_then(|predict| Some(predict.is_right(prediction.as_ref()?, truth.as_ref()?)));
        let show = lock(&self.shows).get(sandbox.id()).cloned().unwrap_or_default();
        let mut follows = lock(&self.follows);
        if follows.len() >= FOLLOWED {
            follows.clear();
        }
        follows.insert(*sandbox.id(), follow);
        Ok(CheckView { done: holds || was_done, conditions, prediction, truth, right, show })
    }

    /// The session's whole matrices of those topologies that the step asks for.
    pub(super) fn matrices_of(&self, taken: Taken) -> Vec<MatrixSeen> {
        let mut asked = BTreeSet::new();
        let choices = taken.step.predict.iter().flat_map(|predict| match &predict.truth {
            lessons::Truth::Choice(choices) => choices.as_slice(),
            _ => &[],
        });
        let conditions =
            taken.step.check.iter().map(|check| &check.condition).chain(choices.map(|(_, condition)| condition));
        for condition in conditions {
            condition.visit(&mut |part| {
                if let lessons::Condition::MatrixGreen { topology, .. } = part {
                    asked.insert(topology.clone());
                }
            });
        }
        asked.iter().filter_map(|topology| self.matrix(taken, topology)).collect()
    }

    pub(super) fn matrix(&self, taken: Taken, topology: &Name) -> Option<MatrixSeen> {
        let matrix = self.matrices.last(&taken.session, Some(topology))?.view();
        let switches = matrix.switches.iter().map(|(name, on)| (name.as_str().into(), *on)).collect();
        let green = matrix.cells.iter().all(|cell| cell.state == State::Consistent);
        (matrix.state == Running::Done).then_some(MatrixSeen { topology: topology.clone(), switches, green })
    }
}
