//! What is done to parked sagas, and to one of a service's replicas.

use super::clicks::{LEVERS, send};
use crate::client;

pub fn resume(order_id: &str) {
    let order_id = order_id.to_string();
    send(LEVERS, |sandbox| async move { client::resume(&sandbox, &order_id).await });
}

/// Does what the button says, which the picture it stands in may have outlived.
pub fn replica(verb: &str, service: &str, replica: &str) {
    let [verb, service, replica] = [verb, service, replica].map(str::to_string);
    send(LEVERS, |sandbox| async move {
        let fault = ["pause-", &service, "-", &replica].concat();
        match &*verb {
            "pause" => {
                let body = format!("{{\"kind\":\"pause\",\"target\":\"{service}/{replica}\"}}");
                client::fault(&sandbox, &fault, Some(&body)).await
            }
            _ => client::service(&sandbox, &service, &[&verb, "?replica=", &*replica].concat()).await,
        }
    });
}
