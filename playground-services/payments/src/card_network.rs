//! The card network: outside the glass, with a latency declared in the topology and shown on
//! the page. The fault `decline-payments` makes it refuse charges; refunds it takes always.

use kit::stage::fault_striking;
use kit::{Ctx, Work};
use protocol::{FaultKind, Name};

/// The network's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Charge {
    Approved,
    /// By the fault of this id.
    Declined {
        fault: Name,
    },
}

/// Asks for a charge or a refund; takes the declared time.
pub async fn ask(ctx: &Ctx, work: &Work) -> Charge {
    let latency_ms = ctx.spec.outside.as_ref().map_or(0, |outside| outside.latency_ms);
    ctx.clock.sleep_until(ctx.clock.now_us() + latency_ms * 1000).await;
    match fault_striking(ctx, FaultKind::DeclinePayments, work.ordinal(), work.kind()) {
        Some(fault) => Charge::Declined { fault },
        None => Charge::Approved,
    }
}
