use crate::player::{LEISURE, Player, SPEEDS};
use crate::texts;
use leptos::prelude::*;

/// The soil: the picture's time, and history in strata.
#[component]
pub fn Soil<'a>(player: &'a Player) -> impl IntoView + use<> {
    let speeds = SPEEDS.iter().enumerate().map(|(i, (_, words))| {
        view! { <option value=i.to_string() selected=i == LEISURE>{format!("{words}×")}</option> }
    });
    let services = player.shown.nodes.iter().map(|node| node.name.to_string());
    let stops = [
        ("compensation".to_string(), texts::STOP_AT_COMPENSATION.to_string()),
        ("failure".to_string(), texts::STOP_AT_FAILURE.to_string()),
        ("crash".to_string(), texts::STOP_AT_CRASH.to_string()),
    ]
    .into_iter()
    .chain(services.map(|name| (name.clone(), texts::stop_at(&name))))
    .map(|(what, words)| view! { <label><input type="checkbox" data-stop=what/><span>{words}</span></label> })
    .collect_view();
    view! {
        <div class="soil">
            <div class="time">
                <span class="steps">
                    <Step what="moment-back" name=texts::MOMENT_BACK sign="«"/>
                    <Step what="back" name=texts::STEP_BACK sign="‹"/>
                </span>
                <button type="button" class="play running" data-do="play">{texts::PAUSE}</button>
                <span class="steps">
                    <Step what="forward" name=texts::STEP_FORWARD sign="›"/>
                    <Step what="moment-forward" name=texts::MOMENT_FORWARD sign="»"/>
                </span>
                <span class="reading">
                    <span class="clock">{texts::elapsed(player.elapsed())}</span>
                    <span class="stretched"></span>
                    <span class="where"></span>
                </span>
                <span class="pace">
                    <select data-set="speed" aria-label=texts::SPEED>{speeds.collect_view()}</select>
                </span>
                <details class="stops">
                    <summary>{texts::STOPS}</summary>
                    <fieldset><legend>{texts::STOPS}</legend>{stops}</fieldset>
                </details>
                <span class="live">
                    <button type="button" data-do="live">{texts::LIVE}</button>
                    <span class="newer"></span>
                </span>
            </div>
            <div class="track">
                <div class="strata" role="img" aria-label=texts::HISTORY></div>
                <input type="range" class="position" data-set="position" aria-label=texts::POSITION min="0" max="0" value="0"/>
            </div>
        </div>
    }
}

#[component]
fn Step(what: &'static str, name: &'static str, sign: &'static str) -> impl IntoView {
    view! { <button type="button" data-do=what aria-label=name title=name>{sign}</button> }
}
