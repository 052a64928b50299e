//! The one place that knows every service by name.

use kit::{Ctx, FromHost, Gate, Host, Start, service};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Runs the service that `start` names until it is told to stop, on a listener of its own.
pub async fn run(
    start: Start,
    from_host: mpsc::UnboundedReceiver<FromHost>,
    host: Arc<dyn Host>,
    gate: Gate,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let name = start.spec.name.clone();
    let (ctx, standing) = Ctx::new(start, host, gate);
    match &*name {
        "orders" => service::run(orders::Orders, ctx, from_host, standing, listener).await,
        "inventory" => service::run(inventory::Inventory, ctx, from_host, standing, listener).await,
        "payments" => service::run(payments::Payments, ctx, from_host, standing, listener).await,
        "notifications" => service::run(notifications::Notifications, ctx, from_host, standing, listener).await,
        "gift-wrapping" => service::run(gift_wrapping::GiftWrapping, ctx, from_host, standing, listener).await,
        "saga-orchestrator" => {
            service::run(saga_orchestrator::SagaOrchestrator, ctx, from_host, standing, listener).await
        }
        "feed" => service::run(feed::Feed, ctx, from_host, standing, listener).await,
        "timeline" => service::run(feed::Timeline, ctx, from_host, standing, listener).await,
        "catalogue" => service::run(feed::Catalogue, ctx, from_host, standing, listener).await,
        "dashboard" => service::run(feed::Dashboard, ctx, from_host, standing, listener).await,
        "monolith" => service::run(monolith::Monolith, ctx, from_host, standing, listener).await,
        "accounts" => service::run(accounts::Accounts::new(&ctx), ctx, from_host, standing, listener).await,
        other => anyhow::bail!("there is no service {other}"),
    }
}

/// The tables of a service, each with its columns.
pub async fn tables(name: &str) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    match name {
        "orders" => service::tables::<orders::Orders>().await,
        "inventory" => service::tables::<inventory::Inventory>().await,
        "payments" => service::tables::<payments::Payments>().await,
        "notifications" => service::tables::<notifications::Notifications>().await,
        "gift-wrapping" => service::tables::<gift_wrapping::GiftWrapping>().await,
        "saga-orchestrator" => service::tables::<saga_orchestrator::SagaOrchestrator>().await,
        "feed" => service::tables::<feed::Feed>().await,
        "timeline" => service::tables::<feed::Timeline>().await,
        "catalogue" => service::tables::<feed::Catalogue>().await,
        "dashboard" => service::tables::<feed::Dashboard>().await,
        "monolith" => service::tables::<monolith::Monolith>().await,
        "accounts" => service::tables::<accounts::Accounts>().await,
        other => anyhow::bail!("there is no service {other}"),
    }
}
