use super::*;
use crate::json;
use crate::texts::views as words;
use protocol::{Observation, Recorded};

const RECORD: &str = include_str!("fixtures/orders.ndjson");

fn record() -> Vec<Recorded> {
    RECORD.lines().map(|line| json::read(line).expect("a line of a record")).collect()
}

fn window(events: Vec<Recorded>) -> Window {
    let mut window = Window::new(DiagramState::default());
    for event in events {
        assert!(window.push(event));
    }
    window
}

/// The tables as the API gives them, from the transactions up to the position.
fn tables(scope: &Scope) -> Vec<Table> {
    let mut tables: Vec<Table> = vec![];
    for entry in scope.window.entries().iter().filter(|entry| entry.position() <= scope.position()) {
        let Observation::TransactionCommitted { rows, .. } = &entry.event.observation else { continue };
        for row in rows {
            let Some(after) = row.after.as_ref().and_then(|after| after.as_object()) else { continue };
            let known = tables.iter_mut().find(|table| table.service == entry.event.service && table.name == row.table);
            let table = match known {
                Some(table) => table,
                None => {
                    tables.push(Table {
                        service: entry.event.service.clone(),
                        name: row.table.clone(),
                        columns: after.keys().cloned().collect(),
                        rows: vec![],
                    });
                    tables.last_mut().expect("just pushed")
                }
            };
            let cells: Vec<_> = after.values().cloned().collect();
            let before: Option<Vec<_>> = row
                .before
                .as_ref()
                .and_then(|before| before.as_object())
                .map(|before| before.values().cloned().collect());
            match table.rows.iter_mut().find(|cells| Some(&**cells) == before.as_ref()) {
                Some(row) => *row = cells,
                None => table.rows.push(cells),
            }
        }
    }
    tables.sort_by(|one, two| one.service.cmp(&two.service));
    tables
}

/// A record with a place for whatever one wants to see told.
fn event(position: Position, service: &str, observation: Observation) -> Recorded {
    Recorded::bare(position, position * 1_000, service, observation)
}

fn kind(event: &Recorded) -> String {
    format!("{:?}", event.observation).split([' ', '{']).next().unwrap_or_default().to_string()
}

/// Every view of a scope, one after the other.
fn everything(scope: &Scope) -> String {
    let mut all = story(scope, &Filter::parse("", "", "everything"));
    all += &filters(scope, &Filter::default());
    all += &saga(scope);
    all += &space_time(scope, &SpaceTime::default());
    all += &trace(scope);
    all += &data(&tables(scope), scope);
    for entry in scope.window.entries() {
        all += &inspector(scope, entry.position());
    }
    for node in &scope.state.nodes {
        all += &node_inspector(scope, &node.name);
    }
    all += &options(&outline(scope.state, &[], outline::Grouping::Service), "").0;
    all
}

fn at(window: &Window, position: Position) -> DiagramState {
    window.state_at(position).expect("at hand")
}

fn scope<'a>(window: &'a Window, state: &'a DiagramState) -> Scope<'a> {
    Scope { window, state, trace: None, run: None }
}

/// The command that placed this order.
fn command_of(window: &Window, order: i64) -> Option<Uuid> {
    window.end().sagas.latest.iter().find(|saga| saga.order_id == order)?.correlation_id
}

/// One of each kind that the fixture has none of.
fn rare() -> Vec<Observation> {
    let id = Uuid::nil();
    let (topic, group) = (protocol::Name::from("orders"), protocol::Name::from("inventory"));
    let name = protocol::Name::from("charged-once");
    vec![
        Observation::SandboxHibernated,
        Observation::SandboxWoken,
        Observation::CommandRejected { command_id: id, status: 409, reason: "No such item".into() },
        Observation::MessageRejected {
            topic: topic.clone(),
            group: group.clone(),
            message_id: id,
            source_position: 1,
            attempt: 1,
            nacks: 2,
            reason: "it could not be read".into(),
        },
        Observation::MessageDeadLettered {
            topic,
            group,
            message_id: id,
            source_position: 1,
            attempt: 3,
            reason: "it could not be read".into(),
        },
        Observation::TransactionRolledBack { reason: "the disk is full".into(), undone: vec![] },
        Observation::ServiceStopped { reason: "the server stops".into() },
        Observation::LoadStarted { command_type: "PlaceOrder".into(), rate: 50 },
        Observation::LoadStopped { command_type: "PlaceOrder".into(), sent: 500, reason: "time is up".into() },
        Observation::Window {
            edge: "terrarium->timeline".into(),
            method: "GET".into(),
            rate: 500,
            count: 498,
            errors: 2,
            p50_us: 5_000,
            p99_us: 9_000,
            lag_us: 0,
            stale: 0,
        },
        Observation::InvariantBroken { name: name.clone(), since: 1, reason: "order 101 was charged twice".into() },
        Observation::InvariantRestored { name, since: 1 },
    ]
}

#[test]
fn every_kind_of_event_has_a_sentence_of_its_own() {
    let mut kinds = vec![];
    let rare = rare().into_iter().enumerate().map(|(i, observation)| event(i as u64 + 1, "payments", observation));
    for event in record().into_iter().chain(rare) {
        let sentence = crate::texts::describe(&event).text();
        assert!(sentence.ends_with('.') && !sentence.contains("..") && !sentence.contains('…'), "{sentence}");
        assert!(sentence.chars().next().is_some_and(|first| first.is_alphabetic()), "{sentence}");
        kinds.push(kind(&event));
    }
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds.len(), 29, "{kinds:?}");
}

#[test]
fn sentences_name_the_message_where_it_is_at_hand() {
    let window = window(record());
    let state = window.end().clone();
    let told = |position| markup::sentence(&scope(&window, &state), window.entry(position).expect("at hand")).text();
    assert_eq!(told(9), "orders receives the request POST /commands.");
    assert_eq!(told(13), "The broker hands OrderCreated of order 101 to inventory.");
    assert_eq!(told(16), "inventory commits transaction 2: 2 rows changed.");
    assert_eq!(told(19), "inventory is done with OrderCreated of order 101 and acknowledges it.");
    assert_eq!(told(7), "You place an order: 1 piece of item 42.");
    assert_eq!(told(55), "The fault no-money strikes payments at order 102.");
}

#[test]
fn nothing_from_outside_becomes_markup() {
    let evil = "<script>alert('x')</script>";
    let mut events = record();
    for event in &mut events {
        let mut text = serde_json::to_string(event).expect("writes");
        for word in ["no-money", "card declined", "crashed by the learner", "HELD", "order/101", "/commands"] {
            text = text.replace(word, evil);
        }
        *event = json::read(&text).expect("reads");
    }
    let window = window(events);
    let state = window.end().clone();
    let all = everything(&Scope { run: Some(evil), ..scope(&window, &state) });
    assert!(all.contains("&lt;script&gt;") && !all.contains("<script"));
    assert!(!all.contains(" style=") && !all.contains("onclick"));
}

#[test]
fn the_views_are_well_formed_at_every_position() {
    let window = window(record());
    for position in 1..=window.last() {
        let state = at(&window, position);
        let all = everything(&scope(&window, &state));
        for tag in ["a", "li", "ol", "ul", "svg", "div", "span", "table", "tr", "td", "dd", "section", "text", "p"] {
            let opened = all.matches(&format!("<{tag}>")).count() + all.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, all.matches(&format!("</{tag}>")).count(), "{tag} at {position}");
        }
    }
}

#[test]
fn where_one_stands_is_marked_once_and_what_is_to_come_is_faint() {
    let window = window(record());
    let state = at(&window, 20);
    let told = story(&scope(&window, &state), &Filter::parse("", "", "everything"));
    assert_eq!(told.matches("aria-current=\"step\" ").count() + told.matches("data-at=\"20\" aria-current").count(), 2);
    let coming = window.entries().iter().filter(|entry| entry.position() > 20).count();
    assert_eq!(told.matches("to-come").count(), coming.min(50));
    assert!(told.contains(words::LATER) && !told.contains(words::EARLIER));
}

#[test]
fn the_story_can_be_narrowed() {
    let window = window(record());
    let state = window.end().clone();
    let here = scope(&window, &state);
    let of = |saga: &str, service: &str, kind: &str| story(&here, &Filter::parse(saga, service, kind));
    let saga = command_of(&window, 102).expect("placed").to_string();
    let one = of(&saga, "", "");
    assert!(one.contains("order 102") && !one.contains("order 101") && !one.contains("order 103"));
    let faults = of("", "payments", "faults");
    assert!(faults.contains("has crashed") && !faults.contains("<b>orders</b>"));
    assert!(!of("", "", "data").contains("hands"));
    assert!(of(&saga, "nobody", "").contains(words::STORY_FILTERED));
}

#[test]
fn every_arrow_has_its_event_and_every_message_its_arrows() {
    let window = window(record());
    let state = window.end().clone();
    let drawn = space_time(&scope(&window, &state), &SpaceTime::default());
    let mut arrows = 0;
    for entry in window.entries() {
        use Observation::*;
        let arrow = format!("<a class=\"arrow\" href=\"?at={0}&amp;dot={0}\" data-at=\"{0}\"", entry.position());
        let current = arrow.replace("arrow\" href", "arrow\" aria-current=\"step\" href");
        let count = drawn.matches(&arrow).count() + drawn.matches(&current).count();
        let expected = matches!(
            entry.event.observation,
            MessagePublished { .. }
                | MessageDelivered { .. }
                | MessageRedelivered { .. }
                | RequestReceived { .. }
                | ResponseReceived { .. }
        );
        assert_eq!(count, usize::from(expected), "{}", crate::texts::describe(&entry.event).text());
        arrows += count;
    }
    assert_eq!(drawn.matches("marker-end").count(), arrows, "no arrow without an event");
    assert_eq!(drawn.matches(">crashed<").count(), 1);
}

#[test]
fn compensations_bend_back_and_carry_the_turn() {
    let window = window(record());
    let state = window.end().clone();
    let drawn = space_time(&scope(&window, &state), &SpaceTime::default());
    let compensations: Vec<&str> = drawn.split("<a ").filter(|part| part.contains("hop compensation")).collect();
    // PaymentFailed to inventory, StockReleased, OrderCancelled out and in.
    assert_eq!(compensations.len(), 4);
    for arrow in compensations {
        assert!(arrow.contains('Q') && arrow.contains("class=\"return\""), "{arrow}");
    }
    assert!(!drawn.split("<a ").any(|part| part.contains("hop event") && part.contains('Q')));
}

#[test]
fn time_in_the_picture_keeps_its_order_and_lines_can_be_hidden() {
    let window = window(record());
    let state = window.end().clone();
    let here = scope(&window, &state);
    let all = space_time(&here, &SpaceTime::default());
    let hidden: Vec<protocol::Name> = vec!["topic:orders".into(), "notifications".into()];
    let fewer = space_time(&here, &SpaceTime { hidden: &hidden, zoom: 2 });
    let lives = |drawn: &str| drawn.matches("<text class=\"life").count();
    assert_eq!((lives(&all), lives(&fewer)), (9, 7));
    assert!(fewer.contains("data-hide=\"notifications\"> ") && fewer.contains("data-hide=\"orders\" checked> "));
    let ticks: Vec<i32> =
        all.split("class=\"tick\" x=\"").skip(1).filter_map(|part| part.split('"').next()?.parse().ok()).collect();
    assert!(ticks.len() > 8 && ticks.is_sorted());
    // Only what belongs to one command, and who was down meanwhile.
    let one = space_time(&Scope { trace: command_of(&window, 101), ..here }, &SpaceTime::default());
    assert!(one.contains("OrderConfirmed 101") && !one.contains(" 102<") && !one.contains(">crashed<"));
}

#[test]
fn waiting_and_work_follow_each_other_and_add_up() {
    let window = window(record());
    let state = window.end().clone();
    let here = scope(&window, &state);
    let mut seen = 0;
    for entry in window.entries() {
        let Observation::MessageAcked { group, source_position, .. } = &entry.event.observation else { continue };
        let published = &window.entry(*source_position).expect("at hand").event;
        let (stretches, under_way) = super::trace::stretches(&here, published, group, u64::MAX);
        assert!(!under_way);
        let sum: u64 = stretches.iter().map(|stretch| stretch.to - stretch.from).sum();
        assert_eq!(sum, entry.event.at - published.at);
        assert!(stretches.windows(2).all(|pair| pair[0].to == pair[1].from));
        seen += stretches.len();
    }
    // Of fourteen deliveries one was cut off by a crash: two stretches more.
    assert_eq!(seen, 2 * window.entries().iter().filter(|entry| kind(&entry.event) == "MessageAcked").count() + 2);
}

#[test]
fn a_trace_names_waiting_work_and_declared_time_and_counts_nothing_to_come() {
    let window = window(record());
    let state = window.end().clone();
    let whole = trace(&Scope { trace: command_of(&window, 103), ..scope(&window, &state) });
    for words in
        ["waited 1.0", "cut off after 37.1 ms", "card network 50.0 ms, declared", "order 103", "PaymentSucceeded"]
    {
        assert!(whole.contains(words), "{words}");
    }
    let early = at(&window, 86);
    let sofar = trace(&Scope { trace: command_of(&window, 103), ..scope(&window, &early) });
    assert!(sofar.contains(words::SO_FAR) && !sofar.contains("waited 1.0") && sofar.contains("to-come"));
    // Of the command at the position, if none is chosen.
    assert!(trace(&scope(&window, &at(&window, 50))).contains("order 102"));
}

#[test]
fn what_caused_what_is_a_tree() {
    let window = window(record());
    let state = window.end().clone();
    let whole = trace(&Scope { trace: command_of(&window, 102), ..scope(&window, &state) });
    let tree = &whole[whole.find("class=\"tree\"").expect("a tree")..];
    let order = ["PlaceOrder", "OrderCreated", "StockReserved", "PaymentFailed", "StockReleased", "OrderCancelled"];
    let places: Vec<_> = order.iter().map(|name| tree.find(name).expect(name)).collect();
    assert!(places.is_sorted());
    let depth = |at: usize| tree[..at].matches("<ul").count() as i32 - tree[..at].matches("</ul").count() as i32;
    assert_eq!(places.iter().map(|at| depth(*at)).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 4]);
}

#[test]
fn rows_of_the_last_transaction_are_marked_and_show_before_and_after() {
    let window = window(record());
    let state = at(&window, 66);
    let here = scope(&window, &state);
    let shown = data(&tables(&here), &here);
    assert_eq!(shown.matches("<tr class=\"changed\">").count(), 1);
    assert!(shown.contains("<del>PENDING</del>") && shown.contains("<ins>CANCELLED</ins>"));
    assert!(shown.contains("data-dot=\"64\"") && shown.contains("transaction 4"));
    let state = at(&window, 10);
    let here = scope(&window, &state);
    assert!(data(&tables(&here), &here).contains("<tr class=\"new\">"));
    assert!(data(&[], &here).contains(words::DATA_EMPTY));
}

#[test]
fn what_is_asked_for_again_and_again_is_one_line_of_the_story() {
    let message = record().into_iter().map(|event| event.observation);
    let message = message.into_iter().find(|told| matches!(told, Observation::MessagePublished { .. }));
    let message = message.expect("the fixture has one");
    let mut observations = vec![message.clone()];
    for attempt in 2..=5 {
        observations.push(Observation::SagaStepStarted { id: 101, step: "release-stock".into(), attempt });
        observations.push(message.clone());
    }
    let observations = observations.into_iter().zip(1..);
    let window = window(observations.map(|(told, position)| event(position, "saga-orchestrator", told)).collect());
    let told = |position, kind| {
        let state = at(&window, position);
        let shown = story(&scope(&window, &state), &Filter::parse("", "", kind));
        ["<li", "attempt 3.", "attempt 5.", "to-come"].map(|part| shown.matches(part).count())
    };
    assert_eq!(told(9, ""), [2, 0, 1, 0], "the last attempt says how often");
    assert_eq!(told(5, ""), [3, 1, 1, 1], "what has happened is not told with what is to come");
    assert_eq!(told(9, "everything"), [9, 1, 1, 0]);
}

#[test]
fn the_line_is_lit_and_the_rest_is_folded() {
    let source: String = (1..=100).map(|line| format!("let x = \"<{line}>\"; // {line}\n")).collect();
    let window = window(record());
    let state = at(&window, 12);
    let here = scope(&window, &state);
    let shown = code(&here, "a/b.rs", &source, 50, window.entry(12));
    assert_eq!(shown.matches("aria-current").count(), 1);
    assert!(shown.contains("aria-current=\"true\"><span class=\"no\">50</span>"));
    assert!(shown.contains("Lines 1 – 34") && shown.contains("Lines 66 – 100"));
    assert!(shown.contains("<i class=\"s\">&quot;&lt;50&gt;&quot;</i>") && shown.contains("<i class=\"c\">// 50</i>"));
    assert!(code(&here, "a/b.rs", "one\n", 9, None).contains("one"));
    assert!(code(&here, "a/b.rs", "", 1, None).contains(words::CODE_EMPTY));
}

#[test]
fn the_code_leads_to_where_the_rule_is_if_there_is_a_saga() {
    let window = window(record());
    for (topology, leads) in [("saga-choreography", true), ("saga-challenge", true), ("monolith", false)] {
        let state = DiagramState { topology: protocol::topology(topology), ..at(&window, 12) };
        let here = Scope { run: Some("<7>"), ..scope(&window, &state) };
        let shown = code(&here, "a/b.rs", "one\n", 1, None);
        assert_eq!(shown.contains("<a href=\"/rule?run=&lt;7&gt;\">Where is the rule?</a>"), leads, "{topology}");
    }
}

#[test]
fn the_inspector_ties_a_message_to_its_cause_its_rows_and_its_effects() {
    let window = window(record());
    let state = window.end().clone();
    let here = scope(&window, &state);
    let failed = inspector(&here, 56);
    for part in [
        "PaymentFailed",
        "card declined",
        "transaction 2, payments",
        "reactions.rs:37",
        "data-view=\"code\"",
        "StockReserved of order 102",
        "StockReleased",
        "CANCELLED",
        "data-dot=\"59\"",
        "data-dot=\"50\"",
        "data-trace=",
        "&quot;traceparent&quot;: &quot;00-",
    ] {
        assert!(failed.contains(part), "{part}");
    }
    let again = inspector(&here, 89);
    assert!(again.contains("attempt 1") && again.contains("data-dot=\"86\"") && again.contains("StockReserved"));
    assert!(again.contains("data-dot=\"90\"") && again.contains("data-dot=\"93\""), "its commit and its end");
    let crash = inspector(&here, 87);
    assert!(crash.contains("data-dot=\"88\"") && crash.contains("data-dot=\"89\""));
    assert!(inspector(&here, 999).contains(words::DOT_AWAY));
    assert!(inspector(&here, 12).contains(">PlaceOrder<"), "caused by the command");
}

#[test]
fn what_is_not_at_hand_is_said() {
    let mut window = window(vec![]);
    let events = record();
    let before = events[..45].iter().fold(DiagramState::default(), |mut state, event| {
        state.evolve(event);
        state
    });
    window.clone_from(&Window::new(before));
    for event in events.into_iter().skip(45) {
        assert!(window.push(event));
    }
    let state = window.end().clone();
    let here = scope(&window, &state);
    assert!(inspector(&here, 51).contains(words::NOT_AT_HAND));
    assert!(trace(&Scope { trace: command_of(&window, 102), ..here }).contains(words::TRACE_CUT));
    assert!(trace(&Scope { trace: command_of(&window, 101), ..here }).contains(words::TRACE_AWAY));
    assert!(space_time(&here, &SpaceTime::default()).contains("<title>"));
}

#[test]
fn a_service_is_laid_open() {
    let window = window(record());
    let state = at(&window, 87);
    let shown = node_inspector(&scope(&window, &state), "payments");
    for part in
        ["crashed", "1 waiting for payments", "card network · declared 50 ms", "102 29.99 declined", "transaction 2"]
    {
        assert!(shown.contains(part), "{part}");
    }
}

#[test]
fn the_outline_says_what_the_picture_shows() {
    let window = window(record());
    let state = at(&window, 87);
    let layout = crate::svg::Layout::new(state.topology.as_ref().expect("laid out"), crate::svg::Shape::Wide);
    let picture = crate::svg::scene(&state, &layout);
    let items = outline(&state, &[], outline::Grouping::Service);
    let said: String = items.iter().map(|item| item.label.as_str()).collect();
    for words in ["crashed", "up · 1 replica", "1 waiting for payments", "103 PENDING", "card network · declared 50 ms"]
    {
        assert!(picture.contains(words) && said.contains(words), "{words}");
    }
    assert!(items.iter().any(|item| item.id == "message-84-payments"));
    let (html, active) = options(&items, "message-84-payments");
    assert_eq!(html.matches("aria-selected=\"true\"").count(), 1);
    assert!(!html.contains("tabindex") && html.contains(&format!("id=\"{active}\"")));
    for grouping in [outline::Grouping::Saga, outline::Grouping::Time] {
        let items = outline(&state, &[], grouping);
        assert!(items.iter().any(|item| item.label.contains("StockReserved of order 103")), "{items:?}");
        let mut ids: Vec<_> = items.iter().map(|item| &item.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), items.len(), "ids are unique");
    }
}

#[test]
fn what_moves_is_in_the_outline_and_not_in_its_pipe() {
    let window = window(record());
    let before = at(&window, 83);
    let motion = diagram::motion(&before, &window.entry(84).expect("at hand").event).expect("it moves");
    let items = outline(&at(&window, 84), &[motion], outline::Grouping::Service);
    let flying = items.iter().find(|item| item.id.starts_with("flight-84")).expect("on the way");
    assert_eq!(flying.label, "StockReserved of order 103, from inventory to topic inventory");
    assert!(!items.iter().any(|item| item.id.starts_with("message-84")));
}

#[test]
fn the_arrow_keys_reach_every_item_and_follow_the_edges() {
    let window = window(record());
    let state = at(&window, 87);
    let topology = state.topology.clone().expect("laid out");
    for grouping in [outline::Grouping::Service, outline::Grouping::Saga, outline::Grouping::Time] {
        let items = outline(&state, &[], grouping);
        let mut reached = vec![items[0].id.clone()];
        let mut next = 0;
        while next < reached.len() {
            let around = outline::neighbours(&topology, &items, &reached[next]);
            for id in [around.left, around.right, around.up, around.down].into_iter().flatten() {
                if !reached.contains(&id) {
                    reached.push(id);
                }
            }
            next += 1;
        }
        assert_eq!(reached.len(), items.len(), "{grouping:?}");
    }
    let items = outline(&state, &[], outline::Grouping::Service);
    let of = |id: &str| outline::neighbours(&topology, &items, id);
    assert_eq!(of("service-orders").right.as_deref(), Some("topic-orders"));
    assert_eq!(of("topic-orders").right.as_deref(), Some("service-inventory"));
    assert_eq!(of("topic-orders").left.as_deref(), Some("service-orders"));
    assert_eq!(of("message-84-payments").right.as_deref(), Some("service-payments"));
    assert_eq!(of("message-84-payments").left.as_deref(), Some("topic-inventory"));
}

#[test]
fn a_sequence_diagram_breaks_on_nothing() {
    let mut events = record();
    let evil = Observation::ServiceCrashed { reason: "a; b # c \" d\n end %% {x}".into() };
    events.push(event(events.len() as u64 + 1, "payments", evil));
    let window = window(events);
    let text = mermaid::mermaid(window.entries(), None);
    assert!(text.starts_with("sequenceDiagram\n"));
    let mut participants = 0;
    for line in text.lines().skip(1) {
        assert!(!line.contains([';', '#', '"', '%', '{']), "{line}");
        let line = line.trim();
        if line.starts_with("participant ") || line.starts_with("actor ") {
            participants += 1;
            continue;
        }
        assert!(line.starts_with("Note over p") || line.starts_with('p'), "{line}");
        let (_, words) = line.split_once(": ").expect("a text");
        assert!(!words.is_empty());
    }
    assert_eq!(participants, 8);
    let count = |part: &str| text.matches(part).count();
    assert_eq!((count("->>p"), count("-->>p")), (6, 3), "{text}");
    assert!(text.contains("attempt 2") && text.contains("(compensation)") && text.contains("crashed"));
    let one = mermaid::mermaid(window.entries(), command_of(&window, 103));
    assert!(one.contains("payments has crashed") && !one.contains("order 102"));
}

#[test]
fn exported_pictures_stand_alone() {
    let window = window(record());
    let state = at(&window, 87);
    let here = scope(&window, &state);
    let layout = crate::svg::Layout::new(state.topology.as_ref().expect("laid out"), crate::svg::Shape::Wide);
    let space = export::space_time_export(&here, &SpaceTime::default()).expect("drawn");
    for file in [space, export::export_diagram(&state, &layout, None)] {
        assert!(file.starts_with("<svg xmlns=") && file.contains("<style>") && file.ends_with("</svg>\n"));
        assert!(!file.contains("var(") && !file.contains("href=") && !file.contains("oklch"));
        assert_eq!(file.matches("<g").count(), file.matches("</g>").count());
        let (style, drawing) = file.split_once("</style>").expect("a style");
        for part in drawing.split("class=\"").skip(1) {
            let classes: Vec<&str> = part.split('"').next().unwrap_or_default().split(' ').collect();
            let states = ["node", "pipe", "up", "arrow", "mark", "to-come", "lives", "events", "head", "kind"];
            let styled = |class: &&str| style.contains(&format!(".{class}")) || states.contains(class);
            assert!(classes.iter().any(styled), "{classes:?} has no style");
        }
    }
}

#[test]
fn a_fault_that_strikes_stands_on_the_line_it_struck() {
    let window = window(record());
    let state = window.end().clone();
    let scope = scope(&window, &state);
    let drawn = space_time(&scope, &SpaceTime::default());
    let strikes =
        window.entries().iter().filter(|entry| matches!(entry.event.observation, Observation::FaultTriggered { .. }));
    assert_eq!(drawn.matches("class=\"strike\"").count(), strikes.count());
}
