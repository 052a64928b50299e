//! One group commit in the making: entries become lines of the record and changes of the broker.

use crate::recorder::history::Lines;
use crate::recorder::{Accepted, Entry, IdReused, Task};
use kit::broker::{ConsumerId, Fate, Handout, Settled};
use kit::ctx::Span;
use kit::fault::is_among;
use kit::{Delivery, FromHost, Shipment, ToHost};
use protocol::{BROKER, Command, Name, Observation, Observed, Position, Recorded, TraceContext, Uuid};
use std::collections::HashMap;
use tokio::sync::oneshot;

/// Collects; nothing in it is visible to anyone yet.
pub struct Batch<'a> {
    task: &'a mut Task,
    known: HashMap<Uuid, Command>,
    now: u64,
    done: Done,
}

/// A group commit ready to be stored, and what to do after that.
#[derive(Default)]
pub struct Done {
    pub first: Position,
    pub lines: Lines,
    pub events: Vec<Recorded>,
    /// Ids of commands, and where they were accepted.
    pub accepted: Vec<(Uuid, Position)>,
    pub replies: Vec<Reply>,
    pub handouts: Vec<(ConsumerId, Delivery)>,
    pub told: Vec<(ConsumerId, FromHost)>,
    pub dispatch: Vec<Accepted>,
    pub faults_changed: bool,
    pub switches_changed: bool,
    pub end: Option<oneshot::Sender<()>>,
}

pub enum Reply {
    Flushed(oneshot::Sender<()>),
    Accepted(oneshot::Sender<Result<Uuid, IdReused>>, Result<Uuid, IdReused>),
}

impl Reply {
    /// Whoever asked may have gone meanwhile.
    pub fn send(self) {
        match self {
            Reply::Flushed(sender) => drop(sender.send(())),
            Reply::Accepted(sender, answer) => drop(sender.send(answer)),
        }
    }
}

impl Done {
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The last position in it.
    pub fn last(&self) -> Position {
        self.first + self.events.len() as u64 - 1
    }
}

impl<'a> Batch<'a> {
    pub fn new(task: &'a mut Task, known: HashMap<Uuid, Command>) -> Self {
        let now = task.clock.now_us();
        let done = Done { first: task.position + 1, ..Done::default() };
        Batch { task, known, now, done }
    }

    pub fn take(&mut self, entry: Entry) -> anyhow::Result<()> {
        match entry {
            Entry::Observe(observed) => self.observe_all(observed)?,
            Entry::Service { consumer, service, message } => self.heard(consumer, &service, message)?,
            Entry::Connect { consumer, room, sender, started } => {
                let (service, is_first) = (started.service.clone(), started.replica == 0);
                self.observe(started)?;
                self.task.services.insert(consumer, sender);
                self.task.broker.connect(&service, consumer, room);
                self.done.told.push((consumer, FromHost::Faults(self.task.faults.clone())));
                self.done.told.push((consumer, FromHost::Switches(self.task.switches.clone())));
                if self.task.broker.is_vacant(consumer) {
                    // Of those that start together the first leads; the others give it time to.
                    self.done.told.push((consumer, FromHost::Watch { vacant: is_first }));
                }
                if let Some(&n) = self.task.ledger.shipped.get(&service) {
                    self.done.told.push((consumer, FromHost::Shipped { n }));
                }
            }
            Entry::Disconnect { consumer, ended } => {
                self.observe(ended)?;
                self.task.services.remove(&consumer);
                let others = self.task.broker.standbys(consumer);
                for had in self.task.broker.disconnect(consumer) {
                    self.rejected(&had, "the replica that had it is gone")?;
                }
                let vacant = others.into_iter().filter(|other| self.task.broker.is_vacant(*other));
                self.done.told.extend(vacant.map(|other| (other, FromHost::Watch { vacant: true })));
            }
            Entry::Accept { by, command, reply } => {
                let answer = self.accept(by, command)?;
                self.done.replies.push(Reply::Accepted(reply, answer));
            }
            Entry::Clear { fault, cleared } => {
                if is_among(&self.task.faults, &fault) {
                    self.observe(cleared)?;
                }
            }
            Entry::Flush(reply) => self.done.replies.push(Reply::Flushed(reply)),
            Entry::End(reply) => self.done.end = Some(reply),
        }
        Ok(())
    }

    /// Hands waiting messages to whoever has room. Last, so that what this batch published goes out with it.
    pub fn deliver(&mut self) -> anyhow::Result<()> {
        for late in self.task.broker.expire(self.now) {
            self.rejected(&late, "not acknowledged within the visibility timeout")?;
        }
        let faults = std::mem::take(&mut self.task.faults);
        let handouts = self.task.broker.take(self.now, &faults);
        self.task.faults = faults;
        for handout in handouts {
            self.handed_out(handout)?;
        }
        let roused = self.task.broker.roused().into_iter();
        self.done.told.extend(roused.map(|standby| (standby, FromHost::Watch { vacant: false })));
        Ok(())
    }

    /// Records what became of a message on its way to a consumer.
    fn handed_out(&mut self, handout: Handout) -> anyhow::Result<()> {
        let Handout { group, delivery, fate, fault } = &handout;
        let Delivery { topic, position, attempt, envelope } = delivery;
        let by_broker = |batch: &mut Self, observation| {
            let observed = batch.by_broker(&envelope.traceparent, envelope.correlationid, observation);
            batch.observe(observed)
        };
        if let Some(fault_id) = fault.clone() {
            by_broker(self, Observation::FaultTriggered { fault_id, on: envelope.subject.to_string() })?;
        }
        if *fate == Fate::Held {
            return Ok(());
        }
        let (group, topic, message_id) = (group.clone(), topic.clone(), envelope.id);
        let (source_position, attempt) = (*position, *attempt);
        let observation = if attempt == 1 {
            Observation::MessageDelivered { topic, group, message_id, source_position, attempt }
        } else {
            Observation::MessageRedelivered { topic, group, message_id, source_position, attempt }
        };
        by_broker(self, observation)?;
        match *fate {
            Fate::To(consumer) => self.done.handouts.push((consumer, handout.delivery)),
            Fate::Refused => {
                let Handout { group, delivery: Delivery { topic, .. }, .. } = handout.clone();
                let reason = "refused on its way".to_owned();
                let nacks = 0;
                by_broker(
                    self,
                    Observation::MessageRejected { topic, group, message_id, source_position, attempt, nacks, reason },
                )?;
            }
            Fate::Lost | Fate::Held => {}
        }
        Ok(())
    }

    pub fn done(self) -> Done {
        self.done
    }

    fn heard(&mut self, consumer: ConsumerId, service: &Name, message: ToHost) -> anyhow::Result<()> {
        match message {
            ToHost::Ship(shipment) => self.ship(consumer, service, shipment),
            ToHost::Observe(observed) => self.observe_all(observed),
            ToHost::Ack { position } => self.ack(consumer, position),
            ToHost::Nack { position, reason } => {
                let Some(nacked) = self.task.broker.nack(consumer, position, self.now) else { return Ok(()) };
                self.rejected(&nacked, &reason)?;
                if nacked.dead { self.dead_lettered(&nacked, reason) } else { Ok(()) }
            }
            ToHost::Refuse { position, reason } => {
                let Some(refused) = self.task.broker.refuse(consumer, position) else { return Ok(()) };
                self.rejected(&refused, &reason)?;
                self.dead_lettered(&refused, reason)
            }
            ToHost::Lead { room } => {
                let taken = self.task.broker.lead(consumer, room);
                taken.iter().try_for_each(|taken| self.rejected(taken, "another replica leads"))
            }
            ToHost::GiveBack { position, reason } => {
                let Some(back) = self.task.broker.give_back(consumer, position, self.now) else { return Ok(()) };
                self.rejected(&back, &reason)
            }
            ToHost::Publish(observed) => {
                let ids = observed.iter().filter_map(|observed| Some(observed.observation.message()?.id)).collect();
                self.observe_all(observed)?;
                self.done.told.push((consumer, FromHost::Published { ids }));
                Ok(())
            }
            // Its keeper crashes it.
            ToHost::Crash { .. } => Ok(()),
            // The supervisor turns it into `Connect`.
            ToHost::Ready { .. } => Ok(()),
        }
    }

    /// Records what a transaction did and publishes its messages. A shipment seen before is a
    /// repeat from a service that crashed before it heard that we have it.
    fn ship(&mut self, consumer: ConsumerId, service: &Name, shipment: Shipment) -> anyhow::Result<()> {
        if shipment.n > self.task.ledger.shipped.get(service).copied().unwrap_or_default() {
            self.observe_all(shipment.observed)?;
        }
        self.observe_all(shipment.unstored)?;
        for position in shipment.acks {
            self.ack(consumer, position)?;
        }
        self.done.told.push((consumer, FromHost::Shipped { n: shipment.n }));
        Ok(())
    }

    fn ack(&mut self, consumer: ConsumerId, position: Position) -> anyhow::Result<()> {
        let Some(acked) = self.task.broker.ack(consumer, position) else { return Ok(()) };
        self.settled(&acked, |group, topic, acked| Observation::MessageAcked {
            topic,
            group,
            message_id: acked.envelope.id,
            source_position: acked.position,
            attempt: acked.attempt,
        })
    }

    /// The same id again is the same command; with another body it is refused.
    fn accept(&mut self, by: Name, command: Command) -> anyhow::Result<Result<Uuid, IdReused>> {
        let correlation_id = Uuid::new_v5(&self.task.namespace, command.id.as_bytes());
        if let Some(known) = self.known.get(&command.id) {
            return Ok(if *known == command { Ok(correlation_id) } else { Err(IdReused) });
        }
        self.known.insert(command.id, command.clone());
        let span = Span::root(Some(correlation_id));
        self.observe(Observed {
            at: self.now,
            trace: span.trace,
            parent_span_id: None,
            service: by,
            replica: 0,
            code: None,
            correlation_id: Some(correlation_id),
            observation: Observation::CommandAccepted { command: command.clone() },
        })?;
        self.done.accepted.push((command.id, self.task.position));
        self.done.dispatch.push(Accepted { command, span, ordinal: self.task.ledger.commands });
        Ok(Ok(correlation_id))
    }

    /// A consumer does not have it any more, and has not dealt with it.
    fn rejected(&mut self, settled: &Settled, reason: &str) -> anyhow::Result<()> {
        self.settled(settled, |group, topic, settled| Observation::MessageRejected {
            topic,
            group,
            message_id: settled.envelope.id,
            source_position: settled.position,
            attempt: settled.attempt,
            nacks: settled.nacks,
            reason: reason.to_owned(),
        })
    }

    fn dead_lettered(&mut self, settled: &Settled, reason: String) -> anyhow::Result<()> {
        self.settled(settled, |group, topic, settled| Observation::MessageDeadLettered {
            topic,
            group,
            message_id: settled.envelope.id,
            source_position: settled.position,
            attempt: settled.attempt,
            reason,
        })
    }

    fn settled(
        &mut self,
        settled: &Settled,
        observation: impl FnOnce(Name, Name, &Settled) -> Observation,
    ) -> anyhow::Result<()> {
        let observation = observation(settled.group.clone(), settled.topic.clone(), settled);
        let envelope = &settled.envelope;
        let observed = self.by_broker(&envelope.traceparent, envelope.correlationid, observation);
        self.observe(observed)
    }

    fn by_broker(&self, traceparent: &str, correlation_id: Uuid, observation: Observation) -> Observed {
        let parent = TraceContext::parse(traceparent).unwrap_or_default();
        let span = Span::child_of(parent, Some(correlation_id));
        Observed {
            at: self.now,
            trace: span.trace,
            parent_span_id: span.parent,
            service: BROKER.into(),
            replica: 0,
            code: None,
            correlation_id: span.correlation_id,
            observation,
        }
    }

    fn observe_all(&mut self, observed: Vec<Observed>) -> anyhow::Result<()> {
        observed.into_iter().try_for_each(|observed| self.observe(observed))
    }

    /// The next position. What follows from it (a message is published) follows here.
    fn observe(&mut self, observed: Observed) -> anyhow::Result<()> {
        let task = &mut *self.task;
        task.position += 1;
        task.at = task.at.max(observed.at);
        let event = observed.recorded(task.position, task.at);
        task.ledger.evolve(&event);
        match &event.observation {
            Observation::MessagePublished { topic, envelope } => task.broker.publish(event.position, topic, envelope),
            Observation::FaultInstalled { fault } => {
                task.faults.retain(|other| other.id != fault.id);
                task.broker.release(&fault.id);
                task.faults.push((**fault).clone());
                self.done.faults_changed = true;
            }
            Observation::FaultCleared { fault_id, .. } => {
                task.faults.retain(|fault| fault.id != *fault_id);
                task.broker.release(fault_id);
                self.done.faults_changed = true;
            }
            Observation::SandboxStarted { topology, .. } => task.switches = topology.switches.clone(),
            Observation::SwitchSet { name, enabled } => {
                if let Some(switch) = task.switches.iter_mut().find(|switch| switch.name == *name) {
                    switch.on = *enabled;
                    self.done.switches_changed = true;
                }
            }
            _ => {}
        }
        self.done.lines.push(&event)?;
        self.done.events.push(event);
        Ok(())
    }
}
