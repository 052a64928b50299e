use super::{Entry, Ground};
use crate::date;
use crate::texts::replay as texts;
use leptos::prelude::*;

/// Who did what, when and why, and which command caused it.
pub fn audit(ground: &Ground) -> impl IntoView + use<> {
    let (id, _, title) = texts::AUDIT;
    let heads = texts::AUDIT_HEADS.map(|head| view! { <th scope="col">{head}</th> }).collect_view();
    let rows = ground.entries.iter().map(|entry| row(ground, entry)).collect_view();
    let run = ground.view.run.clone().unwrap_or_default();
    let holder = if ground.view.kept { "runs" } else { "sandboxes" };
    let json = format!("/api/{holder}/{run}/services/accounts/tables/statement");
    view! {
        <section id=id aria-labelledby="audit-title">
            <h2 id="audit-title">{title}</h2>
            <p class="hint">{texts::AUDIT_LEDE}</p>
            <div class="scroll" tabindex="0" role="region" aria-label=texts::AUDIT_TABLE>
                <table class="audit">
                    <thead><tr>{heads}</tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <p class="exports">
                <button type="button" class="scripted" data-csv=format!("account-{}.csv", ground.account) hidden>{texts::CSV}</button>
                <a href=json>{texts::JSON}</a>
            </p>
        </section>
    }
}

fn row(ground: &Ground, entry: &Entry) -> impl IntoView + use<> {
    let run = ground.view.run.clone().unwrap_or_default();
    let cause = match (&entry.command_id, &entry.correlation_id) {
        (Some(command), Some(trace)) => {
            let address = format!("/playground?run={run}&view=trace&trace={trace}");
            view! { <a href=address title=command.clone()>{texts::command(command)}</a> }.into_any()
        }
        (Some(command), None) => view! { <span title=command.clone()>{texts::command(command)}</span> }.into_any(),
        (None, _) => view! { <span class="seeded" title=texts::SEEDED_MEANS>{texts::SEEDED}</span> }.into_any(),
    };
    let (recorded, valued) = (entry.recorded(), entry.valued());
    let since =
        (valued != recorded).then(|| view! { <span class="since">{texts::counts_from(&ground.when(valued))}</span> });
    let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty()).unwrap_or(texts::NO_BALANCE.into());
    let plain = |cents: i64| texts::money(cents).replace(',', "").replace('−', "-");
    let times = if valued == recorded {
        date::machine(recorded)
    } else {
        format!("{}, {}", date::machine(recorded), texts::counts_from(&date::machine(valued)))
    };
    view! {
        <tr>
            <th scope="row"><span class="no">{entry.sequence}</span></th>
            <td data-csv=times><time datetime=date::machine(recorded)>{texts::short_day(recorded)}" "{texts::clock(recorded)}</time>" "{since}</td>
            <td><b>{entry.event.clone()}</b></td>
            <td class="figure" data-csv=plain(entry.amount_minor)>{texts::signed(entry.amount_minor)}</td>
            <td class="figure" data-csv=plain(entry.balance_minor)>{texts::money(entry.balance_minor)}</td>
            <td>{said(&entry.by_whom)}</td>
            <td>{said(&entry.why)}</td>
            <td data-csv=entry.command_id.clone().unwrap_or(texts::SEEDED.into())>{cause}</td>
        </tr>
    }
}
