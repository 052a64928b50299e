//! Conditions as people read them.

use super::Condition;

pub(super) fn of(condition: &Condition) -> String {
    use Condition::*;
    match condition {
        OrderPlaced { count } => format!("{} placed.", were(*count, "order")),
        OrderEnded { status, count } => format!("{} {status}.", became(*count, "order")),
        OrdersWaited { service, count } => {
            let at_once = if *count == 1 { "" } else { " at once" };
            format!("{} PENDING{at_once} while {service} was down or paused.", stood(*count, "order"))
        }
        OrdersStuck { count } => format!("Nothing is under way, and {} still PENDING.", are(*count, "order")),
        OrderShipped { count } => format!("{} shipped.", were(*count, "order")),
        ShippedAndCancelled { count } => format!("{} shipped, and CANCELLED all the same.", were(*count, "order")),
        StockReleased { count } => {
            format!("The held pieces of {} were put back on the shelf.", some(*count, "order"))
        }
        Charged { times: 1, orders } => format!("{} charged.", were(*orders, "order")),
        Charged { times, orders } => format!("{} charged {times} times.", were(*orders, "order")),
        NoOrderChargedTwice { orders, under: None } => {
            format!("{} charged, and none of them twice.", were(*orders, "order"))
        }
        NoOrderChargedTwice { orders, under: Some(kind) } => {
            format!("{} charged under the fault {}, and none of them twice.", were(*orders, "order"), kind.name())
        }
        Refunded { count } => format!("{} given back.", were(*count, "payment")),
        EventPublished { r#type, count: 1 } => format!("{} was published.", r#type),
        EventPublished { r#type, count } => format!("{} was published {count} times.", r#type),
        Redelivered { group: None, count } => format!("{} handed out again.", were(*count, "message")),
        Redelivered { group: Some(group), count } => {
            format!("{} handed to {group} again.", were(*count, "message"))
        }
        DeadLettered { count } => format!("{} given up.", were(*count, "message")),
        RolledBack { service, count } => format!("{service} rolled {} back.", some(*count, "transaction")),
        CommandDone { r#type, count } => format!("{} done.", were(*count, &format!("{} command", r#type))),
        CommandRefused { r#type, count } => format!("{} refused.", were(*count, &format!("{} command", r#type))),
        ReadAnswered { service, count: 1 } => format!("{service} answered a read."),
        ReadAnswered { service, count } => format!("{service} answered {count} reads."),
        ReadRefused { service, count: 1 } => format!("{service} had no answer to a read."),
        ReadRefused { service, count } => format!("{service} had no answer to {count} reads."),
        LoadMeasured { reader, seconds } => {
            format!("A load was measured for {}, and {reader} answered its reads.", some(*seconds, "second"))
        }
        WritersWaitedLonger { reader, than } => {
            format!("Writers waited longer while {reader} answered the reads than while {than} did.")
        }
        Scaled { service, replicas } => {
            format!("It was asked for {} of {service}, or more.", some(u64::from(*replicas), "replica"))
        }
        Switch { name, on } => format!("The switch {name} is {}.", on_off(*on)),
        Switched { name, on } => format!("The switch {name} was turned {}.", on_off(*on)),
        FaultInstalled { kind, target: None } => format!("The fault {} was installed.", kind.name()),
        FaultInstalled { kind, target: Some(target) } => {
            format!("The fault {} was installed at {target}.", kind.name())
        }
        FaultStruck { kind, count: 1 } => format!("The fault {} struck.", kind.name()),
        FaultStruck { kind, count } => format!("The fault {} struck {count} times.", kind.name()),
        Healed => "No fault stands any more.".into(),
        ServiceCrashed { service } => format!("{service} crashed."),
        ServicePaused { service } => format!("{service} was paused."),
        ServiceRecovered { service } => format!("{service} went on after a crash or a pause."),
        Parked { count } => format!("{} parked for a person.", were(*count, "saga")),
        Resumed { count } => format!("{} resumed.", were(*count, "parked saga")),
        SagaState { state, count } => format!("{} {state}.", became(*count, "saga")),
        StepCompensated { step, count: 1 } => format!("The step {step} was taken back."),
        StepCompensated { step, count } => format!("The step {step} was taken back {count} times."),
        LeaseTakenOver { count: 1 } => "Another replica took the lead.".into(),
        LeaseTakenOver { count } => format!("Another replica took the lead {count} times."),
        InvariantBroken { name } => format!("The promise {name} was broken."),
        InvariantHolds { name: None } => "Every promise holds.".into(),
        InvariantHolds { name: Some(name) } => format!("The promise {name} holds."),
        MatrixGreen { topology, .. } => format!("Every cell of the coverage matrix of {topology} is consistent."),
        MatrixRed { topology } => format!("A coverage matrix of {topology} had a cell that is not consistent."),
        Rows { service, table, r#where, count } => {
            let columns: Vec<_> = r#where.iter().map(|(column, value)| format!("{column} {value}")).collect();
            let with = if columns.is_empty() { String::new() } else { format!(" with {}", columns.join(" and ")) };
            format!("The table {table} of {service} has {}{with}.", some(*count, "row"))
        }
        AtRest => "Nothing is under way.".into(),
        All(parts) => joined(parts, "And"),
        Any(parts) => joined(parts, "Or"),
        Not(part) => format!("Not so: {}", of(part)),
    }
}

/// `An order was`, `3 orders were`.
fn were(count: u64, what: &str) -> String {
    counted(count, what, "was", "were")
}

fn are(count: u64, what: &str) -> String {
    format!("{} {}", some(count, what), if count == 1 { "is" } else { "are" })
}

fn became(count: u64, what: &str) -> String {
    counted(count, what, "became", "became")
}

fn stood(count: u64, what: &str) -> String {
    counted(count, what, "stood", "stood")
}

fn counted(count: u64, what: &str, one: &str, many: &str) -> String {
    if count == 1 { format!("{} {what} {one}", article(what)) } else { format!("{count} {what}s {many}") }
}

fn some(count: u64, what: &str) -> String {
    if count == 1 { format!("{} {what}", article(what).to_lowercase()) } else { format!("{count} {what}s") }
}

fn article(what: &str) -> &'static str {
    if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "An" } else { "A" }
}

fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn joined(parts: &[Condition], word: &str) -> String {
    let texts: Vec<_> = parts.iter().map(of).collect();
    texts.join(&format!(" {word}: "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Condition::*;

    #[test]
    fn conditions_read_as_sentences() {
        let (service, status) = ("payments".into(), "CANCELLED".into());
        for (condition, text) in [
            (OrderEnded { status, count: 2 }, "2 orders became CANCELLED."),
            (OrdersWaited { service, count: 3 }, "3 orders stood PENDING at once while payments was down or paused."),
            (OrdersStuck { count: 1 }, "Nothing is under way, and an order is still PENDING."),
            (StockReleased { count: 1 }, "The held pieces of an order were put back on the shelf."),
            (Charged { times: 2, orders: 1 }, "An order was charged 2 times."),
            (RolledBack { service: "inventory".into(), count: 1 }, "inventory rolled a transaction back."),
            (CommandDone { r#type: "DepositMoney".into(), count: 2 }, "2 DepositMoney commands were done."),
            (ReadAnswered { service: "timeline".into(), count: 2 }, "timeline answered 2 reads."),
            (
                LoadMeasured { reader: "feed".into(), seconds: 5 },
                "A load was measured for 5 seconds, and feed answered its reads.",
            ),
            (Scaled { service: "timeline".into(), replicas: 3 }, "It was asked for 3 replicas of timeline, or more."),
            (CommandRefused { r#type: "ShipOrder".into(), count: 1 }, "A ShipOrder command was refused."),
            (Not(Box::new(AtRest)), "Not so: Nothing is under way."),
            (Any(vec![Healed, AtRest]), "No fault stands any more. Or: Nothing is under way."),
        ] {
            assert_eq!(of(&condition), text);
        }
    }
}
