//! What the orchestrator does when it hears something.

use crate::definition::{CREATE_ORDER, patience_us, steps_here};
use crate::domain::{News, Order, Saga, SagaEvent, Status, decide, evolve};
use crate::storage::Sagas;
use kit::{Origin, Refusal, Reply, Stage, Work};
use protocol::{
    CancelOrder, ChargePayment, ConfirmOrder, Observation, OrderCreated, RefundPayment, ReleaseStock, ReserveStock,
    SellStock, UnwrapGift, Value, WrapGift,
};
use serde_json::json;

pub fn react(sagas: &mut Sagas, work: &Work, stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
    let order_id = work.order()?;
    let saga = sagas.get(order_id);
    let news = match work.kind() {
        OrderCreated::TYPE => {
            let OrderCreated { order_id: id, item_id, quantity, user_id, amount_minor } = work.data()?;
            News::Created(Order { id, item_id, quantity, user_id, amount_minor })
        }
        "ResumeSaga" => {
            may_resume(saga, order_id)?;
            News::Resume
        }
        Work::DEADLINE => News::Late,
        kind => News::Answer { kind, reason: work.text("reason").unwrap_or_default() },
    };
    for event in decide(saga.cloned().as_ref(), news, &steps_here(&stage.ctx.spec)) {
        if let SagaEvent::Begun { .. } = event {
            sagas.began(order_id, work.origin());
        }
        keep(sagas, order_id, &event, stage)?;
    }
    Ok(Reply::default())
}

/// Whether it waits for a person, else a sentence saying why not.
fn may_resume(saga: Option<&Saga>, order_id: i64) -> Result<(), Refusal> {
    match saga.map(|saga| saga.status) {
        Some(Status::Parked) => Ok(()),
        Some(status) => Err(Refusal::Domain(format!(
            "The saga of order {order_id} is {}. Only one that is PARKED can be resumed.",
            status.name()
        ))),
        None => Err(Refusal::Domain(format!("There is no saga of order {order_id}. Resume one that is PARKED."))),
    }
}

/// Writes it to the log, and says what follows from it.
fn keep(sagas: &mut Sagas, id: i64, event: &SagaEvent, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    let before = sagas.get(id).cloned();
    let from = before.as_ref().map(|saga| saga.status);
    let Some(saga) = evolve(before, event) else { return Ok(()) };
    if from != Some(saga.status) {
        stage.state_changed("saga", id, from.map(|status| status.name()), saga.status.name());
    }
    say(&saga, event, sagas.origin(id), stage)?;
    let waits = matches!(event, SagaEvent::Asked { .. } | SagaEvent::UndoAsked { .. });
    let due_us = waits.then(|| stage.ctx.clock.now_us() + patience_us(&CREATE_ORDER[saga.step], saga.attempt));
    sagas.put(saga, event, due_us);
    Ok(())
}

fn say(saga: &Saga, event: &SagaEvent, origin: Origin, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    let id = saga.order.id;
    let name = |step: usize| CREATE_ORDER[step].name.into();
    // What is in the record leads to the list, not to this.
    let line = |step: usize| CREATE_ORDER[step].line;
    match *event {
        SagaEvent::Begun { .. } => stage.saw_at(line(0), Observation::SagaStepCompleted { id, step: name(0) }),
        SagaEvent::Asked { step, .. } => {
            if let Some(command) = CREATE_ORDER[step].ask {
                ask(saga, CREATE_ORDER[step].name, command, origin, stage)?;
            }
        }
        SagaEvent::UndoAsked { step, .. } => {
            if let Some(undo) = CREATE_ORDER[step].undo {
                ask(saga, undo.name, undo.ask, origin, stage)?;
            }
        }
        SagaEvent::Done { step } => stage.saw_at(line(step), Observation::SagaStepCompleted { id, step: name(step) }),
        SagaEvent::Undone { step } => {
            stage.saw_at(line(step), Observation::SagaStepCompensated { id, step: name(step) })
        }
        SagaEvent::Parked { step } => {
            let undo = CREATE_ORDER[step].undo.filter(|_| saga.goes_back());
            let (asked, attempt) = (undo.map_or(CREATE_ORDER[step].name, |undo| undo.name), saga.attempt);
            let reason = format!("no answer to {asked}, asked for {attempt} times");
            stage.saw_at(line(step), Observation::SagaParked { id, step: asked.into(), attempt, reason });
        }
        SagaEvent::Failed { .. } | SagaEvent::Resumed { .. } | SagaEvent::Ended { .. } => {}
    }
    Ok(())
}

/// Asked for again it is the same message, so whoever has dealt with it does nothing twice. In
/// another round it is another one: whoever did nothing at the first may do it now.
fn ask(saga: &Saga, step: &str, command: &str, origin: Origin, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    let (id, attempt) = (saga.order.id, saga.attempt);
    stage.saw_at(CREATE_ORDER[saga.step].line, Observation::SagaStepStarted { id, step: step.into(), attempt });
    stage.publish_for(origin, saga.round, command, format!("order/{id}"), data(saga, command)?);
    Ok(())
}

/// What a command of the definition carries.
fn data(saga: &Saga, command: &str) -> Result<Value, Refusal> {
    let Order { id: order_id, item_id, quantity, user_id, amount_minor } = saga.order;
    Ok(match command {
        ReserveStock::TYPE => json!(ReserveStock { order_id, item_id, quantity, user_id, amount_minor }),
        ReleaseStock::TYPE => json!(ReleaseStock { order_id }),
        WrapGift::TYPE => json!(WrapGift { order_id, item_id, quantity, user_id, amount_minor }),
        UnwrapGift::TYPE => json!(UnwrapGift { order_id }),
        ChargePayment::TYPE => json!(ChargePayment { order_id, user_id, amount_minor }),
        RefundPayment::TYPE => json!(RefundPayment { order_id }),
        ConfirmOrder::TYPE => json!(ConfirmOrder { order_id }),
        SellStock::TYPE => json!(SellStock { order_id }),
        CancelOrder::TYPE => json!(CancelOrder { order_id, reason: saga.reason.clone().unwrap_or_default() }),
        other => return Err(Refusal::Unreadable(format!("the saga has no command {other}"))),
    })
}
