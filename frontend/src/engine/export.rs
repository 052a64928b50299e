//! Taking along what one sees. The server draws it, from the same record with the same code; a
//! PNG is its SVG, painted here.

use super::{window, with};
use crate::views::View;
use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlAnchorElement, HtmlCanvasElement, HtmlImageElement};

/// Pixels of a PNG to one of the SVG.
const SHARP: f64 = 2.0;

pub fn export(format: &str) {
    let Some(Some(url)) = with(|engine| {
        let looking = &engine.looking;
        let of = engine.sandbox.as_ref()?;
        // The record is taken along whole.
        if format == "ndjson" {
            return Some(format!("/api/{of}/export/ndjson"));
        }
        let file = if format == "png" { "svg" } else { format };
        let mut url = format!("/api/{of}/export/{file}?at={}", engine.player.shown.position);
        if looking.view == View::SpaceTime {
            url.push_str(&format!("&view=space-time&zoom={}&hide=", looking.zoom));
            for hidden in &looking.hidden {
                url.push_str(hidden);
                url.push(',');
            }
        }
        if let Some(trace) = looking.trace {
            url.push_str(&format!("&trace={trace}"));
        }
        Some(url)
    }) else {
        return;
    };
    match format {
        "png" => paint(&url),
        _ => save(&url, None),
    }
}

/// The browser saves what it gets.
fn save(url: &str, name: Option<&str>) {
    let link = window().and_then(|window| window.document()?.create_element("a").ok());
    if let Some(link) = link.and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok()) {
        link.set_href(url);
        link.set_download(name.unwrap_or_default());
        link.click();
    }
}

fn paint(url: &str) {
    let Ok(image) = HtmlImageElement::new() else { return };
    let loaded = image.clone();
    let done = Closure::once_into_js(move || {
        let Some(canvas) = window()
            .and_then(|window| window.document()?.create_element("canvas").ok())
            .and_then(|canvas| canvas.dyn_into::<HtmlCanvasElement>().ok())
        else {
            return;
        };
        let (width, height) = (f64::from(loaded.natural_width()) * SHARP, f64::from(loaded.natural_height()) * SHARP);
        canvas.set_width(width as u32);
        canvas.set_height(height as u32);
        let Some(context) = canvas.get_context("2d").ok().flatten() else { return };
        let context: CanvasRenderingContext2d = context.unchecked_into();
        if context.draw_image_with_html_image_element_and_dw_and_dh(&loaded, 0.0, 0.0, width, height).is_ok()
            && let Ok(data) = canvas.to_data_url()
        {
            save(&data, Some("terrarium.png"));
        }
    });
    image.set_onload(Some(done.unchecked_ref()));
    image.set_src(url);
}
