use crate::render::Assets;
use crate::texts;
use leptos::prelude::*;

/// Which entry of the navigation is the present one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Here {
    Home,
    Lessons,
    Lesson,
    Playground,
    Runs,
    Compare,
    Matrix,
    Million,
    Replay,
    Feed,
    Nowhere,
}

/// The document around a page. `alive` pages load the wasm when their island comes near.
pub fn shell(
    assets: &Assets,
    here: Here,
    title: &str,
    description: &str,
    alive: bool,
    page: impl IntoView,
) -> impl IntoView {
    let fonts = assets
        .fonts
        .iter()
        // The others are only wanted on some pages.
        .filter(|url| url.contains("/literata.") || url.contains("/atkinson-next."))
        .map(|url| view! { <link rel="preload" href=url.clone() r#as="font" type="font/woff2" crossorigin="anonymous"/> })
        .collect_view();
    let alive = alive.then(|| {
        view! {
            <meta name="glue" content=assets.glue.clone()/>
            <meta name="wasm" content=assets.wasm.clone()/>
        }
    });
    let script = match here {
        Here::Lesson => Some(&assets.lesson),
        Here::Runs => Some(&assets.runs),
        Here::Matrix => Some(&assets.matrix),
        Here::Million => Some(&assets.million),
        Here::Replay => Some(&assets.replay),
        Here::Feed => Some(&assets.feed),
        _ => None,
    };
    let script = script.map(|url| view! { <script type="module" src=url.clone()></script> });
    let reload = assets.dev_reload.then(|| view! { <meta name="dev-reload" content="/dev/reload"/> });
    let current = move |entry: Here, parent: bool| (here == entry).then_some("page").or((parent).then_some("true"));
    view! {
        <!DOCTYPE html>
        <html lang=texts::LANGUAGE>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <title>{texts::title(title)}</title>
                <meta name="description" content=description.to_string()/>
                <link rel="icon" type="image/svg+xml" href=assets.icon.clone()/>
                {fonts}
                <link rel="stylesheet" href=assets.css.clone()/>
                {alive}
                {reload}
                <script type="module" src=assets.start.clone()></script>
                {script}
            </head>
            <body>
                <a class="skip" href="#content">{texts::SKIP}</a>
                <header class="site">
                    <a class="logo" href="/" aria-current=current(Here::Home, false)>
                        <span class="jar" inner_html=include_str!("../../public/icon.svg")></span>
                        {texts::SITE}
                    </a>
                    <nav aria-label=texts::NAVIGATION>
                        <a href="/lessons" aria-current=current(Here::Lessons, here == Here::Lesson)>{texts::NAV_LESSONS}</a>
                        <a href="/playground" aria-current=current(Here::Playground, false)>{texts::NAV_PLAYGROUND}</a>
                        <a href="/matrix" aria-current=current(Here::Matrix, false)>{texts::matrix::NAV}</a>
                        <a href="/replay" aria-current=current(Here::Replay, false)>{texts::replay::NAV}</a>
                        <a href="/million" aria-current=current(Here::Million, false)>{texts::million::NAV}</a>
                        <a href="/feed" aria-current=current(Here::Feed, false)>{texts::feed::NAV}</a>
                        <a href="/runs" aria-current=current(Here::Runs, here == Here::Compare)>{texts::runs::NAV}</a>
                    </nav>
                </header>
                {page}
                <footer class="site"><p>{texts::FOOTER}</p></footer>
            </body>
        </html>
    }
}
