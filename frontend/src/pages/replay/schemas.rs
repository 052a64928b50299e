use super::marks::{mark, sends, switch};
use super::models::Reading;
use super::{Entry, Ground, ReplayAsked, ledger};
use crate::texts::replay as texts;
use leptos::prelude::*;
use serde_json::json;

/// Each event of the account against readers of each age: what is read, lifted, or breaks.
pub fn schemas(ground: &Ground) -> impl IntoView + use<> {
    let (id, _, title) = texts::SCHEMAS;
    let readings: Vec<&Reading> = ground.view.readings.iter().filter(|it| it.account_id == ground.account).collect();
    let one = ledger::schemas(ground.entries.iter()).is_none_or(|(from, to)| from == to);
    let elsewhere = one.then(|| {
        let old = |entry: &&Entry| entry.schema == 1 && !entry.is_opening();
        let other = ground.view.entries.iter().filter(old).min_by_key(|entry| entry.account_id)?;
        let (run, account) = (ground.asked.run.clone(), Some(other.account_id));
        let address = ReplayAsked { run, account, ..ReplayAsked::default() };
        let text = texts::filled(texts::HAS_SCHEMAS, &[("account", &other.account_id.to_string())]);
        Some(view! { <p class="none">{texts::ONE_SCHEMA}" "<a href=address.link("schemas")>{text}</a>"."</p> })
    });
    let act = (!ground.view.kept).then(|| {
        let body = json!({ "account_id": ground.account }).to_string();
        view! {
            <div class="acts scripted" hidden>{sends("CompareReaders", body, texts::let_read(ground.account), true)}</div>
            <p class="said" aria-live="polite" data-own=""></p>
        }
    });
    let rows = ground.entries.iter().map(|entry| row(entry, &readings)).collect_view();
    let stale = is_stale(&ground.entries, &readings).then(|| view! { <p class="hint">{texts::READ_BEFORE}</p> });
    view! {
        <section id=id aria-labelledby="schemas-title">
            <h2 id="schemas-title">{title}</h2>
            <p class="hint">{texts::SCHEMAS_LEDE}</p>
            {elsewhere}
            <div class="upcasters" data-says="">
                {switch(&ground.view.switches, "upcast-v1", ground.view.kept)}
                {switch(&ground.view.switches, "upcast-v2", ground.view.kept)}
                {act}
            </div>
            {stale}
            <div class="scroll" tabindex="0" role="region" aria-label=texts::READERS>
                <table class="readers">
                    <thead><tr>
                        <th scope="col">{texts::EVENT}</th>
                        {texts::READER_NAMES.map(|(_, name)| view! { <th scope="col">{name}</th> }).collect_view()}
                    </tr></thead>
                    <tbody>{rows}</tbody>
                    <tfoot><tr><th scope="row">{texts::BALANCE_AT_END}</th>{texts::READER_NAMES.map(|(reader, _)| ending(reader, &readings, &ground.entries)).collect_view()}</tr></tfoot>
                </table>
            </div>
        </section>
    }
}

/// Events have come since the readers read.
fn is_stale(entries: &[Entry], readings: &[&Reading]) -> bool {
    let read = readings.iter().map(|reading| reading.sequence).max();
    read.is_some_and(|read| entries.last().is_some_and(|entry| entry.sequence > read))
}

fn row(entry: &Entry, readings: &[&Reading]) -> impl IntoView + use<> {
    let cells = texts::READER_NAMES.map(|(reader, _)| {
        let reading = readings.iter().find(|it| it.reader == reader && it.sequence == entry.sequence);
        match reading {
            None => view! { <td>{mark("none", texts::NOT_READ)}</td> }.into_any(),
            Some(reading) => {
                let state = reading.outcome.clone();
                let detail =
                    (!reading.detail.is_empty()).then(|| view! { <span class="why">{reading.detail.clone()}</span> });
                view! { <td data-state=state>{mark(&reading.outcome, texts::outcome(&reading.outcome))}{detail}</td> }
                    .into_any()
            }
        }
    });
    view! {
        <tr>
            <th scope="row"><span class="no">{entry.sequence}</span>" "<b>{entry.event.clone()}</b>" "<span class="schema">{texts::schema(entry.schema)}</span></th>
            {cells.collect_view()}
        </tr>
    }
}

/// What a reader ends at, beside what is so.
fn ending(reader: &str, readings: &[&Reading], entries: &[Entry]) -> impl IntoView + use<> {
    let own = || readings.iter().filter(|it| it.reader == reader);
    let broken = own().filter(|it| it.outcome == "broken").map(|it| it.sequence).min();
    let last = own().max_by_key(|it| it.sequence);
    let truth = last.and_then(|last| entries.iter().rfind(|entry| entry.sequence <= last.sequence));
    let truth = truth.map_or(0, |entry| entry.balance_minor);
    match (last.and_then(|last| last.balance_minor), broken) {
        (None, None) => view! { <td>{texts::NO_BALANCE}</td> }.into_any(),
        (None, Some(sequence)) => {
            view! { <td data-state="broken">{mark("broken", &texts::broken_at(sequence))}</td> }.into_any()
        }
        (Some(balance), _) => {
            let state = if balance == truth { "same" } else { "differs" };
            view! { <td data-state=state>{mark(state, &texts::money(balance))}</td> }.into_any()
        }
    }
}
