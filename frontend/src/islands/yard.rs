use crate::svg::{order_table, tables};
use crate::{sight, texts};
use diagram::DiagramState;
use leptos::prelude::*;

/// In the playground: every order with what each service knows of it, or the page that a system has of its own, and the tables.
#[component]
pub fn Yard(state: DiagramState, sandbox_id: Option<String>) -> impl IntoView {
    let orders = sight::takes_orders(&state).then(|| view! { <Orders state=state.clone()/> });
    let topology = state.topology.as_ref().map(|topology| topology.name.clone());
    let page = texts::playground::PAGES.iter().find(|(of, ..)| topology.as_deref() == Some(*of));
    let page = page.map(|&(_, path, title, hint)| {
        let run = sandbox_id.map(|id| format!("?run={id}")).unwrap_or_default();
        view! {
            <section class="of-its-own">
                <h2><a href=format!("{path}{run}")>{title}</a></h2>
                <p>{hint}</p>
            </section>
        }
    });
    view! {
        <div class="yard">
            {orders}
            {page}
            <section class="tables">
                <h2>{texts::TABLES}</h2>
                <p>{texts::TABLES_HINT}</p>
                <ul inner_html=tables(&state)></ul>
            </section>
        </div>
    }
}

#[component]
fn Orders(state: DiagramState) -> impl IntoView {
    let columns = texts::ORDER_COLUMNS.map(|name| view! { <th scope="col">{name}</th> }).collect_view();
    view! {
        <section class="orders" tabindex="0" aria-labelledby="orders-title">
            <h2 id="orders-title">{texts::ORDERS}</h2>
            <table>
                <thead><tr>{columns}</tr></thead>
                <tbody inner_html=order_table(&state)></tbody>
            </table>
        </section>
    }
}
