//! The OpenAPI document is of this server: every route it names answers, every route is named.

use crate::app::App;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_route_answers() {
    let app = App::in_process(&["--million-events", "15555"]).await;
    let sandbox = app.session().sandbox().await;
    let document = sandbox.session().get_json("/api/openapi.json").await;
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.")));
    sandbox.put_fault("one", json!({"kind": "decline-payments", "target": "payments"})).await;

    let run = sandbox.session().keep(&sandbox, "kept", None).await;
    let matrix = sandbox.session().matrix("saga-choreography", &[]).await;
    let feed = sandbox.session().sandbox_with("cqrs-feed").await;
    let mut calls = routes(&document);
    // What takes something away comes last, the sandbox itself last of all.
    calls.sort_by_key(|(method, path)| (method == Method::DELETE, std::cmp::Reverse(path.len())));
    for (method, path) in calls {
        let id = match &*path {
            path if path.starts_with("/api/runs/") => run.id(),
            path if path.starts_with("/api/matrix/") => matrix.id(),
            path if path.ends_with("/queries/{query}") => feed.id(),
            _ => sandbox.id(),
        };
        let at = path
            .replace("{id}", id)
            .replace("{format}", "ndjson")
            .replace("{name}/queries/{query}", "timeline/queries/newest")
            .replace("{name}", "inventory")
            .replace("{table}", "stock")
            .replace("{projection}", "savings")
            .replace("{fault_id}", "one")
            .replace("{slug}", "sagas")
            .replace("{step}", "place-an-order")
            .replace("{question}", "why-not-roll-back")
            .replace("{*file}", "playground-services/orders/src/lib.rs")
            .replace("{file}", "playground-services/orders/src/lib.rs");
        assert!(!at.contains('{'), "{at}: a parameter this test does not know");
        let mut request = sandbox.session().request(method.clone(), &at);
        if method == Method::POST || method == Method::PUT {
            request = request.json(&json!({}));
        }
        let answer = sandbox.session().send(request).await;
        let status = answer.status().as_u16();
        assert!(![404, 405].contains(&status) && status < 500, "{method} {path}: {status}");
        let documented = &document["paths"][&path][method.as_str().to_lowercase()]["responses"];
        assert!(documented.get(status.to_string()).is_some(), "{method} {path}: {status} is not documented");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_for_programs_is_documented() {
    let app = App::in_process(&[]).await;
    let documented = routes(&app.session().get_json("/api/openapi.json").await);
    let for_programs = |path: &str| {
        path != "/api/openapi.json"
            && (path.starts_with("/api/") || ["/healthz", "/readyz", "/metrics", "/limits"].contains(&path))
    };
    for (method, path, _) in server::auth::access::ACCESS.iter().filter(|(_, path, _)| for_programs(path)) {
        let route = (method.as_str().parse().expect("a method"), (*path).to_owned());
        assert!(documented.contains(&route), "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_is_not_documented_is_refused_with_those_that_are() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    let answer = sandbox.session().send(sandbox.request(Method::PATCH, "")).await;
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["allow"].to_str().expect("text")),
        (405, "GET, HEAD, DELETE")
    );
    assert_eq!(sandbox.session().send(sandbox.request(Method::HEAD, "")).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_names_what_can_be_started() {
    let app = App::in_process(&[]).await;
    let topologies = app.session().get_json("/api/topologies").await;
    assert!(topologies.as_array().expect("a list").iter().any(|topology| topology["name"] == "saga-choreography"));
    let lessons = app.session().get_json("/api/lessons").await;
    assert_eq!(lessons.as_array().expect("a list").len(), lessons::lessons().len());
    assert_eq!(app.session().get_text("/healthz").await, "ok\n");
    assert_eq!(app.session().get_text("/readyz").await, "ready\n");
    assert_eq!(app.session().get_json("/limits").await["commands_per_second"], 20);
}

fn routes(document: &Value) -> Vec<(Method, String)> {
    let methods = |path: &Value| -> Vec<String> {
        let methods = path.as_object().expect("a path").keys();
        methods.filter(|key| ["get", "post", "put", "delete", "patch"].contains(&key.as_str())).cloned().collect()
    };
    document["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .flat_map(|(path, item)| methods(item).into_iter().map(move |method| (method, path.clone())))
        .map(|(method, path)| (method.to_uppercase().parse().expect("a method"), path))
        .collect()
}
