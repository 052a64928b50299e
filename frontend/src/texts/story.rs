//! The story: each event worth a sentence in one plain sentence.

use diagram::{DiagramState, Health, Lease, taken_over_from};
use protocol::{Envelope, FaultKind, FaultSpec, Observation, Recorded, ServiceSpec, StepSpec, Target, Topology, When};

/// A sentence with the names of services between asterisks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence(String);

impl Sentence {
    pub fn html(&self) -> String {
        let mut html = String::new();
        for (i, part) in self.0.split('*').enumerate() {
            let part = crate::svg::escape(part);
            if i % 2 == 0 {
                html.push_str(&part);
            } else {
                html.push_str("<b>");
                html.push_str(&part);
                html.push_str("</b>");
            }
        }
        html
    }

    pub fn text(&self) -> String {
        self.0.replace('*', "")
    }
}

/// What to say of an event, given the picture before it. Most events need no words.
pub fn tell(before: &DiagramState, event: &Recorded) -> Option<Sentence> {
    let who = &event.service;
    let sentence = match &event.observation {
        Observation::MessagePublished { envelope, .. } => published(before, who, envelope),
        Observation::StateChanged { entity, id, to, .. } => match (&**entity, &**to) {
            ("notification", _) => format!("*{who}* tells the customer of order {id}."),
            ("reservation", "SOLD") => format!("*{who}* marks the pieces of order {id} as sold."),
            ("saga", to) => saga_becomes(who, *id, to)?,
            _ => return None,
        },
        Observation::MessageRedelivered { group, attempt, .. } => {
            format!("*{group}* gets a message it may have seen before: attempt {attempt}.")
        }
        Observation::MessageDeadLettered { group, reason, .. } => {
            format!("*{group}* could not handle a message, and it is put aside: {}.", plain(reason))
        }
        // Under load they are too many to tell one by one.
        Observation::CommandAccepted { command } if before.load.is_none() => commanded(&command.kind, &command.data),
        Observation::LoadStarted { command_type, rate } => load_started(command_type, *rate),
        Observation::LoadStopped { command_type, sent, reason } => load_stopped(command_type, *sent, reason),
        Observation::InvariantBroken { name, reason, .. } => broken(name, reason),
        Observation::InvariantRestored { name, .. } => restored(name),
        Observation::CommandRejected { reason, .. } => format!("The command was refused: {}", plain(reason)),
        Observation::ServiceCrashed { .. } => {
            format!("*{who}* has crashed. What is sent to it now waits in its pipe.")
        }
        Observation::ServiceStarted { .. } if !before.sagas.latest.is_empty() || crashed(before, who) => {
            match before
                .pipes
                .iter()
                .flat_map(|pipe| &pipe.lanes)
                .filter(|lane| lane.group == *who)
                .map(|lane| lane.waiting.count)
                .sum()
            {
                0 => format!("*{who}* is up."),
                1 => format!("*{who}* is up and takes the one message that waited for it."),
                waiting => format!("*{who}* is up and takes the {waiting} messages that waited for it."),
            }
        }
        Observation::ServiceStopped { .. } => format!("*{who}* has stopped in good order."),
        Observation::ServicePaused { .. } => format!("*{who}* stands still. What is sent to it now waits."),
        Observation::ServiceResumed { .. } => format!("*{who}* goes on where it stood still."),
        // A crash speaks for itself.
        Observation::FaultInstalled { fault } if fault.spec.kind != FaultKind::Crash => {
            format!("From now on {}.", fault_words(&fault.spec))
        }
        Observation::FaultCleared { fault_id, .. } => {
            let spec = &before.faults.iter().find(|fault| fault.id == *fault_id)?.spec;
            match spec.kind {
                FaultKind::Crash => return None,
                FaultKind::DeclinePayments => "The card network accepts charges again.".into(),
                _ => format!("It is over that {}.", fault_words(spec)),
            }
        }
        Observation::SwitchSet { name, enabled } => switched(name, *enabled),
        Observation::SagaStepStarted { id, step, attempt } if *attempt > 1 => asked_again(who, *id, step, *attempt),
        Observation::SagaParked { id, step, reason, .. } => parked(*id, step, reason),
        Observation::LeaseAcquired { holder, token, .. } => match taken_over_from(before, event) {
            Some(other) => takes_over(who, *holder, other, *token),
            None => leads(who, *holder, *token),
        },
        Observation::LeaseLost { holder, token, .. }
            if lease(before, who).is_some_and(|lease| lease.token > *token) =>
        {
            format!("Replica {holder} of *{who}* finds that it leads no more: its token {token} is out of date.")
        }
        Observation::SandboxHibernated => "Nothing has happened for a while: the system goes to sleep.".into(),
        Observation::SandboxWoken => "The system wakes, exactly as it was.".into(),
        _ => return None,
    };
    Some(Sentence(sentence))
}

/// One plain sentence for any event: the record in full.
pub fn describe(event: &Recorded) -> Sentence {
    describe_with(event, None)
}

/// The same, where the message that the event is about is at hand.
pub fn describe_with(event: &Recorded, message: Option<&Envelope>) -> Sentence {
    use Observation::*;
    let who = actor(&event.service);
    let what = |topic: &str| match message {
        Some(envelope) => about(envelope),
        None => format!("a message of the topic {topic}"),
    };
    Sentence(match &event.observation {
        SandboxStarted { topology, .. } => {
            format!("The system {} begins, with {} services.", plain(&topology.title), topology.services.len())
        }
        SandboxHibernated => "Nothing has happened for a while: the system goes to sleep.".into(),
        SandboxWoken => "The system wakes, exactly as it was.".into(),
        CommandAccepted { command } => commanded(&command.kind, &command.data),
        CommandRejected { status, reason, .. } => format!("The command was refused with {status}: {}", ended(reason)),
        RequestSent { to, method, path, .. } => {
            format!("{who} sends *{}* the request {} {}.", plain(to), plain(method), plain(path))
        }
        RequestReceived { method, path, .. } => {
            format!("{who} receives the request {} {}.", plain(method), plain(path))
        }
        ResponseSent { status, duration_us, .. } => {
            format!("{who} answers {status} after {}.", super::elapsed(*duration_us))
        }
        ResponseReceived { from, status, duration_us, .. } => {
            let took = super::elapsed(*duration_us);
            format!("{who} has the answer of *{}*: {status}, after {took}.", plain(from))
        }
        MessagePublished { envelope, .. } => format!("{who} publishes {}.", about(envelope)),
        MessageDelivered { topic, group, .. } => format!("The broker hands {} to *{}*.", what(topic), plain(group)),
        MessageRedelivered { topic, group, attempt, .. } => {
            format!("The broker hands {} to *{}* once more: attempt {attempt}.", what(topic), plain(group))
        }
        MessageAcked { topic, group, .. } => {
            format!("*{}* is done with {} and acknowledges it.", plain(group), what(topic))
        }
        MessageRejected { topic, group, nacks, reason, .. } => {
            let group = plain(group);
            format!("*{group}* gives {} back, refused {}: {}", what(topic), times(*nacks), ended(reason))
        }
        MessageDeadLettered { topic, group, reason, .. } => {
            let group = plain(group);
            format!("*{group}* could not handle {}, and it is put aside: {}", what(topic), ended(reason))
        }
        TransactionCommitted { transaction_id, rows, batch_size } => {
            let rows = match rows.len() {
                0 => "no row changed".to_string(),
                1 => "1 row changed".to_string(),
                count => format!("{count} rows changed"),
            };
            let batch = if *batch_size > 1 { format!(", for {batch_size} messages at once") } else { String::new() };
            format!("{who} commits transaction {transaction_id}: {rows}{batch}.")
        }
        TransactionRolledBack { reason, .. } => {
            format!("{who} rolls its transaction back, and nothing of it remains: {}", ended(reason))
        }
        StateChanged { entity, id, from, to } => {
            let entity = match &**entity {
                "order" => "order",
                "reservation" => "the reservation for order",
                "payment" => "the payment for order",
                "notification" => "the message to the customer about order",
                other => &plain(other),
            };
            let to = plain(to);
            match from {
                Some(from) => format!("In {who}, {entity} {id} goes from {} to {to}.", plain(from)),
                None => format!("In {who}, {entity} {id} begins as {to}."),
            }
        }
        ServiceStarted { pid: Some(pid), .. } => format!("{who} starts, as process {pid}."),
        ServiceStarted { .. } => format!("{who} starts."),
        ServiceStopped { reason } => format!("{who} stops in good order: {}", ended(reason)),
        ServiceCrashed { reason } => format!("{who} crashes: {}", ended(reason)),
        ServicePaused { reason } => format!("{who} stands still: {}", ended(reason)),
        ServiceResumed { reason } => format!("{who} goes on: {}", ended(reason)),
        ServiceScaled { replicas: 1 } => format!("{who} runs once from now on."),
        ServiceScaled { replicas } => format!("{who} runs {replicas} times from now on."),
        SagaStepStarted { id, step, attempt: 1 } => format!("{who} asks for {} of order {id}.", plain(step)),
        SagaStepStarted { id, step, attempt } => asked_again(&event.service, *id, step, *attempt),
        SagaStepCompleted { id, step } => format!("{who} notes that {} of order {id} is done.", plain(step)),
        SagaStepCompensated { id, step } => format!("{who} notes that {} of order {id} is taken back.", plain(step)),
        SagaParked { id, step, reason, .. } => parked(*id, step, reason),
        LeaseAcquired { holder, token, .. } => leads(&event.service, *holder, *token),
        LeaseLost { holder, token, reason, .. } => {
            format!("Replica {holder} of {who} leads no more, token {token}: {}", ended(reason))
        }
        SwitchSet { name, enabled } => switched(name, *enabled),
        FaultInstalled { fault } => format!("The fault {} begins: {}.", plain(&fault.id), fault_words(&fault.spec)),
        FaultTriggered { fault_id, on } => {
            format!("The fault {} strikes {who} at {}.", plain(fault_id), readable(on))
        }
        FaultCleared { fault_id, reason } => {
            format!("The fault {} is taken away: {}", plain(fault_id), ended(reason))
        }
        LoadStarted { command_type, rate } => load_started(command_type, *rate),
        LoadStopped { command_type, sent, reason } => load_stopped(command_type, *sent, reason),
        Window { edge, method, count, errors, p50_us, p99_us, .. } => {
            let what = if &**method == "GET" { "reads" } else { "commands" };
            let to = plain(edge.rsplit("->").next().unwrap_or_default());
            let [half, most] = [*p50_us, *p99_us].map(super::elapsed);
            format!(
                "In a second *{to}* answers {count} {what}, {errors} of them not as wanted: half within {half}, 99 of 100 within {most}."
            )
        }
        AccountLoaded { version, from_version, duration_us, .. } => {
            let took = super::elapsed(*duration_us);
            format!(
                "The account of {version} events is loaded within {took}, {} of them replayed.",
                version - from_version
            )
        }
        CopiesChanged { reason, .. } => ended(reason),
        InvariantBroken { name, reason, .. } => broken(name, reason),
        InvariantRestored { name, .. } => restored(name),
    })
}

/// What a fault does, in a sentence.
pub fn fault(spec: &FaultSpec) -> Sentence {
    let words = fault_words(spec);
    let bare = words.trim_start_matches('*');
    // A service's name is written as it is.
    if bare.len() < words.len() {
        return Sentence(words + ".");
    }
    let first: String = words.chars().take(1).flat_map(char::to_uppercase).collect();
    let rest: String = words.chars().skip(1).collect();
    Sentence(format!("{first}{rest}."))
}

/// What a fault does, as the middle of a sentence.
pub fn fault_words(spec: &FaultSpec) -> String {
    let aimed = Target::parse(&spec.target);
    let target = match aimed {
        Target::Service(name) => format!("*{}*", plain(name)),
        Target::Replica(name, replica) => format!("replica {replica} of *{}*", plain(name)),
        Target::Edge(from, to) => format!("*{}* and *{}*", plain(from), plain(to)),
        Target::Topic(topic) => format!("the topic {}", plain(topic)),
        Target::Broker => "the broker".into(),
    };
    let passes = match aimed {
        Target::Edge(from, to) => format!("what *{}* sends *{}*", plain(from), plain(to)),
        Target::Topic(topic) => format!("what is published to the topic {}", plain(topic)),
        _ => format!("what passes {target}"),
    };
    let share = if spec.strength == 100 { String::new() } else { format!(", in {} of 100 cases", spec.strength) };
    let ms = spec.params.slowness_ms();
    match spec.kind {
        FaultKind::DeclinePayments => {
            let which = match spec.params.every {
                None | Some(1) => "every charge".into(),
                Some(2) => "every second charge".into(),
                Some(3) => "every third charge".into(),
                Some(n) => format!("each {n}th charge"),
            };
            format!("the card network declines {which}{share}")
        }
        FaultKind::Delay => format!("{passes} comes {ms} ms late{share}"),
        FaultKind::Duplicate => format!("{passes} comes twice{share}"),
        FaultKind::Reorder => format!("{passes} is overtaken by the next{share}"),
        FaultKind::Drop => format!("{passes} is lost{share}"),
        FaultKind::Fail => format!("{passes} is refused{share}"),
        FaultKind::Crash => format!("{target} is held down"),
        FaultKind::Pause => format!("{target} stands still"),
        FaultKind::Partition if matches!(aimed, Target::Edge(..)) => format!("nothing passes between {target}"),
        FaultKind::Partition => format!("{target} cannot be reached"),
        FaultKind::BrokerOutage => "the broker is out".into(),
        FaultKind::SlowStore => format!("each transaction of {target} takes {ms} ms longer{share}"),
        FaultKind::CrashBeforePublish => format!("{target} crashes between commit and publish{share}"),
        FaultKind::FailStep => {
            let step = spec.params.step.as_deref().unwrap_or_default();
            let when = match spec.params.when {
                Some(When::After) => "after",
                _ => "before",
            };
            format!("the step {} fails {when} its commit{share}", plain(step))
        }
    }
}

fn switched(name: &str, enabled: bool) -> String {
    match (name, enabled) {
        (protocol::SPLIT_MODEL, true) => return "Reads are answered by the read models from now on.".into(),
        (protocol::SPLIT_MODEL, false) => {
            return "Reads are answered by the model that is written to from now on.".into();
        }
        _ => {}
    }
    let state = if enabled { "on" } else { "off" };
    format!("The protection {} is switched {state}.", plain(name))
}

fn parked(id: i64, step: &str, reason: &str) -> String {
    format!("The saga of order {id} is parked at {} and waits for a person: {}", plain(step), ended(reason))
}

fn leads(service: &str, holder: u32, token: u64) -> String {
    format!("Replica {holder} of *{}* leads from now on, with token {token}.", plain(service))
}

fn takes_over(service: &str, holder: u32, other: u32, token: u64) -> String {
    let service = plain(service);
    format!(
        "Replica {holder} of *{service}* takes over from replica {other}: it leads from now on, with token {token}."
    )
}

fn lease<'a>(state: &'a DiagramState, service: &str) -> Option<&'a Lease> {
    state.node(service)?.lease.as_ref()
}

fn asked_again(service: &str, id: i64, step: &str, attempt: u32) -> String {
    format!("*{}* asks for {} of order {id} once more: attempt {attempt}.", plain(service), plain(step))
}

fn saga_becomes(who: &str, id: i64, to: &str) -> Option<String> {
    Some(match to {
        "RUNNING" => format!("*{who}* begins the saga of order {id}."),
        "COMPENSATING" => format!("*{who}* goes back: what was done for order {id} is taken back, the last first."),
        "COMPLETED" => format!("*{who}* is done: the saga of order {id} is COMPLETED."),
        "COMPENSATED" => format!("*{who}* is done: the saga of order {id} is COMPENSATED."),
        _ => return None,
    })
}

/// Who does something, at the beginning of a sentence.
fn actor(service: &str) -> String {
    match service {
        "terrarium" => "The server".into(),
        "broker" => "The broker".into(),
        "learner" => "Someone at the glass".into(),
        service => format!("*{}*", plain(service)),
    }
}

/// `OrderCreated of order 101`
pub fn about(envelope: &Envelope) -> String {
    format!("{} of {}", plain(&envelope.kind), readable(&envelope.subject))
}

/// `order 101`, from `order/101`.
pub fn readable(subject: &str) -> String {
    plain(subject).replace('/', " ")
}

fn times(count: u32) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}

/// What each command asks for, as [`filled`] reads it.
const COMMANDED: [(&str, &str); 14] = [
    ("PlaceOrder", "You place an order: {quantity} pieces of item {item_id}."),
    ("ShipOrder", "You have order {order_id} shipped."),
    ("ResumeSaga", "You have the parked saga of order {order_id} go on."),
    ("OpenAccount", "You open account {account_id}."),
    ("DepositMoney", "You pay {$amount_minor} into account {account_id}."),
    ("WithdrawMoney", "You take {$amount_minor} out of account {account_id}."),
    ("CorrectEntry", "You correct entry {sequence} of account {account_id}: it should have been {$amount_minor}."),
    ("BuildProjection", "You have the read model {projection} built anew."),
    ("SwitchProjection", "You have the new {projection} read from now on."),
    ("CompareReaders", "You have account {account_id} read by readers of each age."),
    ("BreakReadModel", "You run a migration on the timeline that goes wrong."),
    ("RebuildReadModel", "You have the timeline built anew, beside the one that is read."),
    ("SwitchReadModel", "You have readers shown the new build of the timeline."),
    ("PublishPost", "You publish a post as author {author_id}."),
];

fn commanded(kind: &str, data: &protocol::Value) -> String {
    filled(&COMMANDED, kind, "", data).unwrap_or_else(|| ["You give the command ", &plain(kind), "."].concat())
}

/// The sentence about such a kind, with what its braces name: `who`, or a field of the data, after `$`
/// as money. One sentence a line costs the browser less than one piece of code each.
fn filled(sentences: &[(&str, &str)], kind: &str, who: &str, data: &protocol::Value) -> Option<String> {
    let (_, sentence) = sentences.iter().find(|(known, _)| *known == kind)?;
    let mut said = String::new();
    for part in sentence.split('}') {
        let (words, field) = part.split_once('{').unwrap_or((part, ""));
        said.push_str(words);
        let value = data.get(field.trim_start_matches('$'));
        match value.and_then(protocol::Value::as_i64) {
            Some(minor) if field.starts_with('$') => said.push_str(&protocol::money(minor)),
            Some(number) => said.push_str(&number.to_string()),
            None if field == "who" => said.push_str(who),
            None => said.push_str(&plain(value.and_then(protocol::Value::as_str).unwrap_or_default())),
        }
    }
    Some(said.replace(" 1 pieces", " 1 piece"))
}

fn load_started(command_type: &str, rate: u32) -> String {
    format!("Load begins: {rate} {} commands arrive every second.", plain(command_type))
}

fn load_stopped(command_type: &str, sent: u64, reason: &str) -> String {
    format!("The load ends after {sent} {} commands: {}", plain(command_type), ended(reason))
}

fn broken(name: &str, reason: &str) -> String {
    format!("A promise is broken, {}: {}", plain(name), ended(reason))
}

fn restored(name: &str) -> String {
    format!("The promise {} holds again.", plain(name))
}

/// Words from elsewhere as the end of a sentence.
fn ended(text: &str) -> String {
    let mut text = plain(text);
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

/// What each message says, as [`filled`] reads it.
const PUBLISHED: [(&str, &str); 15] = [
    ("OrderCreated", "*{who}* writes order {order_id} down as PENDING and says so: OrderCreated."),
    ("StockReserved", "*{who}* holds {quantity} pieces for order {order_id}: StockReserved."),
    (
        "StockRejected",
        "*{who}* has too few on hand for order {order_id}: StockRejected. The order has to be cancelled.",
    ),
    ("PaymentSucceeded", "*{who}* charges {$amount_minor} for order {order_id}: PaymentSucceeded."),
    (
        "PaymentFailed",
        "*{who}* could not charge {$amount_minor} for order {order_id}: PaymentFailed. What was done for it has to be taken back.",
    ),
    (
        "StockReleased",
        "*{who}* puts {quantity} pieces back on hand, held for order {order_id} until now: StockReleased.",
    ),
    ("GiftWrapped", "*{who}* wraps {quantity} pieces for order {order_id}: GiftWrapped."),
    ("GiftUnwrapped", "*{who}* takes {quantity} pieces for order {order_id} out of the paper: GiftUnwrapped."),
    ("PostPublished", "*{who}* stores post {post_id} and says so: PostPublished."),
    (
        "AccountCreated",
        "*{who}* appends AccountCreated as event {sequence} of account {account_id}: it holds {$balance_minor} now.",
    ),
    (
        "MoneyDeposited",
        "*{who}* appends MoneyDeposited as event {sequence} of account {account_id}: it holds {$balance_minor} now.",
    ),
    (
        "MoneyWithdrawn",
        "*{who}* appends MoneyWithdrawn as event {sequence} of account {account_id}: it holds {$balance_minor} now.",
    ),
    (
        "EntryCorrected",
        "*{who}* appends EntryCorrected as event {sequence} of account {account_id}: it holds {$balance_minor} now.",
    ),
    ("OrderConfirmed", "*{who}* marks order {order_id} CONFIRMED."),
    ("OrderCancelled", "*{who}* marks order {order_id} CANCELLED."),
];

fn published(before: &DiagramState, who: &str, envelope: &Envelope) -> String {
    let kind = &*envelope.kind;
    if let Some(said) = filled(&PUBLISHED, kind, who, &envelope.data) {
        return said;
    }
    let led = before.topology.as_ref().filter(|topology| topology.saga.is_some());
    match led.and_then(|topology| asked_by(topology, kind)) {
        Some((service, step)) => {
            let takes_back = match &step.compensates {
                Some(step) => format!(", which takes {} back", plain(step)),
                None => String::new(),
            };
            let order = envelope.data.get("order_id").and_then(protocol::Value::as_i64).unwrap_or_default();
            let (service, step) = (plain(&service.name), plain(&step.name));
            format!("*{who}* asks *{service}* for {step} of order {order}{takes_back}: {}.", plain(kind))
        }
        None => format!("*{who}* publishes {} about {}.", plain(kind), plain(&envelope.subject)),
    }
}

/// The service that carries out a step at such a message, and the step.
fn asked_by<'a>(topology: &'a Topology, kind: &str) -> Option<(&'a ServiceSpec, &'a StepSpec)> {
    topology.services.iter().find_map(|service| Some((service, service.step_on(kind)?)))
}

fn crashed(state: &DiagramState, service: &str) -> bool {
    state.node(service).is_some_and(|node| node.health == Health::Crashed)
}

/// Words from elsewhere cannot set anything in bold.
fn plain(text: &str) -> String {
    text.replace('*', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_elsewhere_never_becomes_markup() {
        let sentence = Sentence(format!("*orders* said {}", plain("<img src=x onerror=y> *b*")));
        assert_eq!(sentence.html(), "<b>orders</b> said &lt;img src=x onerror=y&gt; b");
        assert_eq!(sentence.text(), "orders said <img src=x onerror=y> b");
    }
}
