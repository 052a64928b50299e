//! What an event adds.

use super::Tally;
use protocol::{Name, Observation, Recorded, TERRARIUM};

impl Tally {
    /// Takes in the next event of the record.
    pub fn see(&mut self, event: &Recorded) {
        self.position = event.position;
        self.note_present(&event.observation);
        if event.position > self.began {
            self.note_happened(event);
        }
        self.note_down(event);
    }

    /// What stands, whenever it began.
    fn note_present(&mut self, observation: &Observation) {
        match observation {
            Observation::SandboxStarted { topology, .. } => {
                self.topology = Some(topology.clone());
                self.switches = topology.switches.iter().map(|switch| (switch.name.clone(), switch.on)).collect();
            }
            Observation::SwitchSet { name, enabled } => {
                self.switches.insert(name.clone(), *enabled);
            }
            Observation::FaultInstalled { fault } => {
                self.faults.insert(fault.id.clone(), fault.spec.kind);
            }
            Observation::InvariantBroken { name, .. } => {
                self.broken.insert(name.clone());
            }
            Observation::InvariantRestored { name, .. } => {
                self.broken.remove(name);
            }
            _ => {}
        }
    }

    fn note_happened(&mut self, event: &Recorded) {
        match &event.observation {
            Observation::CommandAccepted { command } => {
                *self.commands.entry(command.id) = command.kind.as_str().into();
                if let Some(correlation) = event.correlation_id {
                    *self.correlations.entry(correlation) = command.kind.as_str().into();
                }
                self.placed += u64::from(command.kind == "PlaceOrder");
            }
            // What is no command is a read.
            Observation::ResponseReceived { from, status, .. }
                if &*event.service == TERRARIUM && event.correlation_id.is_none() =>
            {
                let by_status = if *status == 200 { &mut self.answered } else { &mut self.unanswered };
                *by_status.entry(from.clone()).or_default() += 1;
            }
            // The terrarium hears of it once its transaction is in the record.
            Observation::ResponseReceived { status: 200, .. } if &*event.service == TERRARIUM => {
                let kind = event.correlation_id.and_then(|correlation| self.correlations.get(&correlation));
                if let Some(kind) = kind {
                    *self.done.entry(kind.clone()).or_default() += 1;
                }
            }
            Observation::Window { edge, method, count, p99_us, .. } => {
                self.note_window(edge, method, (*count > 0).then_some(*p99_us))
            }
            Observation::LoadStopped { .. } => self.reader = None,
            Observation::ServiceScaled { replicas } => {
                let most = self.scaled.entry(event.service.clone()).or_default();
                *most = (*most).max(*replicas);
            }
            Observation::CommandRejected { command_id, .. } => {
                if let Some(kind) = self.commands.get(command_id) {
                    *self.refused.entry(kind.clone()).or_default() += 1;
                }
            }
            Observation::MessagePublished { envelope, .. } => {
                let kind = &envelope.kind;
                *self.published.entry(kind.clone()).or_default() += 1;
                self.publishers.insert(envelope.source.clone());
                first(&mut self.first.events, kind);
                *self.messages.entry(event.position) = kind.clone();
                first(&mut self.trails.entry(envelope.correlationid).published, kind);
            }
            Observation::MessageDelivered { group, source_position, .. } => {
                if let Some(kind) = self.messages.get(source_position) {
                    *self.delivered.entry(kind.clone()).or_default() += 1;
                    self.delivered_to.entry(kind.clone()).or_default().insert(group.clone());
                }
            }
            Observation::MessageRedelivered { group, source_position, .. } => {
                *self.redelivered.entry(group.clone()).or_default() += 1;
                if let Some(kind) = self.messages.get(source_position) {
                    *self.delivered.entry(kind.clone()).or_default() += 1;
                }
            }
            Observation::MessageDeadLettered { .. } => self.dead_lettered += 1,
            // A message that changes nothing is a transaction, too, but nobody did anything.
            Observation::TransactionCommitted { rows, .. } if !rows.is_empty() => self.note_commit(event),
            Observation::TransactionRolledBack { .. } => {
                *self.rolled_back.entry(event.service.clone()).or_default() += 1;
            }
            Observation::StateChanged { entity, id, from, to } => self.note_state(entity, *id, from.as_deref(), to),
            Observation::SagaStepStarted { step, .. } => first(&mut self.first.steps, step),
            Observation::SagaStepCompensated { step, .. } => {
                *self.compensated.entry(step.clone()).or_default() += 1;
                first(&mut self.first.compensations, step);
            }
            Observation::SagaParked { id, .. } => {
                self.parked += 1;
                self.last_parked = Some(*id);
            }
            Observation::LeaseAcquired { holder, .. } if self.leader != Some(*holder) => {
                self.leaders += 1;
                self.taken_over += u64::from(self.leader.is_some());
            }
            Observation::SwitchSet { name, enabled } => {
                self.switched.insert((name.clone(), *enabled));
            }
            Observation::FaultInstalled { fault } => {
                let installed = (fault.spec.kind, fault.spec.target.clone());
                if !self.installed.contains(&installed) {
                    self.installed.push(installed);
                }
            }
            Observation::FaultTriggered { fault_id, .. } => {
                if let Some(kind) = self.faults.get(fault_id) {
                    *self.struck.entry(kind.name()).or_default() += 1;
                }
            }
            Observation::InvariantBroken { name, .. } => {
                self.was_broken.insert(name.clone());
            }
            _ => {}
        }
    }

    /// A second of a load that reads: first what was read, then what was written.
    /// In which nothing was answered says nothing of how long it takes.
    fn note_window(&mut self, edge: &Name, method: &Name, p99_us: Option<u64>) {
        let to = Name::from(edge.rsplit("->").next().unwrap_or_default());
        if &**method == "GET" {
            let is_same = self.reader.as_ref() == Some(&to);
            self.loads.entry(to.clone()).or_default();
            self.counts_write = is_same;
            self.reader = Some(to);
        } else if let Some(load) =
            self.reader.as_ref().filter(|_| self.counts_write).and_then(|it| self.loads.get_mut(it))
        {
            let Some(p99_us) = p99_us else { return };
            load.seconds += 1;
            load.waited_us = load.waited_us.saturating_add(p99_us);
        }
    }

    fn note_commit(&mut self, event: &Recorded) {
        let service = &event.service;
        *self.transactions.entry(service.clone()).or_default() += 1;
        // On the first day, a service fills its shelves for nobody in particular.
        let Some(command) = event.correlation_id else { return };
        first(&mut self.first.commits, service);
        let trail = self.trails.entry(command);
        for kind in &trail.published {
            self.acted_after.entry(kind.clone()).or_default().insert(service.clone());
            if trail.committed.contains(service) {
                self.acted_again_after.entry(kind.clone()).or_default().insert(service.clone());
            }
        }
        first(&mut trail.committed, service);
    }

    fn note_state(&mut self, entity: &Name, id: i64, from: Option<&str>, to: &Name) {
        let state = (entity.clone(), to.clone());
        if !self.first.states.contains(&state) {
            self.first.states.push(state);
        }
        match (&**entity, &**to) {
            ("order", "PENDING") => {
                self.pending += 1;
                self.last_order = Some(id);
                self.orders.entry(id).or_default().status = Some(to.clone());
            }
            ("order", _) => {
                if from == Some("PENDING") {
                    self.pending = self.pending.saturating_sub(1);
                }
                *self.ended.entry(to.clone()).or_default() += 1;
                self.orders.entry(id).or_default().status = Some(to.clone());
            }
            ("payment", "CAPTURED") => self.orders.entry(id).or_default().charges += 1,
            ("payment", "REFUNDED") if from.is_some() => self.refunds += 1,
            ("reservation", "RELEASED") if from.is_some() => self.orders.entry(id).or_default().was_released = true,
            ("shipment", "SHIPPED") => self.orders.entry(id).or_default().is_shipped = true,
            ("saga", _) => {
                *self.saga_states.entry(to.clone()).or_default() += 1;
                self.resumed += u64::from(from == Some("PARKED"));
            }
            _ => {}
        }
    }

    /// Who is down, whenever that began, and what waits for them meanwhile.
    fn note_down(&mut self, event: &Recorded) {
        let (who, since) = ((event.service.clone(), event.replica), event.position > self.began);
        match &event.observation {
            Observation::ServiceCrashed { .. } => {
                self.up.remove(&who);
                self.down.insert(who);
                if since {
                    self.crashed.insert(event.service.clone());
                }
            }
            Observation::ServicePaused { .. } => {
                self.up.remove(&who);
                self.down.insert(who);
                if since {
                    self.paused.insert(event.service.clone());
                }
            }
            Observation::ServiceStarted { .. } | Observation::ServiceResumed { .. } => {
                let was_down = self.down.remove(&who);
                if was_down && since {
                    self.recovered.insert(event.service.clone());
                }
                self.up.insert(who);
            }
            Observation::ServiceStopped { .. } => drop(self.up.remove(&who)),
            Observation::FaultCleared { fault_id, .. } => drop(self.faults.remove(fault_id)),
            Observation::LeaseAcquired { holder, .. } => self.leader = Some(*holder),
            _ => {}
        }
        for (service, _) in &self.down {
            if self.up.iter().any(|(up, _)| up == service) {
                continue;
            }
            let most = self.waited.entry(service.clone()).or_default();
            *most = (*most).max(self.pending);
        }
    }
}

fn first(names: &mut Vec<Name>, name: &Name) {
    if !names.contains(name) {
        names.push(name.clone());
    }
}
