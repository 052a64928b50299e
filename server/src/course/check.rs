//! Whether a step is done, and how its prediction came out.

use super::{Course, ShowView, Taken, lock};
use crate::course::follow::Follow;
use crate::sandbox::{Sandbox, SandboxError};
use crate::store::SceneRow;
use lessons::{Answer, Condition, MatrixSeen};
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
    /// What came true, once it is done and nothing is under way any more. It stays so until the
    /// step is set up anew.
    #[schema(value_type = Option<Object>)]
    pub truth: Option<Answer>,
    /// Whether that is what was predicted.
    pub right: Option<bool>,
    /// It is done, and nothing more comes of it before something else happens in the sandbox.
    pub settled: bool,
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

/// How a step stands, and whether more is known of it than is kept.
struct Looked {
    view: CheckView,
    /// In which it was looked.
    scene: Option<SceneRow>,
    is_news: bool,
}

impl Course {
    /// Looks at what happened since the scene began, and keeps nothing of it.
    pub async fn check(&self, taken: Taken, sandbox: &Sandbox) -> Result<CheckView, SandboxError> {
        Ok(self.look(taken, sandbox, self.shown(sandbox)).await?.view)
    }

    /// The same. That a step is done is a fact of the record; it is noted when it is first seen, so
    /// that it stays so when the sandbox is gone.
    pub async fn note(&self, taken: Taken, sandbox: &Sandbox) -> Result<CheckView, SandboxError> {
        self.note_after(taken, sandbox, self.shown(sandbox)).await
    }

    pub(super) async fn note_after(
        &self,
        taken: Taken,
        sandbox: &Sandbox,
        show: ShowView,
    ) -> Result<CheckView, SandboxError> {
        let Looked { view, scene, is_news } = self.look(taken, sandbox, show).await?;
        if is_news {
            self.store.complete(taken.of(), scene, view.truth.as_ref()).await?;
        }
        Ok(view)
    }

    fn shown(&self, sandbox: &Sandbox) -> ShowView {
        lock(&self.shows).get(sandbox.id()).cloned().unwrap_or_default()
    }

    async fn look(&self, taken: Taken, sandbox: &Sandbox, show: ShowView) -> Result<Looked, SandboxError> {
        let scene = self.store.scene(taken.of()).await?.filter(|scene| scene.sandbox == *sandbox.id());
        let (began, set_up) = scene.map_or((0, 0), |scene| (scene.began, scene.set_up));
        let known = lock(&self.follows).remove(sandbox.id()).filter(|follow| follow.tally.began() == began);
        let mut follow = known.unwrap_or_else(|| Follow::since(began));
        let conditions = taken.step.check.iter().map(|check| &check.condition);
        let truth = taken.step.predict.iter().map(|predict| &predict.truth);
        let tables: BTreeSet<_> =
            conditions.flat_map(|condition| condition.tables()).chain(truth.flat_map(|truth| truth.tables())).collect();
        follow.advance(sandbox, &Vec::from_iter(tables)).await?;

        let matrices = self.matrices_of(taken, set_up);
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
        let was_told = scene.map_or(before.is_some(), |scene| scene.told);
        // While something is under way, the last of it may still be missing.
        let is_shown = show == ShowView::Running;
        let found = predict
            .filter(|_| holds && present.at_rest && !is_shown && !was_told)
            .and_then(|predict| predict.truth(&follow.tally, &present));
        let is_news = holds && !was_done || found.is_some();
        let truth = found.or(before);
        let right = predict.and_then(|predict| Some(predict.is_right(prediction.as_ref()?, truth.as_ref()?)));
        let done = holds || was_done;
        let settled = done && !is_shown && (predict.is_none() || was_told || !holds || present.at_rest);
        let mut follows = lock(&self.follows);
        if follows.len() >= FOLLOWED {
            follows.clear();
        }
        follows.insert(*sandbox.id(), follow);
        Ok(Looked { view: CheckView { done, conditions, prediction, truth, right, settled, show }, scene, is_news })
    }

    /// What the session's matrices of those topologies that the step asks for came to, of those
    /// begun since then, in milliseconds since 1970.
    pub(super) fn matrices_of(&self, taken: Taken, since: i64) -> Vec<MatrixSeen> {
        let mut asked = BTreeSet::new();
        let choices = taken.step.predict.iter().flat_map(|predict| match &predict.truth {
            lessons::Truth::Choice(choices) => choices.as_slice(),
            _ => &[],
        });
        let conditions =
            taken.step.check.iter().map(|check| &check.condition).chain(choices.map(|(_, condition)| condition));
        for condition in conditions {
            condition.visit(&mut |part| {
                if let Condition::MatrixGreen { topology, .. } | Condition::MatrixRed { topology } = part {
                    asked.insert(topology.clone());
                }
            });
        }
        asked.iter().filter_map(|topology| self.matrix(taken, topology, since)).collect()
    }

    fn matrix(&self, taken: Taken, topology: &Name, since: i64) -> Option<MatrixSeen> {
        let matrix = self.matrices.last(&taken.session, Some(topology))?;
        let switches = matrix.topology().switches.iter().map(|switch| (switch.name.clone(), switch.on)).collect();
        let green = matrix.began_at() >= since && matrix.is_green();
        let was_red = matrix.red_at().is_some_and(|at| at >= since);
        Some(MatrixSeen { topology: topology.clone(), switches, green, was_red })
    }
}
