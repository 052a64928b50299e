use crate::svg::{order_table, tables};
use crate::texts;
use diagram::DiagramState;
use leptos::prelude::*;

/// In the playground: every order with what each service knows of it, and the tables.
#[component]
pub fn Yard(state: DiagramState) -> impl IntoView {
    let columns = texts::ORDER_COLUMNS.map(|name| view! { <th scope="col">{name}</th> }).collect_view();
    view! {
        <div class="yard">
            <section class="orders" tabindex="0" aria-labelledby="orders-title">
                <h2 id="orders-title">{texts::ORDERS}</h2>
                <table>
                    <thead><tr>{columns}</tr></thead>
                    <tbody inner_html=order_table(&state)></tbody>
                </table>
            </section>
            <section class="tables">
                <h2>{texts::TABLES}</h2>
                <p>{texts::TABLES_HINT}</p>
                <ul inner_html=tables(&state)></ul>
            </section>
        </div>
    }
}
