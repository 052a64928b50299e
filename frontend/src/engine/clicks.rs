//! What the buttons do. What came of it is only ever learned from the stream.

use super::{link, with};
use crate::client::{self, Refusal};
use crate::islands::{Link, Problem, Spot, Store};
use diagram::Health;
use leptos::prelude::*;
use std::future::Future;
use wasm_bindgen_futures::spawn_local;

pub fn place_order() {
    let Some(store) = with(|engine| engine.store) else { return };
    // What is no number is left to the server to refuse, as one order of none.
    let quantity = store.quantity.get_untracked().trim().parse().unwrap_or(0);
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
    let Some(on) = with(|engine| !engine.store.declining.get_untracked()) else { return };
    send(Spot::Levers, move |id| async move { client::decline_payments(&id, &service, on).await });
}

/// Deletes the sandbox and starts a new one.
pub fn start_over() {
    let Some((store, sandbox)) = with(|engine| (engine.store, engine.sandbox.clone())) else { return };
    spawn_local(async move {
        if let Some(id) = sandbox {
            match client::delete_sandbox(&id).await {
                // Somebody else deleted it: that was the aim.
                Ok(()) | Err(Refusal { status: 404, .. }) => {}
                Err(refusal) => return complain(store, Spot::StartOver, refusal),
            }
        }
        store.problem.set(None);
        with(|engine| {
            engine.sandbox = None;
            engine.forget();
        });
        link::connect();
    });
}

fn send<F: Future<Output = Result<(), Refusal>> + 'static>(spot: Spot, call: impl FnOnce(String) -> F + 'static) {
    let Some((store, sandbox)) = with(|engine| (engine.store, engine.sandbox.clone())) else { return };
    let go = move |id| spawn_local(answered(store, spot, call(id)));
    match sandbox {
        Some(id) => go(id),
        None => {
            with(|engine| engine.early.push(Box::new(go)));
        }
    }
}

async fn answered(store: Store, spot: Spot, answer: impl Future<Output = Result<(), Refusal>>) {
    match answer.await {
        Ok(()) => store.problem.set(None),
        Err(refusal) => {
            if refusal.status == 404 {
                store.link.set(Link::Gone);
            }
            complain(store, spot, refusal);
        }
    }
}

fn complain(store: Store, spot: Spot, refusal: Refusal) {
    store.problem.set(Some(Problem { spot, text: refusal.detail }));
}
