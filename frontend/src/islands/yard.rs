use super::actions;
use super::notice::Trouble;
use super::store::{Spot, Store};
use crate::texts;
use leptos::prelude::*;

/// Under the glass: the story, the keys, and starting over.
#[component]
pub fn Foot(store: Store) -> impl IntoView {
    let untold = move || !store.story.with(String::is_empty);
    view! {
        <div class="foot">
            <details class="story">
                <summary>{texts::STORY}</summary>
                <p hidden=untold>{texts::STORY_EMPTY}</p>
                <ol reversed inner_html=move || store.story.get()></ol>
            </details>
            <Keys store/>
            <StartOver store/>
        </div>
        <Trouble store spot=Spot::StartOver/>
    }
}

#[component]
fn Keys(store: Store) -> impl IntoView {
    let rows = texts::KEYS_LIST.map(|(key, what)| view! { <dt><kbd>{key}</kbd></dt><dd>{what}</dd> }).collect_view();
    view! {
        <div class="keys">
            <button
                type="button"
                class="quiet"
                aria-expanded=move || if store.keys_open.get() { "true" } else { "false" }
                on:click=move |_| store.keys_open.update(|open| *open = !*open)
            >
                {texts::KEYS}
            </button>
            <div class="sheet" hidden=move || !store.keys_open.get()>
                <dl>{rows}</dl>
                <label>
                    <input type="checkbox" checked prop:checked=move || store.keys_on.get()
                        on:change=move |event| store.keys_on.set(event_target_checked(&event))/>
                    <span>{texts::KEYS_ON}</span>
                </label>
            </div>
        </div>
    }
}

/// Asks in place before anything is deleted.
#[component]
fn StartOver(store: Store) -> impl IntoView {
    let asking = move || store.asking.get();
    let agreed = move |_| {
        store.asking.set(false);
        actions::start_over();
    };
    view! {
        <div class="start-over">
            <button type="button" class="quiet" hidden=asking on:click=move |_| store.asking.set(true)>
                {texts::START_OVER}
            </button>
            <div class="ask" role="group" aria-label=texts::START_OVER hidden=move || !store.asking.get()>
                <p>{texts::START_OVER_ASK}</p>
                <button type="button" class="danger" on:click=agreed>{texts::START_OVER_YES}</button>
                <button type="button" on:click=move |_| store.asking.set(false)>{texts::START_OVER_NO}</button>
            </div>
        </div>
    }
}

/// In the playground: every order with what each service knows of it, and the tables.
#[component]
pub fn Yard(store: Store) -> impl IntoView {
    let columns = texts::ORDER_COLUMNS.map(|name| view! { <th scope="col">{name}</th> }).collect_view();
    view! {
        <div class="yard">
            <section class="orders" tabindex="0" aria-labelledby="orders-title">
                <h2 id="orders-title">{texts::ORDERS}</h2>
                <table>
                    <thead><tr>{columns}</tr></thead>
                    <tbody inner_html=move || store.orders.get()></tbody>
                </table>
            </section>
            <section class="tables">
                <h2>{texts::TABLES}</h2>
                <p>{texts::TABLES_HINT}</p>
                <ul inner_html=move || store.tables.get()></ul>
            </section>
        </div>
    }
}
