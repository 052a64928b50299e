//! What the orchestrator does when it hears something.

use crate::definition::CREATE_ORDER;
use crate::domain::{News, Order, Saga, SagaEvent, decide, evolve};
use crate::storage::Sagas;
use kit::{Refusal, Reply, Stage, Work};
use protocol::{
    CancelOrder, ChargePayment, ConfirmOrder, Observation, OrderCreated, ReleaseStock, ReserveStock, SellStock, Value,
};
use serde_json::json;

pub fn react(sagas: &mut Sagas, work: &Work, stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
    let order_id = work.order()?;
    let news = if work.kind() == OrderCreated::TYPE {
        let OrderCreated { order_id: id, item_id, quantity, user_id, amount_minor } = work.data()?;
        News::Created(Order { id, item_id, quantity, user_id, amount_minor })
    } else {
        News::Answer { kind: work.kind(), reason: work.text("reason").unwrap_or_default() }
    };
    for event in decide(sagas.get(order_id), news) {
        keep(sagas, order_id, &event, stage)?;
    }
    Ok(Reply::default())
}

/// Writes it to the log, and says what follows from it.
fn keep(sagas: &mut Sagas, id: i64, event: &SagaEvent, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    let before = sagas.get(id).cloned();
    let from = before.as_ref().map(|saga| saga.status);
    let Some(saga) = evolve(before, event) else { return Ok(()) };
    if from != Some(saga.status) {
        stage.state_changed("saga", id, from.map(|status| status.name()), saga.status.name());
    }
    say(&saga, event, stage)?;
    sagas.put(saga, event);
    Ok(())
}

fn say(saga: &Saga, event: &SagaEvent, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    let id = saga.order.id;
    let name = |step: usize| CREATE_ORDER[step].name.into();
    match *event {
        SagaEvent::Begun { .. } => stage.saw(Observation::SagaStepCompleted { id, step: name(0) }),
        SagaEvent::Asked { step } => {
            if let Some(command) = CREATE_ORDER[step].ask {
                ask(saga, CREATE_ORDER[step].name, command, stage)?;
            }
        }
        SagaEvent::UndoAsked { step } => {
            if let Some(undo) = CREATE_ORDER[step].undo {
                ask(saga, undo.name, undo.ask, stage)?;
            }
        }
        SagaEvent::Done { step } => stage.saw(Observation::SagaStepCompleted { id, step: name(step) }),
        SagaEvent::Undone { step } => stage.saw(Observation::SagaStepCompensated { id, step: name(step) }),
        SagaEvent::Failed { .. } | SagaEvent::Ended { .. } => {}
    }
    Ok(())
}

fn ask(saga: &Saga, step: &str, command: &str, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    let id = saga.order.id;
    stage.saw(Observation::SagaStepStarted { id, step: step.into(), attempt: 1 });
    stage.publish(command, format!("order/{id}"), data(saga, command)?);
    Ok(())
}

/// What a command of the definition carries.
fn data(saga: &Saga, command: &str) -> Result<Value, Refusal> {
    let Order { id: order_id, item_id, quantity, user_id, amount_minor } = saga.order;
    Ok(match command {
        ReserveStock::TYPE => json!(ReserveStock { order_id, item_id, quantity, user_id, amount_minor }),
        ReleaseStock::TYPE => json!(ReleaseStock { order_id }),
        ChargePayment::TYPE => json!(ChargePayment { order_id, user_id, amount_minor }),
        ConfirmOrder::TYPE => json!(ConfirmOrder { order_id }),
        SellStock::TYPE => json!(SellStock { order_id }),
        CancelOrder::TYPE => json!(CancelOrder { order_id, reason: saga.reason.clone().unwrap_or_default() }),
        other => return Err(Refusal::Unreadable(format!("the saga has no command {other}"))),
    })
}
