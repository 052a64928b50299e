//! What passes between a service and its sandbox. The same words whether the service is a
//! task of the server (then they are moved through channels) or a process of its own (then
//! they are JSON frames over stdin and stdout).

use crate::Clock;
use protocol::{Envelope, Fault, Name, Observed, Position, ServiceSpec, SwitchSpec, Uuid};
use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, path::PathBuf, sync::Arc};

/// Everything a service is told at its start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Start {
    pub spec: ServiceSpec,
    pub replica: u32,
    /// The folder with this service's own database file.
    pub folder: PathBuf,
    /// The sandbox's.
    pub clock: Clock,
    /// The most commands and messages one local transaction may hold.
    pub batch: usize,
    /// So long a replica leads without a renewal, in microseconds.
    pub lease_us: u64,
    pub faults: Vec<Fault>,
    pub switches: Vec<SwitchSpec>,
}

/// From the sandbox to a service.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum FromHost {
    Start(Box<Start>),
    Deliver(Delivery),
    /// Everything up to outbox number `n` is in the record and at the broker.
    Shipped {
        n: u64,
    },
    /// These messages, published outside a shipment, are in the record and at the broker.
    Published {
        ids: Vec<Uuid>,
    },
    /// The faults as they stand.
    Faults(Vec<Fault>),
    /// The switches as they stand.
    Switches(Vec<SwitchSpec>),
    /// To a replica that stands by: there is something to do. `vacant`: and nobody leads.
    Watch {
        vacant: bool,
    },
    /// End in good order.
    Stop,
}

/// A message handed to a consumer. It is the consumer's until acked, nacked, or its
/// visibility timeout has passed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// The position of its `MessagePublished`; names the delivery in acks.
    pub position: Position,
    pub topic: Name,
    /// 1 the first time.
    pub attempt: u32,
    pub envelope: Arc<Envelope>,
}

/// From a service to the sandbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ToHost {
    /// Listening, migrated, ready for deliveries.
    Ready {
        address: SocketAddr,
        pid: u32,
    },
    Ship(Shipment),
    /// Handled without a transaction of its own: a repeat.
    Ack {
        position: Position,
    },
    Nack {
        position: Position,
        reason: String,
    },
    /// It leads its replicas: it alone gets deliveries, and what the others have is offered again.
    Lead {
        room: usize,
    },
    /// Not handled, or not known to be, since a fault struck. Does not count against the message.
    GiveBack {
        position: Position,
        reason: String,
    },
    /// Not handled and never to be: somebody else has the say now.
    Refuse {
        position: Position,
        reason: String,
    },
    /// Messages that did not leave with their shipment.
    Publish(Vec<Observed>),
    /// The last word: this fault crashes it here.
    Crash {
        fault: Name,
    },
    /// Observations of the wire.
    Observe(Vec<Observed>),
}

/// What one local transaction leaves behind, durable in the service's outbox before it is sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shipment {
    /// Gapless per service; a repeat is recognised by it.
    pub n: u64,
    /// In order: the `TransactionCommitted` of this number, by which the record knows a repeat,
    /// then the rest. Messages are published as their `MessagePublished` is recorded.
    pub observed: Vec<Observed>,
    /// With the outbox off: its messages, which are stored nowhere. They leave with it, so that
    /// nobody sees it without them, and count even where another replica has shipped the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unstored: Vec<Observed>,
    /// Deliveries that this transaction has dealt with.
    pub acks: Vec<Position>,
}

/// The sandbox, as a service reaches it. Never blocks; order is kept.
pub trait Host: Send + Sync {
    fn send(&self, message: ToHost);
}
