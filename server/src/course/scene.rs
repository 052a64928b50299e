//! Sets a step up: a fresh sandbox, and in it what the scene asks for.

use super::{Course, Taken, lock};
use crate::ids::SandboxId;
use crate::sandbox::{Sandbox, SandboxError};
use crate::store::{SceneRow, now_ms};
use lessons::Scene;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Course {
    /// The sandbox in which the step begins, now. A fresh one, unless the step has no scene of
    /// its own and goes on in `present`. The one that a scene was in before is gone then.
    pub async fn begin(&self, taken: Taken, present: Option<Arc<Sandbox>>) -> Result<Arc<Sandbox>, SandboxError> {
        let goes_on = taken.step.scene.is_none()
            && present.as_ref().is_some_and(|at| *at.topology().name == *taken.lesson.topology);
        let sandbox = match &present {
            Some(sandbox) if goes_on => sandbox.clone(),
            _ => self.set_up(taken, &taken.lesson.scene_of(taken.step)).await?,
        };
        let before = self.store.scene(taken.of()).await?.filter(|before| before.fresh);
        let mut gone: BTreeSet<SandboxId> = before.iter().map(|before| before.sandbox).collect();
        if let Some(present) = present
            && self.store.is_of_scene(present.id()).await?
        {
            gone.insert(*present.id());
        }
        // Begun anew in the sandbox that was made for it, it is still that one's.
        let fresh = !goes_on || before.is_some_and(|before| before.sandbox == *sandbox.id());
        gone.remove(sandbox.id());
        let began = sandbox.state().position;
        let scene = SceneRow { sandbox: *sandbox.id(), began, fresh, set_up: now_ms(), told: false };
        self.store.put_scene(taken.of(), scene).await?;
        for id in &gone {
            lock(&self.follows).remove(id);
            lock(&self.shows).remove(id);
            match self.sandboxes.delete(id).await {
                // Its learner may have deleted it.
                Ok(()) | Err(SandboxError::Deleted) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(sandbox)
    }

    async fn set_up(&self, taken: Taken, scene: &Scene) -> Result<Arc<Sandbox>, SandboxError> {
        let topology = protocol::topology(&scene.topology)
            .ok_or_else(|| SandboxError::Invalid(format!("There is no topology {}.", scene.topology)))?;
        let sandbox = self.sandboxes.create(&taken.session, topology, scene.seed).await?;
        if let Err(error) = furnish(&sandbox, scene).await {
            self.sandboxes.delete(sandbox.id()).await?;
            return Err(error);
        }
        Ok(sandbox)
    }
}

async fn furnish(sandbox: &Sandbox, scene: &Scene) -> Result<(), SandboxError> {
    for (name, on) in &scene.switches {
        sandbox.set_switch(name, *on).await?;
    }
    for (service, replicas) in &scene.replicas {
        sandbox.scale(service, *replicas).await?;
    }
    for (id, fault) in &scene.faults {
        sandbox.put_fault(id, fault.spec()).await?;
    }
    Ok(())
}
