use super::lesson::inline;
use crate::texts::lesson as texts;
use leptos::prelude::*;
use lessons::{Action, Prediction, PredictionKind, Step};

/// Predict, act, watch, explain: a short experiment on the running services. One that was done is
/// folded to its title and what came of it.
#[component]
pub fn StepCard(step: Step, done: bool, n: usize, all: usize) -> impl IntoView {
    let (class, holding) = if done { (Some("holds"), texts::HOLDS) } else { (None, texts::OPEN) };
    let checks = step.check.iter().map(|check| {
        view! {
            <li class=class>
                <span class="text">{check.text.clone()}</span>
                <span class="visually-hidden holding">{holding}</span>
            </li>
        }
    });
    let result = step.check.iter().map(|check| &*check.text).collect::<Vec<_>>().join(" · ");
    let predict = step.predict.as_ref().map(|predict| predict_view(&step.id, predict));
    // The terrarium has no room for its own on a phone.
    let ships = step
        .show
        .contains(&Action::ShipOrder)
        .then(|| view! { <button type="button" data-ship>{texts::SHIP}</button> });
    let mut sends: Vec<(&str, &protocol::Value)> = vec![];
    for action in &step.show {
        if let Action::Send { r#type, data, .. } = action
            && !sends.contains(&(&**r#type, data))
        {
            sends.push((&**r#type, data));
        }
    }
    let sends = sends.into_iter().map(|(kind, data)| send_view(kind, data)).collect_view();
    let aside = if step.challenge { "step challenge" } else { "step" };
    let eyebrow = if step.challenge { texts::CHALLENGE.to_owned() } else { texts::step(n, all) };
    view! {
        <aside
            class=aside
            id=step.id.clone()
            data-step=step.id.clone()
            data-state=done.then_some("done")
            aria-labelledby=format!("{}-title", step.id)
        >
            <details class="fold" open=!done>
                <summary>
                    <span class="eyebrow">{eyebrow} " " <span class="state" aria-live="polite">{done.then_some(texts::DONE)}</span></span>
                    <h3 id=format!("{}-title", step.id)>{step.title.clone()}</h3>
                    <span class="result">{result}</span>
                </summary>
                <div class="do" inner_html=step.do_html.clone()></div>
                {predict}
                <p class="ways scripted" hidden>
                    <button type="button" class="primary" data-way="do">{texts::DO_IT}</button>
                    <button type="button" data-way="show">{texts::SHOW_ME}</button>
                    {ships}
                    {sends}
                    <span class="said" role="status"></span>
                </p>
                <ul class="checks" aria-label=texts::CHECKS>{checks.collect_view()}</ul>
                <details class="reveal" open=done>
                    <summary>{texts::EXPECT}</summary>
                    <div class="compared" hidden></div>
                    <div inner_html=step.reveal_html.clone()></div>
                </details>
            </details>
        </aside>
    }
}

/// A command that the terrarium has no button for.
fn send_view(kind: &str, data: &protocol::Value) -> impl IntoView + use<> {
    let words = texts::command(kind, data);
    view! { <button type="button" data-send=kind.to_string() data-body=data.to_string()>{words}</button> }
}

/// What one expects before it happens; nobody has to say.
fn predict_view(step: &str, predict: &Prediction) -> impl IntoView + use<> {
    let (kind, options) = match predict.kind {
        PredictionKind::Services => ("services", boxes(predict, "checkbox").into_any()),
        PredictionKind::Choice => ("choice", boxes(predict, "radio").into_any()),
        PredictionKind::Order => ("order", order(predict).into_any()),
        PredictionKind::Number => ("number", number(step, predict).into_any()),
    };
    view! {
        <form class="predict scripted" data-kind=kind hidden>
            <fieldset>
                <legend>
                    <span class="eyebrow">{texts::PREDICT}</span>
                    <span class="asked" inner_html=inline(&predict.ask_html)></span>
                </legend>
                {options}
            </fieldset>
            <button type="submit">{texts::KEEP_GUESS}</button>
        </form>
    }
}

fn boxes(predict: &Prediction, kind: &'static str) -> impl IntoView + use<> {
    let option = |option: &lessons::Choice| {
        let id = option.id.to_string();
        view! {
            <label>
                <input type=kind name="answer" value=id.clone()/>
                <span data-text-of=id>{option.text.clone()}</span>
            </label>
        }
    };
    let options = predict.options.iter().map(option).collect_view();
    view! { <div class="options">{options}</div> }
}

fn order(predict: &Prediction) -> impl IntoView + use<> {
    let option = |option: &lessons::Choice| {
        let (id, text) = (option.id.to_string(), option.text.clone());
        view! {
            <li data-name=id.clone()>
                <span data-text-of=id.clone()>{text.clone()}</span>
                <button type="button" data-move="up" aria-label=texts::earlier(&text)>"↑"</button>
                <button type="button" data-move="down" aria-label=texts::later(&text)>"↓"</button>
            </li>
        }
    };
    let options = predict.options.iter().map(option).collect_view();
    view! { <ol class="ordering">{options}</ol> }
}

fn number(step: &str, predict: &Prediction) -> impl IntoView + use<> {
    let unit = predict.unit.clone().unwrap_or_default();
    let id = format!("{step}-number");
    view! {
        <p class="amount">
            <label for=id.clone()>{texts::NUMBER}</label>
            <input id=id type="number" name="answer" inputmode="numeric" autocomplete="off"/>
            <span>{unit}</span>
        </p>
    }
}
