use super::{Session, in_time};
use protocol::Recorded;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

/// A coverage matrix as one session asks for it.
pub struct Matrix {
    session: Session,
    id: String,
}

/// A step struck by a fault, and what came of it.
#[derive(Clone, Debug, Deserialize)]
pub struct Cell {
    pub step: String,
    pub fault: String,
    pub state: String,
    pub run: Option<String>,
    pub detail: String,
}

impl Cell {
    /// `charge-card/duplicate`
    pub fn name(&self) -> String {
        format!("{}/{}", self.step, self.fault)
    }
}

impl Matrix {
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn request(&self) -> RequestBuilder {
        self.session.request(Method::GET, &format!("/api/matrix/{}", self.id))
    }

    pub async fn view(&self) -> Value {
        self.session.get_json(&format!("/api/matrix/{}", self.id)).await
    }

    /// Its cells, once all of them have ended.
    pub async fn cells(&self) -> Vec<Cell> {
        let view = in_time("the matrix is done", async {
            let mut view = self.view().await;
            while view["state"] == "running" {
                view = self.session.get_json(&format!("/api/matrix/{}?after={}", self.id, view["revision"])).await;
            }
            view
        });
        let view = view.await;
        assert_eq!(view["state"], "done", "{}", view["detail"]);
        serde_json::from_value(view["cells"].clone()).expect("cells")
    }

    /// What a cell's sandbox recorded.
    pub async fn record(&self, cell: &Cell) -> Vec<Recorded> {
        let run = cell.run.as_ref().expect("it has ended");
        let lines = self.session.get_text(&format!("/api/runs/{run}/export/ndjson")).await;
        lines.lines().map(|line| serde_json::from_str(line).expect("a line reads")).collect()
    }
}

impl Session {
    pub fn matrix_of(&self, topology: &str, off: &[&str]) -> RequestBuilder {
        let switches: serde_json::Map<_, _> = off.iter().map(|name| ((*name).to_owned(), json!(false))).collect();
        self.request(Method::POST, "/api/matrix").json(&json!({"topology": topology, "switches": switches}))
    }

    /// Begins one, with these protections off.
    pub async fn matrix(&self, topology: &str, off: &[&str]) -> Matrix {
        let answer = self.send(self.matrix_of(topology, off)).await;
        let (status, location) = (answer.status(), answer.headers().get("location").cloned());
        let text = answer.text().await.expect("text");
        assert_eq!(status, 202, "{text}");
        let begun: Value = serde_json::from_str(&text).expect("JSON");
        let id = begun["id"].as_str().expect("an id").to_owned();
        assert_eq!(location.expect("a location"), format!("/api/matrix/{id}").as_str());
        Matrix { session: self.clone(), id }
    }
}
