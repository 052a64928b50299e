use super::scale::{Time, local};
use super::{Entry, Ground, ledger};
use crate::date::{self, DAY};
use crate::texts::replay as texts;
use leptos::prelude::*;
use std::fmt::Write as _;

/// What was believed at one moment about another: two cursors over the two times of each event.
pub fn believed(ground: &Ground) -> impl IntoView + use<> {
    let (id, _, title) = texts::BELIEVED;
    let moments = ground.entries.iter().flat_map(|entry| [entry.recorded(), entry.valued()]).collect::<Vec<_>>();
    let time = Time::over(moments.into_iter(), ground.now);
    let (about, believed) = (ground.about.seconds(ground.now), ground.believed.seconds(ground.now));
    let range = |name: &'static str, label: &'static str, asked: &super::Asked| {
        let (at, said) = (asked.seconds(ground.now), said(ground, asked));
        let exact = match asked {
            super::Asked::At(at) => at.to_string(),
            _ => String::new(),
        };
        view! {
            <input type="range" class=format!("scripted {name}") aria-label=label aria-valuetext=said min=time.from.to_string()
                max=time.to.to_string() step=time.step.to_string() value=at.clamp(time.from, time.to).to_string() data-asked=exact hidden/>
        }
    };
    let chips = ground.entries.iter().filter(|entry| entry.amount_minor != 0);
    let chips = chips.map(|entry| chip(entry, believed, about)).collect_view();
    let sum = ledger::believed(&ground.entries, believed, about);
    let carried = (ground.earlier() > 0).then(|| carried(ground, sum.is_some()));
    let correcting = (!ground.view.kept).then(|| correcting(ground));
    view! {
        <section id=id aria-labelledby="believed-title">
            <h2 id="believed-title">{title}</h2>
            <p class="hint">{texts::BELIEVED_LEDE}</p>
            <p class="answer" role="status">{answer(ground)}</p>
            {presets(ground)}
            <div class="plot threads" data-from=time.from.to_string() data-to=time.to.to_string()>
                <p class="lane upper"><b>{texts::ABOUT}</b>" "<span class="stands">{said(ground, &ground.about)}</span></p>
                <svg width="100%" height="100%" role="img" aria-label=texts::THREADS inner_html=drawn(ground, &time, believed, about)></svg>
                {range("about", texts::ABOUT, &ground.about)}
                {range("belief", texts::BELIEVED_WHEN, &ground.believed)}
                <p class="lane lower"><b>{texts::BELIEVED_WHEN}</b>" "<span class="stands">{said(ground, &ground.believed)}</span></p>
            </div>
            <div class="sum">
                <p>{texts::COUNTED}</p>
                <ol>{carried}{chips}</ol>
                <p class="total">{texts::equals(sum)}</p>
            </div>
            {asking(ground, believed, about)}
            {correcting}
        </section>
    }
}

fn said(ground: &Ground, asked: &super::Asked) -> String {
    match asked {
        super::Asked::At(at) => ground.when(*at),
        _ => texts::NOW_IN_SENTENCE.into(),
    }
}

fn answer(ground: &Ground) -> String {
    use super::Asked::At;
    let (about, believed) = (ground.about.seconds(ground.now), ground.believed.seconds(ground.now));
    let sum = ledger::believed(&ground.entries, believed, about);
    let template = match (&ground.believed, &ground.about) {
        _ if sum.is_none() => texts::BELIEF_NOT_AT_HAND,
        (At(believed), At(about)) if about > believed => texts::FORECAST,
        (At(_), At(_)) => texts::BELIEF,
        (At(_), _) => texts::BELIEF_NOW,
        (_, At(_)) => texts::KNOWN,
        (_, _) => texts::KNOWN_NOW,
    };
    let balance = sum.map(texts::money).unwrap_or_default();
    let figures = [
        ("believed", &*ground.when(believed)),
        ("about", &ground.when(about)),
        ("account", &ground.account.to_string()),
        ("balance", &balance),
    ];
    texts::filled(template, &figures)
}

/// Questions that the last correction gives an answer to.
fn presets(ground: &Ground) -> impl IntoView + use<> {
    let Some(correction) = ground.entries.iter().rfind(|entry| entry.corrects.is_some()) else {
        let corrected = ground.view.entries.iter().find(|entry| entry.corrects.is_some());
        let other = corrected.map(|entry| {
            let account = Some(entry.account_id);
            let address = super::ReplayAsked { run: ground.asked.run.clone(), account, ..Default::default() };
            let text = texts::filled(texts::HAS_CORRECTION, &[("account", &entry.account_id.to_string())]);
            view! { " "<a href=address.link("believed")>{text}</a>"." }
        });
        let same = ground.entries.iter().all(|entry| entry.valued() == entry.recorded());
        return same.then(|| view! { <p class="none">{texts::NO_CORRECTION}{other}</p> }).into_any();
    };
    let (valued, recorded) = (correction.valued(), correction.recorded());
    // In the evening of the day it counts from; believed at noon of the day after, if that is early enough.
    let (evening, noon) = (valued.div_euclid(DAY) * DAY + 20 * 3600, valued.div_euclid(DAY) * DAY + DAY + 12 * 3600);
    let (about, believed, questions) = if noon < recorded {
        (evening, noon, [texts::believed_on(noon, valued), texts::known_about(valued)])
    } else {
        let sequence = correction.sequence;
        (recorded, recorded - 1, [texts::believed_before(sequence), texts::known_after(sequence)])
    };
    let [before, after] = questions;
    let now = super::ReplayAsked { about: Some(date::machine(about)), believed: None, ..ground.asked.clone() };
    let then = super::ReplayAsked { believed: Some(date::machine(believed)), ..now.clone() };
    view! { <p class="presets"><a href=then.link("believed") data-asks="">{before}</a><a href=now.link("believed") data-asks="">{after}</a></p> }
        .into_any()
}

/// Each event as a thread from when it counts, above, to when it was recorded, below.
fn drawn(ground: &Ground, time: &Time, believed: i64, about: i64) -> String {
    let mut out = String::new();
    for (moment, label, spare) in time.ticks() {
        let (x, class) = (time.x(moment), if spare { "tick odd" } else { "tick" });
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            r#"<line class="grid" x1="{x:.2}%" x2="{x:.2}%" y1="22%" y2="78%"/><text class="{class}" x="{x:.2}%" y="50%" dy="0.35em">{label}</text>"#
        );
    }
    out.push_str(r#"<line class="rail" x1="0" x2="100%" y1="22%" y2="22%"/><line class="rail" x1="0" x2="100%" y1="78%" y2="78%"/>"#);
    let named = ground.entries.len() <= 12;
    for entry in &ground.entries {
        let (top, foot) = (time.x(entry.valued()), time.x(entry.recorded()));
        // A correction reaches back to where what it corrects stands already: it is drawn above it.
        let (kind, y) = if entry.corrects.is_some() { ("corrected", 8) } else { ("plain", 22) };
        let out_of_it = if ledger::counts(entry, believed, about) { "" } else { " out" };
        let (radius, number) = if named { (11, entry.sequence.to_string()) } else { (5, String::new()) };
        let _ = write!(
            out,
            r#"<g class="thread {kind}{out_of_it}" data-sequence="{}"><line x1="{top:.2}%" x2="{foot:.2}%" y1="{y}%" y2="78%"/><line class="back" x1="{top:.2}%" x2="{top:.2}%" y1="{y}%" y2="22%"/><circle cx="{top:.2}%" cy="{y}%" r="{radius}"/><circle cx="{foot:.2}%" cy="78%" r="{radius}"/><text x="{top:.2}%" y="{y}%" dy="0.35em">{number}</text><text x="{foot:.2}%" y="78%" dy="0.35em">{number}</text></g>"#,
            entry.sequence
        );
    }
    let (about, believed) = (time.x(about), time.x(believed));
    let _ = write!(
        out,
        r#"<line class="cursor about" x1="{about:.2}%" x2="{about:.2}%" y1="0" y2="44%"/><line class="cursor belief" x1="{believed:.2}%" x2="{believed:.2}%" y1="56%" y2="100%"/>"#
    );
    out
}

/// What the events come to that are not at hand.
fn carried(ground: &Ground, is_in: bool) -> impl IntoView + use<> {
    let class = if is_in { "carried in" } else { "carried out" };
    let amount = texts::signed(ledger::carried(&ground.entries));
    view! { <li class=class>{texts::events_up_to(ground.earlier())}" "{amount}</li> }
}

/// A summand, or why it is none.
fn chip(entry: &Entry, believed: i64, about: i64) -> impl IntoView + use<> {
    let reason = match (entry.recorded() <= believed, entry.valued() <= about) {
        (true, true) => "",
        (false, true) => texts::NOT_RECORDED,
        (true, false) => texts::NOT_COUNTING,
        (false, false) => texts::NEITHER,
    };
    let class = if reason.is_empty() { "in" } else { "out" };
    view! {
        <li class=class data-kind=entry.kind() data-sequence=entry.sequence.to_string()>
            <span class="no">{entry.sequence}</span>" "{texts::signed(entry.amount_minor)}" "<span class="why">{reason}</span>
        </li>
    }
}

fn asking(ground: &Ground, believed: i64, about: i64) -> impl IntoView + use<> {
    view! {
        <form class="asking both" action="/replay#believed">
            {ground.asked.hidden(&["believed", "about"])}
            <label>{texts::ABOUT_CLOCK}<input name="about" type="datetime-local" step="1" value=local(about) required/></label>
            <label>{texts::BELIEVED_CLOCK}<input name="believed" type="datetime-local" step="1" value=local(believed) required/></label>
            <button>{texts::ASK}</button>
        </form>
    }
}

/// The form that records a correction, of a deposit or withdrawal as it stands after all others.
fn correcting(ground: &Ground) -> impl IntoView + use<> {
    let entries = ground.entries.iter().filter(|entry| entry.is_money()).rev().map(|entry| {
        let corrections = ground.entries.iter().filter(|other| other.corrects == Some(entry.sequence));
        let stands = entry.amount_minor + corrections.map(|other| other.amount_minor).sum::<i64>();
        let text = texts::entry(entry.sequence, &entry.event, stands);
        view! { <option value=entry.sequence.to_string()>{text}</option> }
    });
    view! {
        <details class="correcting scripted" hidden>
            <summary>{texts::CORRECT}</summary>
            <p class="hint">{texts::CORRECT_HINT}</p>
            <form class="fields" data-does="correct">
                <label>{texts::ENTRY}<select name="sequence">{entries.collect_view()}</select></label>
                <label>{texts::SHOULD_BE}<input name="amount" inputmode="decimal" autocomplete="off" required/></label>
                <label>{texts::WHY}<input name="why" maxlength="120" autocomplete="off" placeholder=texts::WHY_EXAMPLE/></label>
                <button class="main">{texts::RECORD_CORRECTION}</button>
                <p class="said" aria-live="polite" data-own=""></p>
            </form>
        </details>
    }
}
