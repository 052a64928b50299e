//! The sheets of faults and protections: everything that can be made to go wrong, in one list.

use super::telling::Trouble;
use crate::sight;
use crate::texts::faults as texts;
use crate::texts::matrix::switch;
use diagram::{DiagramState, Node};
use leptos::prelude::*;
use protocol::{BROKER, FaultKind, ServiceSpec, TERRARIUM, Topology};

#[component]
pub fn FaultSheet(state: DiagramState) -> impl IntoView {
    let standing = sight::standing(&state);
    let count = texts::count(state.faults.len());
    let pauses = state.nodes.iter().map(|node| view! { <Pause node=node.clone()/> }).collect_view();
    let form = state.topology.clone().map(|topology| view! { <Form topology replicas=replicas(&state)/> });
    view! {
        <details class="tool faults">
            <summary><span>{texts::TITLE}</span>" "<span class="count">{count}</span></summary>
            <div class="drawer">
                <p>{texts::HINT}</p>
                <ul class="standing" aria-label=texts::STANDING inner_html=standing></ul>
                <p class="nothing-stands">{texts::NONE}</p>
                <div class="row"><button type="button" data-do="heal">{texts::HEAL}</button></div>
                {form}
                <div class="pauses" role="group" aria-label=texts::STAND_STILL>
                    <p>{texts::STAND_STILL}</p>
                    <div class="row">{pauses}</div>
                </div>
                <Trouble spot="faults"/>
            </div>
        </details>
    }
}

#[component]
fn Pause(node: Node) -> impl IntoView {
    let name = node.name.to_string();
    view! {
        <button type="button" data-do="pause-service" data-service=name.clone() data-pauses=name>
            {sight::pause(&node)}
        </button>
    }
}

#[component]
fn Form(topology: Topology, replicas: Vec<String>) -> impl IntoView {
    let kinds = FaultKind::ALL.map(|kind| view! { <option value=kind.name()>{texts::name(kind)}</option> });
    let steps = topology.services.iter().flat_map(|service| {
        service.steps.iter().map(|step| {
            let name = step.name.to_string();
            view! { <option value=name.clone() data-step-of=service.name.to_string()>{name.clone()}</option> }
        })
    });
    let steps = steps.collect_view();
    view! {
        <div class="row fault-form" role="group" aria-label=texts::SET>
            <label><span>{texts::WHERE}</span><select data-fault="target">{places(&topology, &replicas)}</select></label>
            <label><span>{texts::WHAT}</span><select data-fault="kind">{kinds.collect_view()}</select></label>
            <label class="for-step">
                <span>{texts::STEP}</span>
                <select data-fault="step"><option value="">{texts::ANY_STEP}</option>{steps}</select>
            </label>
            <label class="for-when">
                <span>{texts::WHEN}</span>
                <select data-fault="when">{options(&texts::WHENS)}</select>
            </label>
            <Number class="for-ms" words=texts::MS what="ms" value="500" least="1" most="600000"/>
            <Number class="for-every" words=texts::EVERY what="every" value="1" least="1" most="1000"/>
            <Number class="for-status" words=texts::STATUS what="status" value="503" least="400" most="599"/>
            <Number class="for-strength" words=texts::STRENGTH what="strength" value="100" least="1" most="100"/>
            <Number class="for-strength" words=texts::SEED what="seed" value="1" least="0" most="999999"/>
            <label><span>{texts::AFTER}</span><select data-fault="after">{options(&texts::BEGINS)}</select></label>
            <label><span>{texts::LASTS}</span><select data-fault="ttl">{options(&texts::LIFETIMES)}</select></label>
            <button type="button" data-do="set-fault">{texts::SET}</button>
        </div>
    }
}

#[component]
fn Number(
    class: &'static str,
    words: &'static str,
    what: &'static str,
    value: &'static str,
    least: &'static str,
    most: &'static str,
) -> impl IntoView {
    view! {
        <label class=class>
            <span>{words}</span>
            <input type="number" data-fault=what value=value min=least max=most inputmode="numeric" autocomplete="off"/>
        </label>
    }
}

fn options(list: &[(&'static str, &'static str)]) -> impl IntoView + use<> {
    list.iter().map(|&(value, words)| view! { <option value=value>{words}</option> }).collect_view()
}

/// Each replica of the services that have more than one.
fn replicas(state: &DiagramState) -> Vec<String> {
    let several = state.nodes.iter().filter(|node| node.replicas > 1);
    several.flat_map(|node| (0..node.replicas).map(|replica| format!("{}/{replica}", node.name))).collect()
}

/// Everything that a fault can be aimed at, each with the kinds that change something there.
fn places(topology: &Topology, replicas: &[String]) -> impl IntoView + use<> {
    let services = topology.services.iter().map(|service| (service.name.to_string(), at_service(service)));
    let replicas = replicas.iter().map(|replica| (replica.clone(), vec![FaultKind::Crash, FaultKind::Pause]));
    let services = services.chain(replicas).collect::<Vec<_>>();
    let asked = topology.services.iter().filter(|service| !service.commands.is_empty());
    let asks = asked.map(|service| (TERRARIUM.to_string(), service.name.to_string()));
    let delivers = topology
        .services
        .iter()
        .flat_map(|service| service.consumes.iter().map(|read| (read.topic.to_string(), service.name.to_string())));
    // Who publishes or reads can be cut off from the broker.
    let publishes = topology.services.iter().filter(|service| service.publishes.is_some());
    let reads = topology.services.iter().filter(|service| !service.consumes.is_empty());
    let cut_off = publishes
        .map(|service| format!("{}->{BROKER}", service.name))
        .chain(reads.map(|service| format!("{BROKER}->{}", service.name)))
        .map(|edge| (edge, vec![FaultKind::Partition]));
    let edges: Vec<_> = asks
        .chain(delivers)
        .map(|(from, to)| {
            let mut kinds = wire();
            kinds.push(FaultKind::Partition);
            (format!("{from}->{to}"), kinds)
        })
        .chain(cut_off)
        .collect();
    let topics = topology.topics().map(|topic| (format!("topic:{topic}"), wire())).collect::<Vec<_>>();
    let mut broker = wire();
    broker.insert(0, FaultKind::BrokerOutage);
    let broker = if topics.is_empty() { vec![] } else { vec![(BROKER.to_string(), broker)] };
    let groups = [(texts::SERVICES, services), (texts::EDGES, edges), (texts::TOPICS, topics), (texts::BROKER, broker)];
    let group = |(label, places): (&'static str, Vec<(String, Vec<FaultKind>)>)| {
        let places = places.into_iter().map(|(target, kinds)| {
            let kinds: Vec<&str> = kinds.into_iter().map(FaultKind::name).collect();
            let words = texts::place(&target);
            view! { <option value=target data-kinds=kinds.join(" ")>{words}</option> }
        });
        view! { <optgroup label=label>{places.collect_view()}</optgroup> }
    };
    groups.into_iter().filter(|(_, places)| !places.is_empty()).map(group).collect_view()
}

fn wire() -> Vec<FaultKind> {
    FaultKind::ALL.into_iter().filter(|kind| kind.is_of_the_wire()).collect()
}

fn at_service(service: &ServiceSpec) -> Vec<FaultKind> {
    let fits = |kind: &FaultKind| match kind {
        FaultKind::DeclinePayments => crate::svg::layout::can_decline(service),
        FaultKind::BrokerOutage => false,
        FaultKind::CrashBeforePublish => service.publishes.is_some(),
        FaultKind::FailStep => !service.steps.is_empty(),
        kind if kind.is_of_the_wire() => !service.consumes.is_empty(),
        _ => true,
    };
    FaultKind::ALL.into_iter().filter(fits).collect()
}

/// The protections of this system, each with what follows from it.
#[component]
pub fn SwitchSheet(state: DiagramState) -> impl IntoView {
    (!state.switches.is_empty()).then(|| {
        let rows = state.switches.iter().map(|known| {
            let (name, on) = (known.name.to_string(), if known.on { "true" } else { "false" });
            let [with, without] = switch(&name);
            view! {
                <li>
                    <button type="button" role="switch" class="toggle" aria-checked=on data-do="switch" data-switch=name.clone()>
                        {name.clone()}
                    </button>
                    <span class="with">{with}</span>
                    <span class="without">{without}</span>
                </li>
            }
        });
        view! {
            <details class="tool protections">
                <summary>{texts::SWITCHES}</summary>
                <div class="drawer">
                    <p>{texts::SWITCHES_HINT}</p>
                    <ul>{rows.collect_view()}</ul>
                    <Trouble spot="switches"/>
                </div>
            </details>
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_offers_only_what_changes_something_there() {
        let topology = protocol::topology("saga-choreography").expect("known");
        let state = DiagramState::new(&topology);
        let html = FaultSheet(FaultSheetProps { state: state.clone() }).to_html();
        let option = |target: &str| {
            let start = html.find(&format!("value=\"{target}\"")).unwrap_or_else(|| panic!("no {target}"));
            html[start..].split('>').take(2).collect::<String>()
        };
        assert!(option("payments").contains("decline-payments"));
        assert!(!option("inventory").contains("decline-payments"));
        assert!(option("broker").contains("broker-outage"));
        assert!(option("orders-&gt;broker").contains("partition") && !html.contains("payments/0"));
        assert!(html.contains("topic:orders") && html.contains("Heal all") && html.contains("Pause inventory"));
        let mut several = state;
        several.nodes[2].replicas = 2;
        let html = FaultSheet(FaultSheetProps { state: several }).to_html();
        assert!(html.contains("payments/0") && html.contains("payments, replica 1"));
    }
}
