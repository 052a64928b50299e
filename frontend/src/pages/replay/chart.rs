use super::scale::{Money, Time, local};
use super::{Asked, Ground, ledger};
use crate::date::{self, DAY};
use crate::texts::replay as texts;
use leptos::prelude::*;
use std::fmt::Write as _;

/// What the account held at a moment, asked for by cursor, clock, position or in words.
pub fn when(ground: &Ground) -> impl IntoView + use<> {
    let (id, _, title) = texts::WHEN;
    let time = Time::over(ground.entries.iter().map(|entry| entry.recorded()), ground.now);
    let money = Money::over(ground.entries.iter().map(|entry| entry.balance_minor));
    let (at, sentence) = answer(ground);
    let unclear = match &ground.at {
        Asked::Unclear(words) => texts::filled(texts::UNCLEAR, &[("words", words)]),
        _ => String::new(),
    };
    // Before its first event it held nothing; before the first at hand nobody can say.
    let held = ledger::balance_at(&ground.entries, at).or((ground.earlier() == 0).then_some(0));
    view! {
        <section id=id aria-labelledby="when-title">
            <h2 id="when-title">{title}</h2>
            <p class="hint">{texts::WHEN_LEDE}</p>
            <p class="answer" role="status">{sentence.clone()}</p>
            <div class="plot chart" data-from=time.from.to_string() data-to=time.to.to_string() data-low=money.low.to_string() data-high=money.high.to_string()>
                <svg width="100%" height="100%" role="img" aria-label=texts::CHART inner_html=drawn(ground, &time, &money, at, held)></svg>
                <input type="range" class="scripted" aria-label=texts::MOMENT aria-valuetext=sentence min=time.from.to_string()
                    max=time.to.to_string() step=time.step.to_string() value=at.clamp(time.from, time.to).to_string() hidden/>
            </div>
            {asking(ground, at)}
            <p class="said" role="alert">{unclear}</p>
        </section>
    }
}

/// The moment asked about, and the answer.
fn answer(ground: &Ground) -> (i64, String) {
    let account = ground.account.to_string();
    if let Some(position) = ground.asked.position {
        let last = ground.entries.iter().filter(|entry| entry.position <= position).max_by_key(|entry| entry.sequence);
        let said = position.to_string();
        return match last {
            None => {
                let before = ground.entries.first().map_or(ground.now, |entry| entry.recorded() - 1);
                let template = if ground.earlier() > 0 { texts::AFTER_NOT_AT_HAND } else { texts::HELD_BEFORE };
                let first = (ground.earlier() + 1).to_string();
                let figures = [("position", &*said), ("account", &account), ("first", &first)];
                (before, texts::filled(template, &figures))
            }
            Some(entry) => {
                let (balance, sequence) = (texts::money(entry.balance_minor), entry.sequence.to_string());
                let figures =
                    [("position", &*said), ("account", &account), ("balance", &balance), ("sequence", &sequence)];
                (entry.recorded(), texts::filled(texts::HELD_AFTER, &figures))
            }
        };
    }
    let at = ground.at.seconds(ground.now);
    let held = ledger::balance_at(&ground.entries, at);
    let template = match (&ground.at, held) {
        (Asked::At(_), Some(_)) => texts::HELD,
        (Asked::At(_), None) if ground.earlier() > 0 => texts::NOT_AT_HAND,
        (Asked::At(_), None) => texts::NOT_OPEN,
        _ => texts::HOLDS,
    };
    let (when, balance, first) = (ground.when(at), texts::money(held.unwrap_or(0)), (ground.earlier() + 1).to_string());
    let figures = [("when", &*when), ("account", &account), ("balance", &balance), ("first", &first)];
    (at, texts::filled(template, &figures))
}

/// Steps over time. What lies behind the cursor is drawn in full, what lies ahead is pale.
fn drawn(ground: &Ground, time: &Time, money: &Money, at: i64, held: Option<i64>) -> String {
    let mut out = String::new();
    for cents in money.lines() {
        let (y, label) = (money.y(cents), texts::round_money(cents));
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            r#"<line class="grid" x1="0" x2="100%" y1="{y:.2}%" y2="{y:.2}%"/><text class="money" x="-10" y="{y:.2}%" dy="0.33em">{label}</text>"#
        );
    }
    for (moment, label, spare) in time.ticks() {
        let (x, class) = (time.x(moment), if spare { "tick odd" } else { "tick" });
        let _ = write!(out, r#"<text class="{class}" x="{x:.2}%" y="100%" dy="1.5em">{label}</text>"#);
    }
    let (line, area) = steps(ground, time, money);
    let x = time.x(at);
    let past = x * 10.0;
    let _ = write!(
        out,
        r##"<svg viewBox="0 0 1000 100" preserveAspectRatio="none" width="100%" height="100%"><clipPath id="past"><rect class="past" x="0" y="-10" width="{past:.1}" height="120"/></clipPath><path class="area ahead" d="{area}"/><path class="line ahead" d="{line}"/><g clip-path="url(#past)"><path class="area" d="{area}"/><path class="line" d="{line}"/></g></svg>"##
    );
    for entry in &ground.entries {
        let (x, y) = (time.x(entry.recorded()), money.y(entry.balance_minor));
        let class = if entry.recorded() <= at { "event" } else { "event ahead" };
        let _ = write!(
            out,
            r#"<circle class="{class}" data-at="{}" cx="{x:.2}%" cy="{y:.2}%" r="5"><title>{} {}</title></circle>"#,
            entry.recorded(),
            entry.sequence,
            entry.kind()
        );
    }
    let y = money.y(held.unwrap_or_else(|| ledger::carried(&ground.entries)));
    let anchor = if x > 75.0 { "end" } else { "start" };
    let dx = if x > 75.0 { -12 } else { 12 };
    let _ = write!(
        out,
        r#"<line class="cursor" x1="{x:.2}%" x2="{x:.2}%" y1="0" y2="100%"/><circle class="held" cx="{x:.2}%" cy="{y:.2}%" r="6.5"/><text class="held" x="{x:.2}%" y="{y:.2}%" dx="{dx}" dy="-0.75em" text-anchor="{anchor}">{}</text>"#,
        held.map_or(texts::NO_BALANCE.to_owned(), texts::money)
    );
    out
}

/// The line, and the area under it, in thousandths of the width and hundredths of the height.
fn steps(ground: &Ground, time: &Time, money: &Money) -> (String, String) {
    let (mut line, mut started) = (String::new(), None);
    for entry in &ground.entries {
        let (x, y) = (time.x(entry.recorded()) * 10.0, money.y(entry.balance_minor));
        let _ = match started {
            None => write!(line, "M{x:.1} {y:.2}"),
            Some(_) => write!(line, "H{x:.1}V{y:.2}"),
        };
        started = started.or(Some(x));
    }
    line.push_str("H1000");
    let (foot, first) = (money.y(0), started.unwrap_or(0.0));
    let area = format!("{line}V{foot:.2}H{first:.1}Z");
    (line, area)
}

/// The ways to ask. Each is a form of its own, and works without a script.
fn asking(ground: &Ground, at: i64) -> impl IntoView + use<> {
    const OTHERS: [&str; 2] = ["at", "position"];
    let action = "/replay#when";
    let afternoon = ground.entries.iter().rfind(|entry| entry.is_seeded()).map(|entry| {
        let three = entry.recorded().div_euclid(DAY) * DAY + 15 * 3600;
        view! { <button name="at" value=date::machine(three)>{texts::at_three(three, ground.now)}</button> }
    });
    let last = ground.entries.last().map(|entry| entry.position.to_string());
    let position = ground.asked.position.map(|position| position.to_string());
    view! {
        <div class="asking">
            <form class="presets" action=action>{ground.asked.hidden(&OTHERS)}{afternoon}<button name="at" value="">{texts::NOW}</button></form>
            <form action=action>
                {ground.asked.hidden(&OTHERS)}
                <label>{texts::IN_WORDS}<input name="at" type="text" autocomplete="off" placeholder=texts::IN_WORDS_EXAMPLE required/></label>
                <button>{texts::ASK}</button>
            </form>
            <form action=action>
                {ground.asked.hidden(&OTHERS)}
                <label>{texts::BY_CLOCK}<input name="at" type="datetime-local" step="1" value=local(at) required/></label>
                <button>{texts::ASK}</button>
            </form>
            <form action=action>
                {ground.asked.hidden(&OTHERS)}
                <label title=texts::BY_POSITION_HINT>{texts::BY_POSITION}<input name="position" type="number" min="0" value=position placeholder=last required/></label>
                <button>{texts::ASK}</button>
            </form>
        </div>
    }
}
