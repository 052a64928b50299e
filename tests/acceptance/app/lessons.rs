use super::{Sandbox, Session};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A step of a lesson as one session takes it.
#[derive(Clone)]
pub struct Taken {
    session: Session,
    path: String,
}

impl Session {
    pub fn step(&self, lesson: &str, step: &str) -> Taken {
        Taken { session: self.clone(), path: format!("/api/lessons/{lesson}/steps/{step}") }
    }

    pub fn quiz(&self, lesson: &str, question: &str, choice: &str) -> RequestBuilder {
        let path = format!("/api/progress/lessons/{lesson}/quiz/{question}");
        self.request(Method::PUT, &path).json(&json!({ "choice": choice }))
    }

    /// What is kept of a lesson.
    pub async fn progress(&self, lesson: &str) -> Value {
        let all = self.get_json("/api/progress").await;
        let lessons = all["lessons"].as_array().expect("lessons");
        lessons.iter().find(|known| known["slug"] == lesson).unwrap_or_else(|| panic!("{lesson} in {all}")).clone()
    }

    async fn json(&self, status: u16, request: RequestBuilder) -> Value {
        let answer = self.send(request).await;
        let (got, url, text) = (answer.status(), answer.url().clone(), answer.text().await.expect("text"));
        assert_eq!(got, status, "{url}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }
}

/// A coverage matrix may be among what a step shows.
const SOLVED: Duration = Duration::from_secs(120);

impl Taken {
    pub fn request(&self, method: Method, what: &str) -> RequestBuilder {
        self.session.request(method, &format!("{}/{what}", self.path))
    }

    /// Sets it up, in the place of what was there.
    pub async fn begin(&self, present: Option<&Sandbox>) -> Sandbox {
        let body = json!({ "sandbox": present.map(Sandbox::id) });
        let scene = self.session.json(201, self.request(Method::POST, "scene").json(&body)).await;
        Sandbox::new(self.session.clone(), scene["sandbox"].as_str().expect("an id").to_owned())
    }

    pub async fn show(&self, sandbox: &Sandbox) {
        let body = json!({ "sandbox": sandbox.id() });
        self.session.json(202, self.request(Method::POST, "show").json(&body)).await;
    }

    pub async fn check(&self, sandbox: &Sandbox) -> Value {
        self.session.json(200, self.request(Method::GET, &format!("check?sandbox={}", sandbox.id()))).await
    }

    pub async fn predict(&self, answer: Value) -> Value {
        self.session.json(200, self.request(Method::PUT, "prediction").json(&json!({ "answer": answer }))).await
    }

    /// As it stands, and keeps what is news.
    pub async fn note(&self, sandbox: &Sandbox) -> Value {
        let body = json!({ "sandbox": sandbox.id() });
        self.session.json(200, self.request(Method::POST, "check").json(&body)).await
    }

    /// Asks as a page does, until it is done, nothing is being shown any more, and what came true
    /// is known, where something was predicted.
    pub async fn until_done(&self, sandbox: &Sandbox) -> Value {
        let until = Instant::now() + SOLVED;
        loop {
            let check = self.note(sandbox).await;
            let is_open = check["prediction"] != Value::Null && check["truth"] == Value::Null;
            if check["done"] == true && check["show"]["state"] != "running" && !is_open {
                return check;
            }
            assert_ne!(check["show"]["state"], "failed", "{}: {check:#}", self.path);
            assert!(Instant::now() < until, "{} is not done: {check:#}", self.path);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
