//! What gift wrapping does when it hears something.

use crate::domain::{Wrapping, WrappingCommand, decide, evolve};
use kit::{Refusal, Reply, Stage, Unit, Work};
use protocol::{GiftUnwrapped, GiftWrapped, WrapGift};
use serde_json::json;

pub fn react(wrappings: &mut Unit<Wrapping>, work: &Work, stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
    match &*work.step(stage.ctx)?.name {
        "wrap-gift" => wrap(wrappings, &work.data()?, stage),
        "unwrap-gift" if !stage.ctx.is_on("compensation") => {}
        "unwrap-gift" => unwrap(wrappings, work.order()?, stage),
        other => return Err(Refusal::Unreadable(format!("gift-wrapping has no step {other}"))),
    }
    Ok(Reply::default())
}

/// Whoever is next needs to know what the order costs, so it is passed on.
fn wrap(wrappings: &mut Unit<Wrapping>, wanted: &WrapGift, stage: &mut Stage<'_>) {
    let WrapGift { order_id, item_id, quantity, user_id, amount_minor } = *wanted;
    for event in decide(wrappings.get(order_id), WrappingCommand::Wrap { quantity }) {
        let wrapping = evolve(wrappings.get(order_id).cloned(), &event);
        stage.state_changed("wrapping", order_id, None, wrapping.status.name());
        let data = GiftWrapped { order_id, item_id, quantity, user_id, amount_minor };
        stage.publish(GiftWrapped::TYPE, format!("order/{order_id}"), json!(data));
        wrappings.put(order_id, wrapping);
    }
}

/// That there was nothing to unwrap is an answer, too.
fn unwrap(wrappings: &mut Unit<Wrapping>, order_id: i64, stage: &mut Stage<'_>) {
    for event in decide(wrappings.get(order_id), WrappingCommand::Unwrap) {
        let before = wrappings.get(order_id).cloned();
        let from = before.as_ref().map(|wrapping| wrapping.status.name());
        let wrapping = evolve(before, &event);
        stage.state_changed("wrapping", order_id, from, wrapping.status.name());
        let data = GiftUnwrapped { order_id, quantity: wrapping.quantity };
        stage.publish(GiftUnwrapped::TYPE, format!("order/{order_id}"), json!(data));
        wrappings.put(order_id, wrapping);
    }
}
