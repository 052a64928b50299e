//! `/metrics`, as OpenMetrics text: what the HTTP side counts itself, and what the sandboxes and
//! the process say when asked.

use crate::sandbox::Sandboxes;
use crate::streams::Streams;
use http::{Method, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

impl Metrics {
    pub fn new(sandboxes: Arc<Sandboxes>, streams: Arc<Streams>) -> Self {
        let mut registry = Registry::with_prefix("terrarium");
        let requests = Family::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        let durations = Histogram::new([0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0]);
        registry.register_with_unit(
            "http_request_duration",
            "Time to the head of the answer",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register_collector(Box::new(Asked { sandboxes, streams }));
        Self { registry, requests, durations }
    }

    pub fn answered(&self, method: &Method, route: &str, status: StatusCode, duration: Duration) {
        let labels = Answered { method: known(method), route: route.to_string(), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.durations.observe(duration.as_secs_f64());
    }

    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut out = String::new();
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }
}

/// A client may make up methods; labels must stay few.
fn known(method: &Method) -> &'static str {
    ["GET", "HEAD", "POST", "PUT", "DELETE"].into_iter().find(|name| *name == method.as_str()).unwrap_or("other")
}

/// Those that are asked when somebody looks.
struct Asked {
    sandboxes: Arc<Sandboxes>,
    streams: Arc<Streams>,
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked")
    }
}

impl Collector for Asked {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let counts = self.sandboxes.counts();
        let mut gauge = |name: &str, help: &str, value: u64| {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
        };
        gauge("sandboxes_live", "Sandboxes awake", counts.live)?;
        gauge("sandboxes_hibernated", "Sandboxes asleep", counts.hibernated)?;
        gauge("streams", "Event streams open", self.streams.count() as u64)?;
        if let Some(process) = Process::read() {
            gauge("resident_memory_bytes", "Resident memory of the server's process", process.resident_bytes)?;
            gauge("open_files", "File handles of the server's process", process.open_files)?;
        }
        let mut counter = |name: &str, help: &str, value: u64| {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)
        };
        counter("observations", "Observations recorded since the server started", counts.observations_total)?;
        counter("commands", "Commands accepted since the server started", counts.commands_total)
    }
}

struct Process {
    resident_bytes: u64,
    open_files: u64,
}

impl Process {
    /// From /proc, so `None` where there is none.
    fn read() -> Option<Self> {
        let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
        let resident_pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
        Some(Self {
            resident_bytes: resident_pages * rustix::param::page_size() as u64,
            open_files: std::fs::read_dir("/proc/self/fd").ok()?.count() as u64,
        })
    }
}
