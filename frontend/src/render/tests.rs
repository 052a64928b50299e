use super::*;

fn assets() -> Assets {
    Assets {
        css: "/assets/main.1.css".into(),
        start: "/assets/start.1.js".into(),
        glue: "/assets/frontend.1.js".into(),
        wasm: "/assets/frontend_bg.1.wasm".into(),
        fonts: vec!["/assets/fonts/literata.1.woff2".into()],
        icon: "/assets/icon.1.svg".into(),
        dev_reload: false,
    }
}

fn every_page() -> Vec<String> {
    let assets = assets();
    let sagas = lessons::lesson("sagas").expect("it is embedded");
    vec![
        home(&assets, None),
        lessons(&assets),
        lesson(&assets, sagas, None),
        playground(&assets, None),
        not_found(&assets),
        error_page(&assets, 500, "The <server> stumbled."),
    ]
}

#[test]
fn every_page_is_a_whole_document() {
    for page in every_page() {
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{}", &page[..80]);
        assert!(page.ends_with("</html>"));
        for part in ["<title>", "name=\"description\"", "name=\"viewport\"", "<main id=\"content\"", "<h1>"] {
            assert_eq!(page.matches(part).count(), 1, "{part}");
        }
    }
}

#[test]
fn no_page_has_what_the_content_security_policy_forbids() {
    for page in every_page() {
        assert!(!page.contains(" style=\"") && !page.contains("<style"));
        assert!(!page.contains(" onclick="));
        assert_eq!(page.matches("<script").count(), 1, "only the script that starts the islands");
    }
}

#[test]
fn the_living_pages_show_the_system_without_a_script() {
    let page = lesson(&assets(), lessons::lesson("sagas").expect("it is embedded"), None);
    assert!(page.contains("not started") && page.contains("card network · declared 50 ms"));
    assert_eq!(page.matches("<leptos-island").count(), 1);
    assert_eq!(page.matches(">Place an order</button>").count(), 1);
    for service in ["orders", "inventory", "payments", "notifications"] {
        assert_eq!(page.matches(&format!("aria-label=\"Crash {service}\"")).count(), 1);
    }
}

#[test]
fn words_from_elsewhere_are_escaped() {
    assert!(error_page(&assets(), 500, "The <server> stumbled.").contains("The &lt;server&gt; stumbled."));
}
