//! What is done to parked sagas, and to one of a service's replicas.

use super::clicks::{LEVERS, send};
use super::faults::named;
use crate::client;

pub fn resume(order_id: &str) {
    let order_id = order_id.to_string();
    send(LEVERS, |sandbox| async move { client::resume(&sandbox, &order_id).await });
}

pub fn replica(verb: &str, service: &str, replica: &str) {
    pull(verb, service, &["/", replica].concat(), &["?replica=", replica].concat());
}

/// Does what the button says, which the picture it stands in may have outlived: to a service, or to
/// the part of it that the target of a fault and the query of a call name so.
pub(super) fn pull(verb: &str, service: &str, part: &str, query: &str) {
    let (target, call) = ([service, part].concat(), [verb, query].concat());
    let service = service.to_string();
    send(LEVERS, |sandbox| async move {
        if call.starts_with("pause") {
            let body = format!("{{\"kind\":\"pause\",\"target\":\"{target}\"}}");
            client::fault(&sandbox, &named("pause", &target), Some(&body)).await
        } else {
            client::service(&sandbox, &service, &call).await
        }
    });
}
