//! A file per endpoint, or per few that belong together. [`crate::app`] has the table.

pub mod asset;
pub mod commands;
pub mod compare;
pub mod events;
pub mod export;
pub mod faults;
pub mod feed_page;
pub mod invariants;
pub mod lessons;
pub mod load;
pub mod matrix;
pub mod matrix_page;
pub mod million;
pub mod million_page;
pub mod operations;
pub mod page;
pub mod progress;
pub mod queries;
pub mod replay_page;
pub mod rule_page;
pub mod runs;
pub mod runs_page;
pub mod sandboxes;
pub mod services;
pub mod sources;
pub mod state;
pub mod steps;
pub mod strata;
pub mod switches;
pub mod tables;
pub mod topologies;

use crate::error::Problem;
use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;

/// The query, or a 400 that says what does not fit.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        axum::extract::Query::try_from_uri(&parts.uri).map(|axum::extract::Query(query)| Self(query)).map_err(|_| {
            Problem::bad_request("The query does not fit. Positions and limits are whole numbers, 0 or more; what must be named is in GET /api/openapi.json.")
        })
    }
}
