use super::terrarium::still;
use crate::texts;
use leptos::prelude::*;

/// Under the glass: a steady load, and what can be taken along. All of it is markup that the
/// server has made; `engine::hands` does what it says.
#[component]
pub fn Tools() -> impl IntoView {
    view! { <div class="tools" inner_html=still(tools)></div> }
}

fn tools() -> String {
    let load = format!(
        "<p>{}</p><div class=\"row\"><label><span>{}</span>\
         <input type=\"number\" class=\"rate\" min=\"1\" max=\"200\" value=\"5\" inputmode=\"numeric\" autocomplete=\"off\"></label>\
         <button type=\"button\" data-do=\"load\">{}</button><button type=\"button\" data-do=\"unload\">{}</button></div>",
        texts::LOAD_HINT,
        texts::LOAD_RATE,
        texts::LOAD_START,
        texts::LOAD_STOP
    );
    let export = |(format, name): (&str, &str)| {
        format!("<li><button type=\"button\" data-do=\"export\" data-format=\"{format}\">{name}</button></li>")
    };
    let keep = format!(
        "<p>{}</p><div class=\"row\"><label><span>{}</span>\
         <input type=\"text\" class=\"run-name\" maxlength=\"80\" autocomplete=\"off\"></label>\
         <button type=\"button\" data-do=\"keep\">{}</button></div><p class=\"kept\" role=\"status\"></p>\
         <p>{}</p><ul class=\"row\">{}</ul>",
        texts::KEEP_HINT,
        texts::KEEP_NAME,
        texts::KEEP,
        texts::EXPORT_HINT,
        texts::EXPORTS.map(export).concat()
    );
    [sheet("load", texts::LOAD, &load), sheet("keep", texts::KEEP_TITLE, &keep)].concat()
}

fn sheet(class: &str, title: &str, content: &str) -> String {
    format!(
        "<details class=\"tool {class}\"><summary>{title}</summary><div class=\"sheet\">{content}\
         <p class=\"trouble\" role=\"alert\"></p></div></details>"
    )
}
