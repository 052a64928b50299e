//! Sets a step up: a fresh sandbox, and in it what the scene asks for.

use super::{Course, Taken, lock};
use crate::sandbox::{Sandbox, SandboxError};
use lessons::Scene;
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
        let began = sandbox.state().position;
        let before = self.store.put_scene(taken.of(), sandbox.id(), began).await.map_err(anyhow::Error::from)?;
        let mut gone: Vec<_> = before.into_iter().collect();
        if let Some(present) = present
            && self.store.is_scene(present.id()).await.map_err(anyhow::Error::from)?
        {
            gone.push(*present.id());
        }
        gone.sort();
        gone.dedup();
        for id in gone.iter().filter(|id| *id != sandbox.id()) {
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
    for (id, fault) in &scene.faults {
        sandbox.put_fault(id, fault.spec()).await?;
    }
    Ok(())
}
