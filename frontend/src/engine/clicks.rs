//! What the buttons do. What came of it is only ever learned from the stream.

use super::{hands, link, spawn, with};
use crate::client::{self, Refusal};
use crate::sight::{Link, is_declining};
use crate::svg::escape;
use crate::texts;
use diagram::Health;
use std::pin::Pin;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Beside which control an error is told.
const ORDER: &str = "[data-spot=order]";
pub const LEVERS: &str = "[data-spot=levers]";
const START_OVER: &str = "[data-spot=start-over]";
const LOAD: &str = "[data-spot=load]";
const KEEP: &str = "[data-spot=keep]";
pub const FAULTS: &str = "[data-spot=faults]";
pub const SWITCHES: &str = "[data-spot=switches]";

pub fn place_order() {
    place_orders(1);
}

pub fn place_orders(count: usize) {
    let quantity = with(|engine| -> Option<String> {
        let input = engine.root.query_selector(".quantity input").ok()??;
        Some(hands::value(&input))
    });
    // What is no number is left to the server to refuse, as one order of none.
    let quantity = quantity.flatten().and_then(|quantity| quantity.trim().parse().ok()).unwrap_or(0);
    send(ORDER, move |id| async move {
        for _ in 0..count {
            client::place_order(&id, quantity).await?;
        }
        Ok(())
    });
}

/// Gives a command that is written whole on its button.
pub fn give(kind: String, fields: String) {
    send(ORDER, move |id| async move { client::command(&id, &kind, &fields).await });
}

/// Has the newest order shipped.
pub fn ship() {
    let newest = with(|engine| Some(engine.player.tape.live().end().sagas.latest.last()?.order_id));
    if let Some(order) = newest.flatten() {
        send(LEVERS, move |id| async move { client::ship(&id, order).await });
    }
}

pub fn crash_or_restart(service: &str) {
    let service = service.to_string();
    let crashed = with(|engine| {
        engine.player.tape.live().end().node(&service).is_some_and(|node| node.health == Health::Crashed)
    });
    let verb = if crashed == Some(true) { "restart" } else { "crash" };
    send(LEVERS, move |id| async move { client::service(&id, &service, verb).await });
}

pub fn toggle_decline(service: &str) {
    let Some(on) = with(|engine| !is_declining(engine.player.tape.live().end())) else { return };
    decline(service, on);
}

/// Which charges are declined was chosen, while some are.
pub fn decline_others(service: &str) {
    if with(|engine| is_declining(engine.player.tape.live().end())) == Some(true) {
        decline(service, true);
    }
}

fn decline(service: &str, on: bool) {
    let service = service.to_string();
    let every = with(|engine| engine.paper.find("[data-set=every]").map(|select| hands::value(&select)));
    let every = every.flatten().unwrap_or_else(|| "1".into());
    send(LEVERS, move |id| async move { client::decline_payments(&id, &service, on.then_some(every.as_str())).await });
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
    let Some(sandbox) = with(|engine| engine.sandbox.clone()) else { return };
    spawn(async move {
        if let Some(id) = sandbox {
            match client::delete_sandbox(&id).await {
                // Somebody else deleted it: that was the aim.
                Ok(()) | Err(Refusal { status: 404, .. }) => {}
                Err(refusal) => return complain(START_OVER, &refusal),
            }
        }
        no_trouble();
        with(|engine| {
            engine.sandbox = None;
            engine.forget();
        });
        link::connect();
    });
}

/// Starts, changes or stops the load.
pub fn load(on: bool) {
    let rate = with(|engine| Some(hands::value(&engine.paper.find(".rate")?)));
    let rate: u32 = rate.flatten().and_then(|rate| rate.trim().parse().ok()).unwrap_or(0);
    send(LOAD, move |id| async move {
        let queued = client::load(&id, on.then_some(rate)).await?;
        with(|engine| engine.paper.put(".queued", if queued { texts::LOAD_QUEUED } else { "" }));
        Ok(())
    });
}

/// Keeps what happened so far.
pub fn keep() {
    let Some((Some(id), name)) = with(|engine| {
        let name = engine.paper.find(".run-name").map(|input| hands::value(&input)).unwrap_or_default();
        (engine.sandbox.clone(), name.trim().to_string())
    }) else {
        return;
    };
    if name.is_empty() {
        with(|engine| engine.paper.put(KEEP, texts::KEEP_UNNAMED));
        return;
    }
    spawn(async move {
        let answer = client::keep(&id, &name).await;
        with(|engine| {
            let (kept, trouble) = match answer {
                Ok(run) => {
                    let words = escape(&texts::kept(&name));
                    let (open, all) = (texts::KEPT_OPEN, texts::KEPT_ALL);
                    (
                        format!("{words} <a href=\"/playground?run={run}\">{open}</a> · <a href=\"/runs\">{all}</a>"),
                        String::new(),
                    )
                }
                Err(refusal) => (String::new(), escape(&refusal.detail)),
            };
            engine.paper.put(".kept", &kept);
            engine.paper.put(KEEP, &trouble);
        });
    });
}

type Answer = Pin<Box<dyn Future<Output = Result<(), Refusal>>>>;

pub fn send<F: Future<Output = Result<(), Refusal>> + 'static>(
    spot: &'static str,
    call: impl FnOnce(String) -> F + 'static,
) {
    dispatch(spot, Box::new(move |id| Box::pin(call(id))));
}

fn dispatch(spot: &'static str, call: Box<dyn FnOnce(String) -> Answer>) {
    let Some(sandbox) = with(|engine| engine.sandbox.clone()) else { return };
    let go = move |id| spawn(answered(spot, call(id)));
    match sandbox {
        Some(id) => go(id),
        None => {
            with(|engine| engine.early.push(Box::new(go)));
        }
    }
}

async fn answered(spot: &'static str, answer: Answer) {
    match answer.await {
        Ok(()) => no_trouble(),
        Err(refusal) => {
            if refusal.status == 404 {
                with(|engine| engine.set_link(Link::Gone));
            }
            complain(spot, &refusal);
        }
    }
}

/// What the server answered, beside what was clicked.
fn complain(spot: &'static str, refusal: &Refusal) {
    with(|engine| engine.paper.put(spot, &escape(&refusal.detail)));
}

/// All is well again.
fn no_trouble() {
    with(|engine| {
        for spot in [ORDER, LEVERS, START_OVER, LOAD, KEEP, FAULTS, SWITCHES] {
            engine.paper.put(spot, "");
        }
    });
}
