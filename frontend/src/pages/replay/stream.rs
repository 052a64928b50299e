use super::{Entry, Ground, ledger};
use crate::texts::replay as texts;
use crate::{date, texts as site};
use leptos::prelude::*;

/// The stream as a strip of cards, and the state folding under them; a cursor moves through both.
pub fn stream(ground: &Ground) -> impl IntoView + use<> {
    let (id, _, title) = texts::STREAM;
    let most = ground.entries.iter().map(|entry| entry.balance_minor).max().unwrap_or(0).max(1);
    let cards = ground.entries.iter().enumerate().map(|(index, entry)| card(ground, index, entry, most)).collect_view();
    let seeded = ground.entries.iter().any(Entry::is_seeded);
    let seeded = seeded.then(|| view! { <p class="hint seeded-means"><span class="seeded" aria-hidden="true">{texts::SEEDED}</span>" "{texts::SEEDED_MEANS}</p> });
    let yours = (!ground.view.kept).then(yours);
    view! {
        <section id=id aria-labelledby="stream-title">
            <h2 id="stream-title">{title}</h2>
            <div class="life">
                <div class="strip" tabindex="0" role="region" aria-label=texts::STRIP>
                    <ol>{beginning(ground)}{cards}</ol>
                </div>
                {state(ground)}
                {soil(ground)}
            </div>
            {seeded}
            {yours}
        </section>
    }
}

/// Version 0, which the first card is put upon.
fn beginning(ground: &Ground) -> impl IntoView + use<> {
    let current = (ground.version == 0).then_some("step");
    let address = at_version(ground, ground.earlier());
    let Beginning { eyebrow, cents, balance, told } = Beginning::of(ground);
    view! {
        <li class="begin" aria-current=current data-sequence=ground.earlier().to_string() data-cents=cents.to_string() data-balance=balance data-did=""
            data-told=told data-after=eyebrow>
            <a href=address tabindex="-1">{texts::before(ground.earlier() + 1)}</a>
            <span class="of-fold">{texts::BALANCE}</span>
        </li>
    }
}

/// What is said where no card is folded in.
struct Beginning {
    eyebrow: String,
    cents: i64,
    balance: String,
    told: String,
}

impl Beginning {
    fn of(ground: &Ground) -> Self {
        let (first, last) = ((ground.earlier() + 1).to_string(), ground.last().to_string());
        let eyebrow = texts::filled(texts::BEFORE_ALL, &[("first", &first), ("versions", &last)]);
        let cents = ledger::carried(&ground.entries);
        let (balance, told) = match ground.earlier() {
            0 => (texts::NO_BALANCE.to_owned(), texts::NOTHING_FOLDED.to_owned()),
            earlier => (texts::money(cents), texts::earlier_folded(earlier)),
        };
        Beginning { eyebrow, cents, balance, told }
    }
}

fn card(ground: &Ground, index: usize, entry: &Entry, most: i64) -> impl IntoView + use<> {
    let version = index + 1;
    let class = if version > ground.version { "event ahead" } else { "event" };
    let current = (version == ground.version).then_some("step");
    let address = at_version(ground, entry.sequence);
    let (amount, balance) = (texts::signed(entry.amount_minor), texts::money(entry.balance_minor));
    let shown = balance.clone();
    let did = if entry.is_opening() { String::new() } else { texts::equation(entry.amount_minor, entry.balance_minor) };
    let (sequence, last) = (entry.sequence.to_string(), ground.last().to_string());
    let after = texts::filled(texts::AFTER, &[("version", &sequence), ("versions", &last)]);
    let mut labels = vec![];
    if let Some(corrects) = entry.corrects {
        labels.push(view! { <span class="corrects">{texts::corrects(corrects)}</span> }.into_any());
    }
    if entry.is_seeded() {
        labels.push(view! { <span class="seeded" title=texts::SEEDED_MEANS>{texts::SEEDED}</span> }.into_any());
    }
    let recorded = entry.recorded();
    view! {
        <li class=class aria-current=current data-kind=entry.kind() data-sequence=entry.sequence.to_string()
            data-position=entry.position.to_string() data-amount=entry.amount_minor.to_string()
            data-cents=entry.balance_minor.to_string() data-balance=balance data-did=did data-told=told(ground, entry) data-after=after
            data-recorded=recorded.to_string() data-valued=entry.valued().to_string()>
            <a class="card" href=address tabindex="-1">
                <span class="no">{entry.sequence}</span>
                <span class="schema">{texts::schema(entry.schema)}</span>
                <b>{entry.event.clone()}</b>
                <span class="amount">{amount}</span>
                <time datetime=date::machine(recorded)>{texts::short_day(recorded)}" "{texts::clock(recorded)}</time>
                <span class="labels">{labels}</span>
            </a>
            <span class="fold">
                <span class="level" inner_html=level(entry.balance_minor, most)></span>
                <span class="after">{shown}</span>
            </span>
        </li>
    }
}

/// A bar as high as the balance.
fn level(balance: i64, most: i64) -> String {
    let height = balance.clamp(0, most) as f64 / most as f64 * 100.0;
    format!(
        r#"<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true"><rect x="0" y="{:.1}" width="100" height="{height:.1}"/></svg>"#,
        100.0 - height
    )
}

fn at_version(ground: &Ground, sequence: i64) -> String {
    super::ReplayAsked { at_sequence: Some(sequence), ..ground.asked.clone() }.link("stream")
}

/// What an event did, in a sentence.
pub fn told(ground: &Ground, entry: &Entry) -> String {
    match (&*entry.event, entry.corrects) {
        ("AccountCreated", _) => texts::created(),
        (_, Some(sequence)) => {
            let about = |known: &&Entry| {
                known.sequence <= entry.sequence && (known.sequence == sequence || known.corrects == Some(sequence))
            };
            let since = ground.when(entry.valued());
            // What it was, and is by now, takes the entry itself.
            if sequence <= ground.earlier() {
                return texts::corrected_by(sequence, entry.amount_minor, &since);
            }
            let to = ground.entries.iter().filter(about).map(|known| known.amount_minor).sum();
            texts::corrected(sequence, to, entry.amount_minor, &since)
        }
        (_, None) if entry.amount_minor < 0 => texts::withdrawn(entry.amount_minor),
        _ => texts::deposited(entry.amount_minor),
    }
}

/// The state at the cursor, and what the event there did to it.
fn state(ground: &Ground) -> impl IntoView + use<> {
    let current = ground.version.checked_sub(1).and_then(|index| ground.entries.get(index));
    let (eyebrow, cents, balance, did, told) = match current {
        None => {
            let Beginning { eyebrow, cents, balance, told } = Beginning::of(ground);
            (eyebrow, cents, balance, String::new(), told)
        }
        Some(entry) => {
            let (sequence, last) = (entry.sequence.to_string(), ground.last().to_string());
            let eyebrow = texts::filled(texts::AFTER, &[("version", &sequence), ("versions", &last)]);
            let opening = entry.is_opening();
            let did = if opening { String::new() } else { texts::equation(entry.amount_minor, entry.balance_minor) };
            (eyebrow, entry.balance_minor, texts::money(entry.balance_minor), did, told(ground, entry))
        }
    };
    view! {
        <div class="state" role="group" aria-label=texts::FOLDED>
            <p class="eyebrow">{eyebrow}</p>
            <p class="whose">{texts::account(ground.account)}</p>
            <p class="balance" data-cents=cents.to_string()>{balance}</p>
            <p class="did">{did}</p>
            <p class="told" aria-live="polite">{told}</p>
        </div>
    }
}

/// Where the cursor is moved: by button, by drag, or by key.
fn soil(ground: &Ground) -> impl IntoView + use<> {
    let (version, versions) = (ground.version, ground.entries.len());
    let back = version.checked_sub(1).map(|version| ground.sequence(version));
    let forward = (version < versions).then(|| ground.sequence(version + 1));
    let ticks: String =
        ground.entries.iter().enumerate().map(|(index, entry)| tick(index + 1, versions, entry)).collect();
    view! {
        <div class="soil">
            <form class="time" action="/replay#stream">
                {ground.asked.hidden(&["at_sequence"])}
                <button type="button" class="play scripted" data-own="" data-play=site::PLAY data-pause=site::PAUSE hidden>{site::PLAY}</button>
                <span class="steps">
                    <button name="at_sequence" value=back.map(|it| it.to_string()) data-step="-1" disabled=back.is_none() aria-label=site::STEP_BACK>"‹"</button>
                    <button name="at_sequence" value=forward.map(|it| it.to_string()) data-step="1" disabled=forward.is_none() aria-label=site::STEP_FORWARD>"›"</button>
                </span>
                <p class="reading"><span class="clock">{texts::step(ground.sequence(version), ground.last())}</span></p>
                <p class="keys scripted" hidden>{texts::KEYS}</p>
            </form>
            <div class="track">
                <svg class="strata" width="100%" height="30" aria-hidden="true" inner_html=ticks></svg>
                <input class="position scripted" type="range" aria-label=texts::VERSION min="0" max=versions.to_string() value=version.to_string() hidden/>
            </div>
        </div>
    }
}

/// An event in the soil.
fn tick(version: usize, versions: usize, entry: &Entry) -> String {
    let at = version as f64 / versions as f64 * 100.0;
    // In the middle of the stretch that it ends.
    let middle = at - 50.0 / versions as f64;
    match entry.corrects {
        Some(_) => format!(
            r#"<rect class="compensation" x="{middle:.2}%" y="10" width="10" height="10" transform="translate(-5 0)"/>"#
        ),
        None => format!(r#"<circle class="event" cx="{middle:.2}%" cy="15" r="5"/>"#),
    }
}

/// The learner's own deposits and withdrawals.
fn yours() -> impl IntoView {
    view! {
        <form class="yours scripted" data-does="money" aria-labelledby="yours" hidden>
            <h3 id="yours">{texts::YOURS}</h3>
            <label>{texts::AMOUNT}<input name="amount" inputmode="decimal" autocomplete="off" value="20.00" required/></label>
            <button name="type" value="DepositMoney" class="main">{texts::DEPOSIT}</button>
            <button name="type" value="WithdrawMoney">{texts::WITHDRAW}</button>
            <p class="hint">{texts::YOURS_HINT}</p>
            <p class="said" aria-live="polite" data-own=""></p>
        </form>
    }
}
