mod address;
mod audit;
mod believed;
mod chart;
mod empty;
mod ledger;
mod marks;
mod models;
mod projections;
mod question;
mod scale;
mod schemas;
mod stream;
mod writers;

pub use address::ReplayAsked;
pub use ledger::Entry;
pub use models::{BalanceRow, Build, DayRow, MonthRow, Reading};

use crate::date;
use crate::texts::replay as texts;
use leptos::prelude::*;
use std::collections::BTreeMap;

/// All that the page shows.
#[derive(Clone, Debug, Default)]
pub struct ReplayView {
    /// The system, or kept run, it is about; `None` where there is none yet.
    pub run: Option<String>,
    /// One was asked for that is not there.
    pub missing: bool,
    /// One was asked for that has no accounts.
    pub other: bool,
    pub kept: bool,
    /// The last position of its record.
    pub end: u64,
    /// Seconds since 1970; of a kept run, when it ended.
    pub now: i64,
    pub asked: ReplayAsked,
    /// Of all accounts, in any order; of the one that is shown, the newest that there are.
    pub entries: Vec<Entry>,
    /// The service has more of them than are here.
    pub cut: bool,
    pub builds: Vec<Build>,
    pub balances: Vec<BalanceRow>,
    pub monthly: Vec<MonthRow>,
    pub activity: Vec<DayRow>,
    pub readings: Vec<Reading>,
    /// Names of switches, and whether they are on.
    pub switches: Vec<(String, bool)>,
    /// The source file with the bug of `balances`.
    pub bug: Option<String>,
}

/// Everything is here without a script; public/replay.js moves the cursors, sends commands and
/// shows what comes of them.
#[component]
pub fn ReplayPage(view: ReplayView) -> impl IntoView {
    let header = view! {
        <header>
            <h1>{texts::TITLE}</h1>
            <p class="lede">{texts::LEDE}</p>
        </header>
    };
    let ground = view.run.is_some().then(|| Ground::of(&view));
    let (run, kept) = (view.run.clone(), view.kept.then_some("true"));
    let shown = match &ground {
        None => empty::empty(view.missing, view.other).into_any(),
        Some(ground) if ground.entries.is_empty() => {
            view! { <p class="waiting" role="status">{texts::WRITING}</p> }.into_any()
        }
        Some(ground) => sections(ground).into_any(),
    };
    let address = ground.as_ref().map(|ground| ground.asked.link(""));
    let account = ground.as_ref().map(|ground| ground.account.to_string());
    view! {
        <main id="content" class="replay" data-run=run data-kept=kept data-end=view.end.to_string() data-now=view.now.to_string()
            data-account=account data-address=address data-words=words()>
            {header}
            {shown}
        </main>
    }
}

/// What all sections are drawn from.
struct Ground<'a> {
    view: &'a ReplayView,
    /// With everything that was asked in the way machines write it.
    asked: ReplayAsked,
    account: i64,
    /// One was asked for that is not there.
    missing: Option<i64>,
    /// Of the account, in the order of its stream. The earliest need not be at hand.
    entries: Vec<Entry>,
    /// How many of them are folded in.
    version: usize,
    now: i64,
    at: Asked,
    believed: Asked,
    about: Asked,
}

/// A moment that was asked for.
#[derive(Clone, Debug, PartialEq)]
enum Asked {
    Now,
    At(i64),
    /// These words.
    Unclear(String),
}

impl<'a> Ground<'a> {
    fn of(view: &'a ReplayView) -> Self {
        let ids = || view.entries.iter().map(|entry| entry.account_id);
        let known = view.asked.account.filter(|id| ids().any(|known| known == *id));
        let first = if ids().any(|id| id == ReplayAsked::FIRST) { Some(ReplayAsked::FIRST) } else { ids().min() };
        let account = known.or(first).unwrap_or(ReplayAsked::FIRST);
        let mut entries: Vec<Entry> =
            view.entries.iter().filter(|entry| entry.account_id == account).cloned().collect();
        entries.sort_by_key(|entry| entry.sequence);
        let read = |words: &Option<String>| match words.as_deref().map(str::trim) {
            None | Some("") => Asked::Now,
            Some(words) => match question::moment(words, view.now) {
                Some(at) if at >= view.now => Asked::Now,
                Some(at) => Asked::At(at),
                None => Asked::Unclear(words.into()),
            },
        };
        let (at, believed, about) = (read(&view.asked.at), read(&view.asked.believed), read(&view.asked.about));
        let position = view.asked.position.filter(|_| at == Asked::Now);
        let version = view
            .asked
            .at_sequence
            .map_or(entries.len(), |last| entries.iter().filter(|entry| entry.sequence <= last).count());
        let asked = ReplayAsked {
            run: view.asked.run.clone(),
            account: view.asked.account,
            at_sequence: view.asked.at_sequence.filter(|_| version < entries.len()).map(|last| last.max(0)),
            at: at.machine(),
            position,
            believed: believed.machine(),
            about: about.machine(),
        };
        let missing = view.asked.account.filter(|_| known.is_none());
        Ground { view, asked, account, missing, entries, version, now: view.now, at, believed, about }
    }

    /// So many events of the account came before those at hand.
    fn earlier(&self) -> i64 {
        self.entries.first().map_or(0, |first| first.sequence - 1)
    }

    /// The sequence of the last event that is folded in at a version.
    fn sequence(&self, version: usize) -> i64 {
        let last = version.checked_sub(1).and_then(|index| self.entries.get(index));
        last.map_or(self.earlier(), |entry| entry.sequence)
    }

    /// The sequence of the last event there is.
    fn last(&self) -> i64 {
        self.sequence(self.entries.len())
    }

    fn when(&self, at: i64) -> String {
        texts::when(at, self.now)
    }
}

impl Asked {
    fn seconds(&self, now: i64) -> i64 {
        match self {
            Asked::At(at) => *at,
            Asked::Now | Asked::Unclear(_) => now,
        }
    }

    fn machine(&self) -> Option<String> {
        match self {
            Asked::At(at) => Some(date::machine(*at)),
            Asked::Now | Asked::Unclear(_) => None,
        }
    }
}

fn sections(ground: &Ground) -> impl IntoView + use<> {
    let kept = ground.view.kept.then(|| view! { <p class="kept">{texts::KEPT}</p> });
    let missing = ground.missing.map(|id| {
        view! { <p class="missing" role="status">{texts::missing_account(id, ground.account)}</p> }
    });
    let cut = (ground.earlier() > 0).then(|| view! { <p class="hint">{texts::cut(ground.earlier())}</p> });
    let under_glass = ground.view.run.as_ref().map(|run| {
        view! {
            <p class="under-glass">
                <a href=format!("/million?run={run}")>{texts::MILLION}</a>
                " "
                <a href=format!("/playground?run={run}")>{texts::SEE}</a>
            </p>
        }
    });
    let anchors = texts::SECTION_LIST.map(|(id, name, _)| {
        view! { <a href=format!("#{id}")>{name}</a> }
    });
    view! {
        <div class="bar">
            {accounts(ground).into_any()}
            <nav class="anchors" aria-label=texts::SECTIONS>{anchors.collect_view()}</nav>
            {under_glass}
        </div>
        {missing}
        {kept}
        {cut}
        <noscript><p class="hint">{texts::NO_SCRIPT}</p></noscript>
        <p class="lost" role="status" data-own=""></p>
        {stream::stream(ground).into_any()}
        {chart::when(ground).into_any()}
        {believed::believed(ground).into_any()}
        {projections::projections(ground).into_any()}
        {writers::writers(ground).into_any()}
        {schemas::schemas(ground).into_any()}
        {audit::audit(ground).into_any()}
    }
}

/// Every account, with what is special about it.
fn accounts(ground: &Ground) -> impl IntoView + use<> {
    // Some have no entry at hand, and are known by their balance alone.
    let mut accounts: BTreeMap<i64, bool> = ground.view.balances.iter().map(|row| (row.account_id, false)).collect();
    for entry in &ground.view.entries {
        *accounts.entry(entry.account_id).or_default() |= entry.corrects.is_some();
    }
    let links = accounts.into_iter().map(|(id, corrected)| {
        let special = corrected.then_some(texts::WAS_CORRECTED);
        let address = ReplayAsked { run: ground.asked.run.clone(), account: Some(id), ..ReplayAsked::default() };
        let current = (id == ground.account).then_some("page");
        let special = special.map(|special| view! { " "<span>{special}</span> });
        view! { <li><a href=address.link("stream") aria-current=current><b>{id}</b>{special}</a></li> }
    });
    view! {
        <nav class="accounts" aria-labelledby="accounts">
            <p id="accounts">{texts::ACCOUNTS}</p>
            <ul>{links.collect_view()}</ul>
        </nav>
    }
}

/// What the script says, in the words of the server.
fn words() -> String {
    let (months, weekdays) = (date::MONTHS.join(" "), date::WEEKDAYS.join(" "));
    let mut words = BTreeMap::from(texts::FOR_SCRIPT);
    words.extend([("months", &*months), ("weekdays", &*weekdays)]);
    serde_json::to_string(&words).expect("texts are plain data")
}

#[cfg(test)]
mod tests;
