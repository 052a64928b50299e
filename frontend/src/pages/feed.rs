use crate::texts::feed as texts;
use leptos::prelude::*;
use std::collections::BTreeMap;

/// All that the page shows.
#[derive(Clone, Debug, Default)]
pub struct FeedPageView {
    /// What was asked for is not there, or is no feed.
    pub missing: bool,
    pub feed: Option<FeedView>,
}

/// A feed as its record and its tables have it.
#[derive(Clone, Debug, Default)]
pub struct FeedView {
    pub id: String,
    /// It is a kept run, which only stands still.
    pub kept: bool,
    /// Of the record.
    pub position: u64,
    pub split: bool,
    pub replicas: u32,
    pub lag_ms: u64,
    /// Of each replica, and how long a read is declared to take.
    pub workers: u32,
    pub latency_ms: u64,
    /// Posts a second and reads for each of them.
    pub load: Option<(u32, u32)>,
    /// It waits for its turn.
    pub queued: bool,
    pub posts: Vec<FeedPost>,
    /// The number of the newest post that was written.
    pub newest: i64,
    /// Each read model's name, and up to which post it has come.
    pub positions: Vec<(&'static str, i64)>,
    /// What the dashboard has counted, the largest number first.
    pub counts: Vec<FeedCount>,
    /// What was looked for, and the answer.
    pub search: Option<FeedSearch>,
    pub seconds: Vec<FeedSecond>,
    pub settings: Vec<FeedSetting>,
    pub builds: Vec<FeedBuild>,
    /// In the order of [`texts::COSTS`]: with one model, and split.
    pub costs: Vec<[String; 2]>,
}

#[derive(Clone, Debug)]
pub struct FeedPost {
    pub post_id: i64,
    pub author: String,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct FeedCount {
    /// As [`texts::COUNTS`] has it.
    pub kind: String,
    pub name: String,
    pub posts: i64,
}

#[derive(Clone, Debug)]
pub struct FeedSearch {
    pub words: String,
    /// None where there was no answer.
    pub found: Vec<FeedPost>,
    /// Who answered, or why nobody did.
    pub told: String,
}

/// A second of a load: reads planned and answered; then, in microseconds, reads and posts at the
/// median and the 99th percentile, and the lag; none where nothing was answered.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FeedSecond {
    pub planned: u32,
    pub answered: u64,
    pub reads_us: Option<[u64; 2]>,
    pub writes_us: Option<[u64; 2]>,
    pub lag_us: Option<u64>,
}

/// What a load came to with one setting of the dials: medians of its seconds, in microseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeedSetting {
    pub per_write: u32,
    pub split: bool,
    pub replicas: u32,
    pub lag_ms: u64,
    pub planned: u32,
    pub answered: u64,
    pub read_us: u64,
    pub write_us: u64,
    pub lag_us: u64,
}

impl FeedSetting {
    /// As many reads were answered as were planned, but for a few that were on their way.
    fn keeps_up(&self) -> bool {
        self.answered * 20 >= u64::from(self.planned) * 19
    }
}

#[derive(Clone, Debug)]
pub struct FeedBuild {
    pub build: i64,
    pub state: String,
    pub position: i64,
    pub rows: u64,
    /// There are rows that are not at hand, and some of them may be of this build.
    pub or_more: bool,
    /// Rows that are not what was written, or are not there.
    pub differs: u64,
}

/// Everything measured is here without a script; public/feed.js turns the dials and follows.
#[component]
pub fn FeedPage(view: FeedPageView) -> impl IntoView {
    let FeedPageView { missing, feed } = view;
    let id = feed.as_ref().map(|feed| feed.id.clone());
    let kept = feed.as_ref().is_some_and(|feed| feed.kept);
    let position = feed.as_ref().map(|feed| feed.position);
    let newest = feed.as_ref().map(|feed| feed.newest);
    let body = match feed {
        Some(feed) => found(feed).into_any(),
        None => none(missing).into_any(),
    };
    view! {
        <main id="content" class="feed" data-sandbox=id.filter(|_| !kept) data-position=position data-newest=newest data-words=words()>
            <header>
                <h1>{texts::TITLE}</h1>
                <p class="lede">{texts::LEDE}</p>
            </header>
            {body}
        </main>
    }
}

/// The sentences that the script says, by the names it knows them by.
fn words() -> String {
    serde_json::to_string(&BTreeMap::from(texts::FOR_SCRIPT)).expect("texts are plain data")
}

fn none(missing: bool) -> impl IntoView {
    view! {
        <section class="empty">
            <p>{if missing { texts::MISSING } else { texts::NONE }}</p>
            <button class="main scripted" data-do="start" hidden>{texts::START}</button>
            <noscript><p class="hint">{texts::NO_SCRIPT}</p></noscript>
            <p class="said" role="alert"></p>
        </section>
    }
}

fn found(feed: FeedView) -> impl IntoView {
    let note = feed.kept.then(|| view! { <p class="kept">{texts::KEPT}</p> });
    let open = format!("/playground?run={}", feed.id);
    let another =
        (!feed.kept).then(|| view! { <button class="scripted" data-do="start" hidden>{texts::ANOTHER}</button> });
    let contents = texts::SECTIONS.map(|(id, name)| view! { <a href=format!("#{id}")>{name}</a> }).collect_view();
    let dials = (!feed.kept).then(|| dials(&feed));
    let replicas = feed.replicas;
    view! {
        {note}
        <nav class="contents" aria-label=texts::CONTENTS>{contents}</nav>
        <p class="ways"><a href=open>{texts::OPEN}</a>" "{another}</p>
        <noscript><p class="hint">{texts::NO_SCRIPT}</p></noscript>
        <p class="lost" role="status"></p>
        <div class="gone" role="alert" hidden>
            <p>{texts::GONE}</p>
            <button class="main" data-do="start">{texts::START}</button>
        </div>
        <p class="said" role="alert"></p>
        {dials}
        {user(&feed)}
        {models(&feed)}
        {load(&feed)}
        <section id="compared" aria-labelledby="compared-title">
            <h2 id="compared-title">{texts::COMPARED}</h2>
            <div data-live="compared">{compared(&feed.settings, replicas)}</div>
        </section>
        {rebuild(&feed)}
        {cost(&feed)}
    }
}

fn dials(feed: &FeedView) -> impl IntoView + use<> {
    let model = |value: &'static str, name, hint, on| {
        view! {
            <label class="choice">
                <input type="radio" name="model" value=value checked=on disabled/>
                <b>{name}</b>" "<span class="hint">{hint}</span>
            </label>
        }
    };
    view! {
        <form class="dials" aria-label=texts::DIALS>
            <fieldset>
                <legend>{texts::MODEL}</legend>
                {model("split", texts::SPLIT, texts::SPLIT_HINT, feed.split)}
                {model("single", texts::SINGLE, texts::SINGLE_HINT, !feed.split)}
            </fieldset>
            {dial("lag", texts::LAG, texts::LAG_HINT, (0, 3000, 100), feed.lag_ms, texts::MS)}
            {dial("replicas", texts::REPLICAS, "", (1, 10, 1), u64::from(feed.replicas), "")}
            <p class="hint">{texts::capacity(feed.workers, feed.latency_ms)}</p>
        </form>
    }
}

fn dial(
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    (min, max, step): (u64, u64, u64),
    value: u64,
    unit: &'static str,
) -> impl IntoView {
    let told = (!hint.is_empty()).then(|| format!("{name}-hint"));
    let hint = told.clone().map(|told| view! { <span class="hint" id=told>{hint}</span> });
    view! {
        <div class="dial">
            // An output can be labelled, too, so the label says whose it is.
            <label for=name>{label}": "<output data-of=name>{value}</output>" "{unit}</label>
            <input type="range" id=name name=name min=min max=max step=step value=value aria-describedby=told disabled/>
            {hint}
        </div>
    }
}

fn user(feed: &FeedView) -> impl IntoView + use<> {
    let authors = protocol::AUTHORS.map(|(id, name)| view! { <option value=id>{name}</option> }).collect_view();
    let compose = (!feed.kept).then(|| {
        view! {
            <form class="compose">
                <label>{texts::AUTHOR}" "<select name="author" disabled>{authors}</select></label>
                <label class="wide">
                    {texts::POST}
                    <input type="text" name="text" maxlength=protocol::POST_MAX value=texts::POST_EXAMPLE required disabled/>
                </label>
                <button class="main" disabled>{texts::PUBLISH}</button>
            </form>
        }
    });
    let posts = &feed.posts;
    let ways = texts::WAYS.map(|(way, name, what)| {
        let refresh = (way == "naive" && !feed.kept)
            .then(|| view! { <button class="scripted" data-do="refresh" hidden>{texts::REFRESH}</button> });
        view! {
            <article class="reader" data-way=way aria-labelledby=format!("way-{way}")>
                <h3 id=format!("way-{way}")>{name}</h3>
                <p class="hint">{what}</p>
                <div class="screen">{list(posts)}</div>
                <p class="told" role="status"></p>
                {refresh}
            </article>
        }
    });
    view! {
        <section id="user" aria-labelledby="user-title">
            <h2 id="user-title">{texts::USER}</h2>
            <p>{texts::USER_TEXT}</p>
            {compose}
            <div class="readers">{ways.collect_view()}</div>
            <template id="post">{post(&FeedPost { post_id: 0, author: String::new(), text: String::new() })}</template>
        </section>
    }
}

fn list(posts: &[FeedPost]) -> impl IntoView + use<> {
    let none = posts.is_empty().then(|| view! { <p class="hint none">{texts::NOTHING_YET}</p> });
    view! { {none}<ol class="posts">{posts.iter().map(post).collect_view()}</ol> }
}

fn post(post: &FeedPost) -> impl IntoView + use<> {
    view! { <li data-post=post.post_id><b>{post.author.clone()}</b>" "<span>{post.text.clone()}</span></li> }
}

fn models(feed: &FeedView) -> impl IntoView + use<> {
    let models = texts::READ_MODELS.map(|(name, title, what)| {
        let position = feed.positions.iter().find(|(of, _)| *of == name).map_or(0, |(_, position)| *position);
        let shows = match name {
            "catalogue" => search(feed).into_any(),
            "dashboard" => counts(feed).into_any(),
            _ => ().into_any(),
        };
        view! {
            <article aria-labelledby=format!("model-{name}")>
                <h3 id=format!("model-{name}")>{title}</h3>
                <p class="hint">{what}</p>
                <p data-heard=name data-position=position>{texts::heard(position, feed.newest)}</p>
                {shows}
            </article>
        }
    });
    view! {
        <section id="models" aria-labelledby="models-title">
            <h2 id="models-title">{texts::MODELS}</h2>
            <p>{texts::MODELS_TEXT}</p>
            <div class="models">{models.into_iter().collect_view()}</div>
        </section>
    }
}

/// Without a script the page is asked for with the words in its address.
fn search(feed: &FeedView) -> impl IntoView + use<> {
    let (run, asked) = (feed.id.clone(), feed.search.clone());
    let (words, found, told) = asked.map_or_else(Default::default, |search| (search.words, search.found, search.told));
    (!feed.kept).then(|| {
        view! {
            <form class="search" action="/feed#models" method="get" role="search">
                <input type="hidden" name="run" value=run/>
                <label class="wide">{texts::SEARCH}<input type="search" name="q" maxlength="100" value=words required/></label>
                <button>{texts::SEARCH_DO}</button>
            </form>
            <div class="screen found">
                <p class="told" role="status">{told}</p>
                <ol class="posts">{found.iter().map(post).collect_view()}</ol>
            </div>
        }
    })
}

/// Of each kind so many are shown.
const COUNTED: usize = 5;

fn counts(feed: &FeedView) -> impl IntoView + use<> {
    let kinds = texts::COUNTS.map(|(kind, title)| {
        let of_kind = feed.counts.iter().filter(|count| count.kind == kind).take(COUNTED);
        let rows: Vec<_> = of_kind
            .map(|count| view! { <tr><th scope="row">{count.name.clone()}</th><td>{count.posts}</td></tr> })
            .collect();
        (!rows.is_empty()).then(|| view! { <table><caption>{title}</caption><tbody>{rows}</tbody></table> })
    });
    let none = feed.counts.is_empty().then(|| view! { <p class="hint">{texts::NOT_COUNTED}</p> });
    view! { <div class="screen counts" data-live="counts">{none}{kinds.into_iter().collect_view()}</div> }
}

fn load(feed: &FeedView) -> impl IntoView + use<> {
    let (writes, per_write) = feed.load.unwrap_or((5, 40));
    let standing = match feed.load {
        Some(_) if feed.queued => texts::QUEUED.into(),
        Some((writes, per_write)) => {
            let reads = (writes * per_write).to_string();
            texts::RUNNING.replace("{reads}", &reads).replace("{writes}", &writes.to_string())
        }
        None => texts::OFF.into(),
    };
    let controls = (!feed.kept).then(|| {
        view! {
            <form class="loading" data-runs=(feed.load.is_some() && !feed.queued).then_some("")>
                {dial("writes", texts::WRITES, "", (1, 20, 1), u64::from(writes), "")}
                {dial("per_write", texts::PER_WRITE, "", (1, 100, 1), u64::from(per_write), "")}
                <div class="go">
                    <button class="main" data-do="load" disabled>{texts::BEGIN}</button>
                    <button type="button" data-do="stop" disabled>{texts::STOP}</button>
                    <button type="button" data-do="measure" disabled aria-describedby="measure-hint">{texts::MEASURE}</button>
                </div>
                <p class="hint" id="measure-hint">{texts::MEASURE_HINT}</p>
                <p class="standing" role="status">{standing}</p>
            </form>
        }
    });
    let seconds = serde_json::to_string(&feed.seconds.iter().map(figures).collect::<Vec<_>>()).unwrap_or_default();
    let charts = texts::CHARTS.iter().map(|chart| graph(chart, &feed.seconds)).collect_view();
    view! {
        <section id="load" aria-labelledby="load-title">
            <h2 id="load-title">{texts::LOAD}</h2>
            <p>{texts::LOAD_TEXT}</p>
            {controls}
            <div class="charts" data-seconds=seconds>{charts}</div>
        </section>
    }
}

/// As the script has a second, too: planned, answered, read p50, read p99, post p50, post p99, lag.
fn figures(second: &FeedSecond) -> [Option<u64>; 7] {
    let FeedSecond { planned, answered, reads_us, writes_us, lag_us } = *second;
    let [[reads, slow_reads], [writes, slow_writes]] =
        [reads_us, writes_us].map(|times| times.map_or([None; 2], |times| times.map(Some)));
    [Some(u64::from(planned)), Some(answered), reads, slow_reads, writes, slow_writes, lag_us]
}

/// Which of the figures a chart shows: its first line, and its second.
const LINES: [(&str, [usize; 2]); 4] =
    [("throughput", [1, 0]), ("reads", [3, 2]), ("writes", [5, 4]), ("lag", [6, usize::MAX])];
/// A chart's size, and how many seconds go into it.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 150.0;
const SPAN: usize = 120;

fn graph(
    (id, name, unit, lines): &(&'static str, &'static str, &'static str, [&'static str; 2]),
    seconds: &[FeedSecond],
) -> impl IntoView + use<> {
    let [first, second] = LINES.iter().find(|(of, _)| of == id).map_or([0, 0], |(_, lines)| *lines);
    let scale = if *id == "throughput" { 1.0 } else { 1000.0 };
    let shown = &seconds[seconds.len().saturating_sub(SPAN)..];
    let values = |line: usize| -> Vec<Option<f64>> {
        let value =
            |second: &FeedSecond| figures(second).get(line).map(|value| value.map(|value| value as f64 / scale));
        shown.iter().filter_map(value).collect()
    };
    let (a, b) = (values(first), values(second));
    let top = a.iter().chain(&b).flatten().copied().fold(1.0, f64::max) * 1.1;
    let last = |values: &[Option<f64>]| values.last().copied().flatten();
    let now = match (last(&a), last(&b)) {
        (None, _) if shown.is_empty() => texts::NOT_MEASURED.to_owned(),
        (None, _) => texts::NOT_ANSWERED.to_owned(),
        (Some(a), None) => format!("{} {a:.0} {unit}", lines[0]),
        (Some(a), Some(b)) => format!("{} {a:.0}, {} {b:.0} {unit}", lines[0], lines[1]),
    };
    let keys = lines.iter().zip(["one", "two"]).filter(|(name, _)| !name.is_empty()).map(|(name, class)| {
        view! { <span class=format!("key {class}")>{*name}</span> }
    });
    view! {
        <figure data-chart=*id data-lines=format!("{},{}", lines[0], lines[1]) data-unit=*unit>
            <figcaption><b>{*name}</b>" "<span class="keys">{keys.collect_view()}</span></figcaption>
            <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") role="img" aria-label=format!("{name}: {}", texts::SECONDS) preserveAspectRatio="none">
                <path class="grid" d=format!("M0 .5H{WIDTH}M0 {}H{WIDTH}M0 {}H{WIDTH}", HEIGHT / 2.0, HEIGHT - 0.5)/>
                <polyline class="two" points=points(&b, top)></polyline>
                <polyline class="one" points=points(&a, top)></polyline>
            </svg>
            <p class="top" aria-hidden="true">{format!("{top:.0} {unit}")}</p>
            <p class="now">{now}</p>
        </figure>
    }
}

/// A second without a value has no point: the line goes on at the next.
fn points(values: &[Option<f64>], top: f64) -> String {
    let x = |n: usize| n as f64 * WIDTH / (SPAN - 1) as f64;
    let point = |(n, value): (usize, &Option<f64>)| {
        value.map(|value| format!("{:.1},{:.1}", x(n), HEIGHT - 1.0 - value / top * (HEIGHT - 2.0)))
    };
    values.iter().enumerate().filter_map(point).collect::<Vec<_>>().join(" ")
}

fn compared(settings: &[FeedSetting], replicas: u32) -> impl IntoView + use<> {
    if settings.is_empty() {
        return view! { <p class="hint">{texts::NOT_MEASURED}</p> }.into_any();
    }
    let rows = settings.iter().map(|setting| {
        let FeedSetting { per_write, split, replicas, lag_ms, planned, answered, read_us, write_us, lag_us } =
            setting.clone();
        view! {
            <tr data-model=if split { "split" } else { "single" }>
                <th scope="row">{per_write}</th>
                <td>{if split { texts::SPLIT } else { texts::SINGLE }}</td>
                <td>{replicas}</td>
                <td>{texts::milliseconds(lag_ms)}</td>
                <td>{planned}</td>
                <td>{answered}</td>
                <td>{texts::ms(read_us)}</td>
                <td>{texts::ms(write_us)}</td>
                <td>{texts::ms(lag_us)}</td>
            </tr>
        }
    });
    let head = texts::COLUMNS.map(|name| view! { <th scope="col">{name}</th> });
    view! {
        <p class="verdict">{verdict(settings, replicas)}</p>
        <div class="wide" tabindex="0" role="region" aria-label=texts::COMPARED_CAPTION>
            <table>
                <caption class="visually-hidden">{texts::COMPARED_CAPTION}</caption>
                <thead><tr>{head.collect_view()}</tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
        <p class="hint">{texts::COLUMNS_NOTE}</p>
    }
    .into_any()
}

/// From which share of reads on the split model wins, at every larger one as well: its readers or its
/// writers wait less than four fifths as long, and neither is served clearly worse. Compared are settings of the
/// same load; of several replicas the most, without a lag that was set.
fn verdict(settings: &[FeedSetting], replicas: u32) -> String {
    let single = |split: &FeedSetting| {
        settings
            .iter()
            .find(|other| !other.split && (other.per_write, other.planned) == (split.per_write, split.planned))
    };
    let mut pairs: Vec<_> = settings
        .iter()
        .filter(|it| it.split && it.lag_ms == 0)
        .filter_map(|split| Some((split, single(split)?)))
        .collect();
    pairs.sort_by_key(|(split, _)| (split.per_write, split.planned, std::cmp::Reverse(split.replicas)));
    pairs.dedup_by_key(|(split, _)| (split.per_write, split.planned));
    let wins = pairs.iter().rev().take_while(|(split, single)| {
        let serves_worse = is_clearly_less(split.answered, single.answered)
            // Where more is asked than answered the wait grows for as long as that lasts, and says nothing else.
            || (split.keeps_up() && single.keeps_up() && is_clearly_less(single.read_us, split.read_us))
            || is_clearly_less(single.write_us, split.write_us);
        let spares = is_clearly_less(split.read_us, single.read_us) || is_clearly_less(split.write_us, single.write_us);
        spares && !serves_worse
    });
    let wins = wins.last();
    let lag = pairs.iter().map(|(split, _)| split.lag_us).max().unwrap_or_default();
    let replicas = wins.or(pairs.last()).map_or(replicas, |(split, _)| split.replicas);
    let verdict = texts::verdict(wins.map(|(split, _)| split.per_write), !pairs.is_empty(), replicas, &texts::ms(lag));
    let overrun = pairs.iter().map(|(split, _)| split).find(|split| !split.keeps_up());
    let overrun = overrun.map(|split| texts::overrun(split.per_write, split.answered, split.planned, split.replicas));
    [Some(verdict), overrun].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn is_clearly_less(this: u64, that: u64) -> bool {
    this * 5 < that * 4
}

fn rebuild(feed: &FeedView) -> impl IntoView + use<> {
    let buttons = (!feed.kept).then(|| {
        view! {
            <div class="go">
                <button data-do="BreakReadModel" disabled>{texts::BREAK}</button>
                <button data-do="RebuildReadModel" disabled>{texts::BUILD}</button>
                <button data-do="SwitchReadModel" disabled>{texts::SWITCH}</button>
            </div>
            <p class="refusal" role="status"></p>
        }
    });
    let head = texts::BUILD_COLUMNS.map(|name| view! { <th scope="col">{name}</th> });
    let rows = feed.builds.iter().map(|build| {
        let state = texts::STATES.iter().find(|(name, _)| *name == build.state).map_or("", |(_, words)| *words);
        view! {
            <tr data-state=build.state.clone()>
                <th scope="row">{build.build}</th>
                <td>{state}</td>
                <td>{build.position}</td>
                <td>{texts::rows(build.rows, build.or_more)}</td>
                <td class="differs" data-bad=(build.differs > 0).then_some("")>{build.differs}</td>
            </tr>
        }
    });
    view! {
        <section id="rebuild" aria-labelledby="rebuild-title">
            <h2 id="rebuild-title">{texts::REBUILD}</h2>
            <p>{texts::REBUILD_TEXT}</p>
            {buttons}
            <div data-live="rebuild" class="two">
                <div>
                    <table>
                        <caption class="visually-hidden">{texts::BUILDS_CAPTION}</caption>
                        <thead><tr>{head.collect_view()}</tr></thead>
                        <tbody>{rows.collect_view()}</tbody>
                    </table>
                    <p class="hint">{texts::BUILDS_NOTE}</p>
                </div>
                <div class="screen"><h3>{texts::READERS_GET}</h3>{list(&feed.posts)}</div>
            </div>
        </section>
    }
}

fn cost(feed: &FeedView) -> impl IntoView + use<> {
    let head = texts::COST_COLUMNS.map(|name| match name {
        "" => view! { <td></td> }.into_any(),
        name => view! { <th scope="col">{name}</th> }.into_any(),
    });
    let rows = texts::COSTS.iter().zip(&feed.costs).map(|(name, [single, split])| {
        view! { <tr><th scope="row">{*name}</th><td>{single.clone()}</td><td>{split.clone()}</td></tr> }
    });
    let again = (!feed.kept).then(|| view! { <button class="scripted" data-do="count" hidden>{texts::COUNT}</button> });
    view! {
        <section id="cost" aria-labelledby="cost-title">
            <h2 id="cost-title">{texts::COST}</h2>
            <p>{texts::COST_TEXT}</p>
            <div data-live="cost">
                <table>
                    <caption class="visually-hidden">{texts::COST_CAPTION}</caption>
                    <thead><tr>{head.collect_view()}</tr></thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
            {again}
            <p>{texts::WHEN_NOT}</p>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(per_write: u32, split: bool, read_us: u64) -> FeedSetting {
        let (planned, replicas, lag_us) = (per_write * 5, 3, if split { 12_000 } else { 0 });
        let answered = u64::from(planned);
        FeedSetting { per_write, split, replicas, planned, answered, read_us, lag_us, ..FeedSetting::default() }
    }

    #[test]
    fn the_split_model_wins_where_its_readers_wait_clearly_less() {
        let settings =
            [setting(1, false, 8_000), setting(1, true, 7_900), setting(80, false, 900_000), setting(80, true, 9_000)];
        let verdict = verdict(&settings, 1);
        assert!(verdict.contains("with 3 replicas") && verdict.contains("from 80 reads per post"), "{verdict}");
        assert!(verdict.contains("12 ms behind"), "{verdict}");
    }

    #[test]
    fn what_was_not_measured_both_ways_has_no_verdict() {
        assert!(verdict(&[setting(80, false, 900_000)], 1).starts_with("Measure both models"));
        let spared = FeedSetting { write_us: 4_000, ..setting(80, true, 900_000) };
        let held_up = FeedSetting { write_us: 200_000, ..setting(80, false, 900_000) };
        assert!(verdict(&[spared, held_up], 1).contains("from 80 reads per post"));
        let even = [setting(1, false, 8_000), setting(1, true, 7_900)];
        assert!(verdict(&even, 1).contains("did not win"));
    }

    #[test]
    fn what_spares_writers_and_holds_up_readers_does_not_win() {
        let write_us = |write_us, setting| FeedSetting { write_us, ..setting };
        let spared = write_us(4_000, setting(80, true, 1_600_000));
        let held_up = write_us(200_000, setting(80, false, 1_100_000));
        assert!(verdict(&[spared.clone(), held_up.clone()], 1).contains("did not win"));
        // Where neither keeps up, both waits grow for as long as it lasts.
        let overrun = [spared, held_up].map(|setting| FeedSetting { answered: 304, ..setting });
        let overrun = verdict(&overrun, 1);
        assert!(overrun.contains("from 80 reads per post"), "{overrun}");
        assert!(
            overrun.ends_with("304 of the 400 reads planned a second: it wants more than 3 replicas."),
            "{overrun}"
        );
    }

    #[test]
    fn a_line_begins_at_the_left_and_reaches_the_top_where_it_is_highest() {
        assert_eq!(points(&[Some(0.0), None, Some(10.0)], 10.0), "0.0,149.0 10.1,1.0");
    }
}
