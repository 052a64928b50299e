//! Faults that strike a service at its own work: at a step, in its store, after a commit.

use crate::ctx::Ctx;
use crate::fault;
use crate::service::Work;
use protocol::{Fault, FaultKind, Name, Observation, Observed, When};

/// How a step is made to fail.
#[derive(Clone)]
pub(super) struct Failing {
    pub fault: Name,
    pub when: When,
}

/// The fault that makes this step fail. `attempt`: 1 the first time.
pub(super) fn failing(ctx: &Ctx, work: &Work, attempt: u32) -> Option<Failing> {
    ctx.spec.step_on(work.kind())?;
    let fault = striking(ctx, FaultKind::FailStep, work, attempt)?;
    Some(Failing { when: fault.spec.params.when.unwrap_or(When::Before), fault: fault.id })
}

/// The fault that slows down the transaction of this work.
pub(super) fn slow(ctx: &Ctx, work: &Work) -> Option<Fault> {
    striking(ctx, FaultKind::SlowStore, work, 1)
}

/// The fault that crashes the service once this work is committed.
pub(super) fn crashing(ctx: &Ctx, work: &Work) -> Option<Fault> {
    striking(ctx, FaultKind::CrashBeforePublish, work, 1)
}

fn striking(ctx: &Ctx, kind: FaultKind, work: &Work, attempt: u32) -> Option<Fault> {
    let faults = ctx.faults.borrow();
    if faults.is_empty() {
        return None;
    }
    let at_work = fault::AtWork {
        service: ctx.name(),
        replica: ctx.replica,
        step: ctx.spec.step_on(work.kind()).map(|step| &*step.name),
        ordinal: work.ordinal(),
        what: work.kind(),
        attempt,
    };
    fault::striking_work(&faults, kind, &at_work, ctx.clock.now_us()).cloned()
}

/// A fault struck this work here.
pub(super) fn triggered(ctx: &Ctx, work: &Work, fault: &Name) -> Observed {
    let on = match work {
        Work::Command { .. } | Work::Deadline { .. } => work.kind().to_owned(),
        Work::Message { delivery, .. } => delivery.envelope.subject.to_string(),
    };
    ctx.observed(&work.span(), Observation::FaultTriggered { fault_id: fault.clone(), on })
}
