//! Faults and protections: what is chosen in their sheets, what stands, and how long it lasts.

use super::clicks::{self, FAULTS, SWITCHES};
use super::{Engine, hands, looking, now, spawn, window, with};
use crate::texts::faults as texts;
use crate::{client, sight};
use diagram::Health;
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement};

/// Between two looks at the time that is left.
const TICK: i32 = 1_000;

/// What the list of standing faults shows.
#[derive(Default)]
pub struct Standing {
    /// Which faults are listed: where and when each was set.
    listed: String,
    /// When each ends that ends by itself, in the page's own time.
    ends: Vec<(String, f64)>,
    ticks: bool,
}

/// Opens the sheet at a target.
pub fn aim(target: &str) {
    let kind = with(|engine| -> Option<Element> {
        engine.root.query_selector(".faults").ok()??.set_attribute("open", "").ok()?;
        let select = field(engine, "target")?;
        let _ = js_sys::Reflect::set(&select, &"value".into(), &target.into());
        field(engine, "kind")
    });
    fit();
    if let Some(kind) = kind.flatten() {
        let _ = kind.unchecked_into::<HtmlElement>().focus();
    }
}

/// Leaves only the kinds that change something at the target, and the steps that it carries out.
pub fn fit() {
    with(|engine| -> Option<()> {
        let target = chosen(&field(engine, "target")?)?;
        let at = target.get_attribute("value")?;
        let kinds = target.get_attribute("data-kinds")?;
        let kind = field(engine, "kind")?;
        offer(&kind, &|option| kinds.split(' ').any(|known| Some(known) == option.get_attribute("value").as_deref()));
        let failing = hands::value(&kind) == "fail-step";
        offer(&field(engine, "step")?, &|option| match option.get_attribute("data-step-of") {
            Some(service) => service == at,
            None => !failing,
        });
        Some(())
    });
}

fn field(engine: &mut Engine, name: &str) -> Option<Element> {
    engine.paper.find(&["[data-fault=", name, "]"].concat())
}

fn chosen(select: &Element) -> Option<Element> {
    select.query_selector("option:checked").ok()?
}

/// Shows the options that fit, and chooses the first of them if the one chosen does not.
fn offer(select: &Element, fits: &dyn Fn(&Element) -> bool) {
    let Ok(options) = select.query_selector_all("option") else { return };
    let (mut first, mut lost) = (None, false);
    let now = hands::value(select);
    for i in 0..options.length() {
        let Some(option) = options.get(i).and_then(|node| node.dyn_into::<Element>().ok()) else { continue };
        let (fit, value) = (fits(&option), option.get_attribute("value").unwrap_or_default());
        for attribute in ["hidden", "disabled"] {
            let _ = option.toggle_attribute_with_force(attribute, !fit);
        }
        lost |= !fit && value == now;
        if fit && first.is_none() {
            first = Some(value);
        }
    }
    if lost && let Some(first) = first {
        let _ = js_sys::Reflect::set(select, &"value".into(), &first.as_str().into());
    }
}

/// Sets the fault that is described in the sheet. What is no number is left to the server to refuse.
pub fn set() {
    let Some(read) = with(|engine| {
        let mut read =
            |name: &str| field(engine, name).map(|field| hands::value(&field).trim().to_string()).unwrap_or_default();
        ["target", "kind", "step", "when", "ms", "every", "status", "strength", "seed", "after", "ttl"].map(&mut read)
    }) else {
        return;
    };
    let [target, kind, step, when, ms, every, status, strength, seed, after, ttl] = &read;
    let number = |text: &str| text.parse::<u32>().unwrap_or(0).to_string();
    let step = if step.is_empty() { String::new() } else { format!("\"step\":\"{step}\"") };
    let params = match &**kind {
        "delay" | "slow-store" => ["\"ms\":", &number(ms)].concat(),
        "decline-payments" => ["\"every\":", &number(every)].concat(),
        "fail" => ["\"status\":", &number(status)].concat(),
        "fail-step" => [&step, ",\"when\":\"", when, "\""].concat(),
        "crash-before-publish" => step,
        _ => String::new(),
    };
    // Of what takes its target as a whole there is no share.
    let whole = matches!(&**kind, "crash" | "pause" | "partition" | "broker-outage");
    let (strength, seed) = if whole { ("100".into(), "1".into()) } else { (number(strength), number(seed)) };
    let body = format!(
        "{{\"kind\":\"{kind}\",\"target\":\"{target}\",\"strength\":{strength},\"seed\":{seed},\
         \"after_ms\":{after},\"ttl_ms\":{ttl},\"params\":{{{params}}}}}"
    );
    let id = named(kind, target);
    clicks::send(FAULTS, move |sandbox| async move { client::fault(&sandbox, &id, Some(&body)).await });
}

/// One fault of a kind stands at a place; set again, it replaces the other.
pub(super) fn named(kind: &str, target: &str) -> String {
    if kind == "decline-payments" {
        return kind.into();
    }
    let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
    [kind, "-", &target.chars().map(plain).collect::<String>()].concat()
}

pub fn clear(id: &str) {
    let id = id.to_string();
    clicks::send(FAULTS, move |sandbox| async move {
        match client::fault(&sandbox, &id, None).await {
            // It may have run out just now.
            Err(client::Refusal { status: 404, .. }) => Ok(()),
            answer => answer,
        }
    });
}

pub fn heal_all() {
    clicks::send(FAULTS, |sandbox| async move { client::heal_all(&sandbox).await });
}

pub fn pause_or_resume(service: &str) {
    let paused =
        with(|engine| engine.player.tape.live().end().node(service).is_some_and(|node| node.health == Health::Paused));
    super::sagas::pull(if paused == Some(true) { "resume" } else { "pause" }, service, "", "");
}

pub fn switch(name: &str) {
    let on =
        with(|engine| engine.player.tape.live().end().switches.iter().any(|known| &*known.name == name && known.on));
    let (name, on) = (name.to_string(), on == Some(true));
    clicks::send(SWITCHES, move |sandbox| async move { client::switch(&sandbox, &name, !on).await });
}

impl Engine {
    /// What stands and what is off, as things are now.
    pub(super) fn show_faults(&mut self) {
        let state = self.player.tape.live().end();
        let mut listed = String::new();
        for fault in &state.faults {
            listed.push_str(&[&fault.id, " ", &fault.installed_at.to_string(), " "].concat());
        }
        for node in &state.nodes {
            self.paper.put(&format!("[data-pauses=\"{}\"]", node.name), &sight::pause(node));
        }
        for known in &state.switches {
            let selector = format!("[data-switch=\"{}\"]", known.name);
            self.paper.set(&selector, "aria-checked", if known.on { "true" } else { "false" });
        }
        self.paper.put(".faults .count", &texts::count(state.faults.len()));
        let standing = sight::standing(state);
        let pressed = looking::focused().and_then(|button| button.get_attribute("data-fault-id"));
        if self.paper.put(".standing", &standing)
            && let Some(id) = pressed
        {
            self.focus_on(&id);
        }
        let state = self.player.tape.live().end();
        if self.standing.listed == listed {
            return;
        }
        let mortal = state.faults.iter().any(|fault| fault.spec.ttl_ms.is_some());
        self.standing.listed = listed;
        self.standing.ends.clear();
        if mortal && let Some(sandbox) = self.sandbox.clone() {
            spawn(ask_how_long(sandbox));
        }
    }

    /// The button that clears a fault keeps the focus; once that fault is gone, the one that
    /// heals all has it.
    fn focus_on(&self, id: &str) {
        let button = |selector: &str| self.root.query_selector(selector).ok().flatten();
        let next = button(&format!("[data-fault-id=\"{id}\"]")).or_else(|| button("[data-do=heal]"));
        if let Some(next) = next {
            let _ = next.unchecked_into::<HtmlElement>().focus();
        }
    }
}

async fn ask_how_long(sandbox: String) {
    let Ok(faults) = client::faults(&sandbox).await else { return };
    with(|engine| {
        let ends = |fault: client::Lasting| Some((fault.id, now() + fault.expires_in_ms? as f64));
        engine.standing.ends = faults.into_iter().filter_map(ends).collect();
        tick(engine);
    });
}

fn tick(engine: &mut Engine) {
    let now = now();
    for (id, end) in &engine.standing.ends {
        let left = (end - now).max(0.0) / 1000.0;
        if let Ok(Some(element)) = engine.root.query_selector(&format!("[data-left=\"{id}\"]")) {
            element.set_text_content(Some(&texts::left(left.round() as u64)));
        }
    }
    if engine.standing.ticks || engine.standing.ends.is_empty() {
        return;
    }
    engine.standing.ticks = true;
    let again = Closure::once_into_js(|| {
        with(|engine| {
            engine.standing.ticks = false;
            tick(engine);
        });
    });
    if let Some(window) = window() {
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(again.unchecked_ref(), TICK);
    }
}
