use super::actions;
use super::store::Store;
use super::terrarium::still;
use crate::player::{LEISURE, SPEEDS};
use crate::svg::escape;
use crate::texts;
use leptos::prelude::*;
use protocol::ServiceSpec;

/// The soil: the picture's time, and history in strata.
#[component]
pub fn Soil(store: Store, services: Vec<ServiceSpec>) -> impl IntoView {
    let (back, forward) = (still(|| steps(BACK)), still(|| steps(FORWARD)));
    let (speeds, stops) = (still(speeds), still(|| stops(&services)));
    view! {
        <div class="soil">
            <div class="time">
                <span class="steps" inner_html=back></span>
                <button
                    type="button"
                    class=store.play_class
                    inner_html=store.play
                    on:click=|_| actions::pause_or_play()
                ></button>
                <span class="steps" inner_html=forward></span>
                <span class="reading">
                    <span class="clock" inner_html=store.clock></span>
                    <span class="stretched" inner_html=store.stretched></span>
                    <span class="where"></span>
                </span>
                <span class="pace" inner_html=speeds></span>
                <details class="stops" inner_html=stops></details>
                <span class="live">
                    <button type="button" on:click=|_| actions::jump_to_live()>{texts::LIVE}</button>
                    <span class="newer" inner_html=store.newer></span>
                </span>
            </div>
            <div class="track">
                <div class="strata" role="img" aria-label=texts::HISTORY inner_html=store.track></div>
                <input type="range" class="position" data-set="position" aria-label=texts::POSITION min="0" max="0" value="0"/>
            </div>
        </div>
    }
}

type Steps = [(&'static str, &'static str, &'static str); 2];
const BACK: Steps = [("moment-back", texts::MOMENT_BACK, "«"), ("back", texts::STEP_BACK, "‹")];
const FORWARD: Steps = [("forward", texts::STEP_FORWARD, "›"), ("moment-forward", texts::MOMENT_FORWARD, "»")];

fn steps(steps: Steps) -> String {
    let button = |(what, name, sign)| {
        format!("<button type=\"button\" data-do=\"{what}\" aria-label=\"{name}\" title=\"{name}\">{sign}</button>")
    };
    steps.map(button).concat()
}

fn speeds() -> String {
    let option = |(i, (_, words)): (usize, &(f64, &str))| {
        let selected = if i == LEISURE { " selected" } else { "" };
        format!("<option value=\"{i}\"{selected}>{words}×</option>")
    };
    let options: String = SPEEDS.iter().enumerate().map(option).collect();
    format!("<select data-set=\"speed\" aria-label=\"{}\">{options}</select>", texts::SPEED)
}

fn stops(services: &[ServiceSpec]) -> String {
    let known = [
        ("compensation", texts::STOP_AT_COMPENSATION.to_string()),
        ("failure", texts::STOP_AT_FAILURE.to_string()),
        ("crash", texts::STOP_AT_CRASH.to_string()),
    ];
    let named = services.iter().map(|service| (&*service.name, texts::stop_at(&service.name)));
    let boxes: String = known
        .into_iter()
        .chain(named)
        .map(|(what, words)| {
            let (what, words) = (escape(what), escape(&words));
            format!("<label><input type=\"checkbox\" data-stop=\"{what}\"><span>{words}</span></label>")
        })
        .collect();
    format!("<summary>{}</summary><fieldset><legend>{}</legend>{boxes}</fieldset>", texts::STOPS, texts::STOPS)
}
