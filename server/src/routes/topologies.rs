use protocol::Topology;

/// What can be started: each topology's services, what they take, publish and consume.
#[utoipa::path(get, path = "/api/topologies", tag = "catalogue", operation_id = "list_topologies", responses((status = 200, body = Vec<Object>)))]
pub async fn list() -> axum::Json<Vec<Topology>> {
    axum::Json(protocol::topologies())
}
