//! What the buttons do. What came of it is only ever learned from the stream.

use super::{link, spawn, with};
use crate::client::{self, Refusal};
use crate::islands::{Link, Spot, Store, declining};
use diagram::Health;
use std::pin::Pin;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement};

pub fn place_order() {
    let quantity = with(|engine| -> Option<String> {
        let input = engine.root.query_selector(".quantity input").ok()??;
        Some(input.unchecked_into::<HtmlInputElement>().value())
    });
    // What is no number is left to the server to refuse, as one order of none.
    let quantity = quantity.flatten().and_then(|quantity| quantity.trim().parse().ok()).unwrap_or(0);
    send(Spot::Order, move |id| async move { client::place_order(&id, quantity).await });
}

pub fn crash_or_restart(service: &str) {
    let service = service.to_string();
    let crashed = with(|engine| engine.player.shown.node(&service).is_some_and(|node| node.health == Health::Crashed));
    let verb = if crashed == Some(true) { "restart" } else { "crash" };
    send(Spot::Levers, move |id| async move { client::service(&id, &service, verb).await });
}

pub fn toggle_decline(service: &str) {
    let service = service.to_string();
    let Some(on) = with(|engine| !declining(&engine.player.shown)) else { return };
    send(Spot::Levers, move |id| async move { client::decline_payments(&id, &service, on).await });
}

/// Asks in place, or takes the question back. The focus goes where the question went.
pub fn ask_to_start_over(ask: bool) {
    with(|engine| -> Option<()> {
        let place = engine.root.query_selector(".start-over").ok()??;
        place.class_list().toggle_with_force("asking", ask).ok()?;
        let next = place.query_selector(if ask { ".ask button" } else { ".quiet" }).ok()??;
        next.unchecked_into::<HtmlElement>().focus().ok()
    });
}

/// Puts the picture away, or back, where it is docked above the text.
pub fn fold_or_unfold() {
    with(|engine| -> Option<bool> {
        let open = engine.expand_or_collapse(".fold")?;
        engine.root.class_list().toggle_with_force("folded", !open).ok()
    });
}

/// Deletes the sandbox and starts a new one.
pub fn start_over() {
    ask_to_start_over(false);
    let Some((store, sandbox)) = with(|engine| (engine.store.clone(), engine.sandbox.clone())) else { return };
    spawn(async move {
        if let Some(id) = sandbox {
            match client::delete_sandbox(&id).await {
                // Somebody else deleted it: that was the aim.
                Ok(()) | Err(Refusal { status: 404, .. }) => {}
                Err(refusal) => return complain(store, Spot::StartOver, refusal),
            }
        }
        store.no_trouble();
        with(|engine| {
            engine.sandbox = None;
            engine.forget();
        });
        link::connect();
    });
}

type Answer = Pin<Box<dyn Future<Output = Result<(), Refusal>>>>;

fn send<F: Future<Output = Result<(), Refusal>> + 'static>(spot: Spot, call: impl FnOnce(String) -> F + 'static) {
    dispatch(spot, Box::new(move |id| Box::pin(call(id))));
}

fn dispatch(spot: Spot, call: Box<dyn FnOnce(String) -> Answer>) {
    let Some((store, sandbox)) = with(|engine| (engine.store.clone(), engine.sandbox.clone())) else { return };
    let go = move |id| spawn(answered(store, spot, call(id)));
    match sandbox {
        Some(id) => go(id),
        None => {
            with(|engine| engine.early.push(Box::new(go)));
        }
    }
}

async fn answered(store: Store, spot: Spot, answer: Answer) {
    match answer.await {
        Ok(()) => store.no_trouble(),
        Err(refusal) => {
            if refusal.status == 404 {
                with(|engine| engine.set_link(Link::Gone));
            }
            complain(store, spot, refusal);
        }
    }
}

fn complain(store: Store, spot: Spot, refusal: Refusal) {
    store.show_trouble(spot, &refusal.detail);
}
