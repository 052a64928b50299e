use super::faults::{FaultSheet, SwitchSheet};
use super::promises::PromiseSheet;
use super::telling::Trouble;
use crate::{sight, texts};
use diagram::DiagramState;
use leptos::prelude::*;

/// Under the glass: faults, protections and promises, a steady load, what can be taken along, the keys, and starting over.
#[component]
pub fn Foot(state: DiagramState) -> impl IntoView {
    let orders = sight::takes_orders(&state);
    let ten = orders.then(|| view! { <button type="button" class="ten" data-do="ten">{texts::TEN_ORDERS}</button> });
    view! {
        <div class="foot">
            {ten}
            <FaultSheet state=state.clone()/>
            <SwitchSheet state=state.clone()/>
            <PromiseSheet state/>
            {orders.then(|| view! { <LoadSheet/> })}
            <KeepSheet/>
            <Keys/>
            <StartOver/>
        </div>
        <Trouble spot="start-over"/>
    }
}

#[component]
fn LoadSheet() -> impl IntoView {
    view! {
        <details class="tool load">
            <summary>{texts::LOAD}</summary>
            <div class="drawer">
                <p>{texts::LOAD_HINT}</p>
                <div class="row">
                    <label>
                        <span>{texts::LOAD_RATE}</span>
                        <input type="number" class="rate" min="1" max="200" value="5" inputmode="numeric" autocomplete="off"/>
                    </label>
                    <button type="button" data-do="load">{texts::LOAD_START}</button>
                    <button type="button" data-do="unload">{texts::LOAD_STOP}</button>
                </div>
                <p class="queued" role="status"></p>
                <Trouble spot="load"/>
            </div>
        </details>
    }
}

#[component]
fn KeepSheet() -> impl IntoView {
    let exports = texts::EXPORTS.map(|(format, name)| {
        view! { <li><button type="button" data-do="export" data-format=format>{name}</button></li> }
    });
    view! {
        <details class="tool keep">
            <summary>{texts::KEEP_TITLE}</summary>
            <div class="drawer">
                <div class="keeping">
                    <p>{texts::KEEP_HINT}</p>
                    <div class="row">
                        <label>
                            <span>{texts::KEEP_NAME}</span>
                            <input type="text" class="run-name" maxlength="80" autocomplete="off"/>
                        </label>
                        <button type="button" data-do="keep">{texts::KEEP}</button>
                    </div>
                    <p class="kept" role="status"></p>
                    <Trouble spot="keep"/>
                </div>
                <p>{texts::EXPORT_HINT}</p>
                <ul class="row">{exports.collect_view()}</ul>
            </div>
        </details>
    }
}

#[component]
fn Keys() -> impl IntoView {
    let rows = texts::KEYS_LIST.map(|(key, what)| view! { <dt><kbd>{key}</kbd></dt><dd>{what}</dd> }).collect_view();
    let spoken = (0..).zip(texts::SPOKEN_LIST).map(|(i, words)| view! { <option value=i.to_string()>{words}</option> });
    view! {
        <div class="keys">
            <button type="button" class="quiet" aria-expanded="false" data-do="keys">{texts::KEYS}</button>
            <div class="sheet">
                <div><dl>{rows}</dl></div>
                <label>
                    <input type="checkbox" checked data-set="keys"/>
                    <span>{texts::KEYS_ON}</span>
                </label>
                <label>
                    {texts::SPOKEN}
                    " "
                    <select data-set="spoken">{spoken.collect_view()}</select>
                </label>
            </div>
        </div>
    }
}

/// Asks in place before anything is deleted.
#[component]
fn StartOver() -> impl IntoView {
    view! {
        <div class="start-over">
            <button type="button" class="quiet" data-do="ask">{texts::START_OVER}</button>
            <div class="ask" role="group" aria-label=texts::START_OVER>
                <p>{texts::START_OVER_ASK}</p>
                <button type="button" class="danger" data-do="start-over">{texts::START_OVER_YES}</button>
                <button type="button" data-do="keep-it">{texts::START_OVER_NO}</button>
            </div>
        </div>
    }
}
