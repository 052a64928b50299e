use super::actions;
use super::notice::Trouble;
use super::store::{Spot, Store};
use super::terrarium::still;
use super::tools::Tools;
use crate::texts;
use leptos::prelude::*;

/// Under the glass: the keys, and starting over.
#[component]
pub fn Foot(store: Store) -> impl IntoView {
    let words = store.trouble(Spot::StartOver);
    view! {
        <div class="foot">
            <Tools/>
            <Keys/>
            <StartOver/>
        </div>
        <Trouble words/>
    }
}

#[component]
fn Keys() -> impl IntoView {
    let keys = still(|| {
        let rows = texts::KEYS_LIST.map(|(key, what)| format!("<dt><kbd>{key}</kbd></dt><dd>{what}</dd>"));
        format!("<dl>{}</dl>", rows.concat())
    });
    view! {
        <div class="keys">
            <button type="button" class="quiet" aria-expanded="false" on:click=|_| actions::show_or_hide_keys()>
                {texts::KEYS}
            </button>
            <div class="sheet">
                <div inner_html=keys></div>
                <label>
                    <input type="checkbox" checked on:change=|event| actions::listen_to_keys(event_target_checked(&event))/>
                    <span>{texts::KEYS_ON}</span>
                </label>
                <div inner_html=still(spoken)></div>
            </div>
        </div>
    }
}

fn spoken() -> String {
    let options: String =
        (0..).zip(texts::SPOKEN_LIST).map(|(i, words)| format!("<option value=\"{i}\">{words}</option>")).collect();
    format!("<label>{} <select data-set=\"spoken\">{options}</select></label>", texts::SPOKEN)
}

/// Asks in place before anything is deleted.
#[component]
fn StartOver() -> impl IntoView {
    view! {
        <div class="start-over">
            <button type="button" class="quiet" on:click=|_| actions::ask_to_start_over(true)>{texts::START_OVER}</button>
            <div class="ask" role="group" aria-label=texts::START_OVER>
                <p>{texts::START_OVER_ASK}</p>
                <button type="button" class="danger" on:click=|_| actions::start_over()>{texts::START_OVER_YES}</button>
                <button type="button" on:click=|_| actions::ask_to_start_over(false)>{texts::START_OVER_NO}</button>
            </div>
        </div>
    }
}

/// In the playground: every order with what each service knows of it, and the tables.
#[component]
pub fn Yard(store: Store) -> impl IntoView {
    let head = still(|| {
        let columns = texts::ORDER_COLUMNS.map(|name| format!("<th scope=\"col\">{name}</th>"));
        format!("<tr>{}</tr>", columns.concat())
    });
    view! {
        <div class="yard">
            <section class="orders" tabindex="0" aria-labelledby="orders-title">
                <h2 id="orders-title">{texts::ORDERS}</h2>
                <table>
                    <thead inner_html=head></thead>
                    <tbody inner_html=store.orders></tbody>
                </table>
            </section>
            <section class="tables">
                <h2>{texts::TABLES}</h2>
                <p>{texts::TABLES_HINT}</p>
                <ul inner_html=store.tables></ul>
            </section>
        </div>
    }
}
