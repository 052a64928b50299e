// The page of the feed: turns the dials, publishes, runs the load and follows the record. Words,
// tables and the first picture of every chart are in the page.
import { asker, filled, newId, refusal, say } from "./page.js";

const main = document.querySelector("main.feed");
const words = JSON.parse(main.dataset.words);
const sandbox = main.dataset.sandbox && `/api/sandboxes/${main.dataset.sandbox}`;
const find = (selector) => main.querySelector(selector);
const later = (ms) => new Promise((done) => setTimeout(done, ms));

for (const control of main.querySelectorAll(".scripted")) control.hidden = false;

const asked = asker(words.noAnswer);

// What goes wrong is said once, above the dials.
const trying = async (what) => {
  const said = find(".said");
  say(said, "");
  try {
    return await what();
  } catch (error) {
    say(said, error.message);
  }
};

main.addEventListener("click", (event) => {
  const what = event.target.closest("[data-do]")?.dataset.do;
  if (what === "start") trying(start);
  if (!sandbox) return;
  if (what === "refresh") trying(refresh);
  if (what === "stop") trying(stop);
  if (what === "measure") trying(measure);
  if (what === "count") trying(swap);
  if (what?.endsWith("ReadModel")) trying(() => command(what, { read_model: "timeline" }));
});

async function start() {
  await asked("POST", "/api/sandboxes", { topology: "cqrs-feed" });
  location.assign("/feed");
}

const dial = (name) => find(`input[name="${name}"]`);
const value = (name) => Number(dial(name).value);

// As the system stands, whatever a dial that is being turned says.
const stands = {};

function choose(name) {
  stands.model = name;
  find(`input[name="model"][value="${name}"]`).checked = true;
}

// Where it cannot be turned, the dial goes back.
async function turn({ name, value: wanted }) {
  try {
    if (name === "model") await model(wanted);
    else if (name === "replicas") await asked("PUT", `${sandbox}/services/timeline/replicas`, { replicas: Number(wanted) });
    else await lag(Number(wanted));
    stands[name] = wanted;
  } catch (error) {
    if (name === "model") choose(stands.model);
    else set(name, stands[name]);
    throw error;
  }
}

const model = (name) => asked("PUT", `${sandbox}/switches/split-model`, { on: name === "split" });

let lagging = dial("lag")?.value > 0;
async function lag(ms) {
  const fault = { kind: "delay", target: "feed->timeline", ttl_ms: null, params: { ms } };
  if (ms > 0) await asked("PUT", `${sandbox}/faults/lag`, fault);
  else if (lagging) await asked("DELETE", `${sandbox}/faults/lag`);
  lagging = ms > 0;
}

async function command(type, data) {
  say(find(".refusal"), "");
  const { correlation_id } = await asked("POST", `${sandbox}/commands`, { id: newId(), type, data });
  return correlation_id;
}

// The record, from where the page was rendered on.
let stream;
let position = Number(main.dataset.position);
let again;
const heard = new Set();
const events = () => `${sandbox}/events?after=${position}`;

function follow() {
  clearTimeout(again);
  if (stream || isGone || document.hidden) return;
  stream = new EventSource(events());
  stream.onopen = () => say(find(".lost"), "");
  stream.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    position = event.position;
    hear(event);
    for (const listener of heard) listener(event);
  };
  stream.onerror = ({ target }) => {
    // Else the browser tries again by itself.
    if (target.readyState === EventSource.CLOSED) refused();
    else say(find(".lost"), words.away);
  };
}

function close() {
  clearTimeout(again);
  stream?.close();
  stream = undefined;
}

async function refused() {
  close();
  const { isGone, isCrowded, detail } = await refusal(events());
  if (isGone) return gone();
  say(find(".lost"), isCrowded ? filled(words.crowded, { reason: detail }) : words.away);
  again = setTimeout(follow, isCrowded ? 5000 : 2000);
}

// Nothing more will be heard of the sandbox.
let isGone = false;
let leave;
const left = new Promise((done) => (leave = done));
function gone() {
  isGone = true;
  close();
  leave();
  measuring = false;
  halt();
  standing(false);
  pending = [];
  show("honest", shown("honest"));
  for (const name of WAYS) status(name, "");
  say(find(".lost"), "");
  find(".gone").hidden = false;
  const had = document.activeElement;
  for (const control of main.querySelectorAll("button:not([data-do=start]), input, select")) control.disabled = true;
  if (had?.disabled) find(".gone button")?.focus();
}

function hear(event) {
  const { observation, service } = event;
  const { kind } = observation;
  if (kind === "Window") return second(observation);
  if (kind === "LoadStarted") standing(true);
  if (kind === "LoadStopped") standing(false);
  if (kind === "SwitchSet" && observation.name === "split-model") choose(observation.enabled ? "split" : "single");
  if (kind === "FaultInstalled" && observation.fault.id === "lag") {
    lagging = true;
    set("lag", observation.fault.params.ms ?? 0);
  }
  if (kind === "FaultCleared" && observation.fault_id === "lag") {
    lagging = false;
    set("lag", 0);
  }
  if (kind === "ServiceScaled" && service === "timeline") set("replicas", observation.replicas);
  if (kind === "CommandRejected") say(find(".refusal"), filled(words.refused, { reason: observation.reason }));
  const settles = kind === "StateChanged" && observation.entity === "build";
  const read = kind === "TransactionCommitted" && service in reached;
  if (kind === "TransactionCommitted") come(service, observation.rows);
  if (settles || (read && !running) || kind === "LoadStopped") soon();
}

// How far each read model has come, and the newest post there is.
const reached = {};
let last = Number(main.dataset.newest);
for (const { dataset } of main.querySelectorAll("[data-heard]")) reached[dataset.heard] = Number(dataset.position);

function come(service, rows) {
  for (const { table, after } of rows) {
    if (service === "feed" && table === "posts" && after) last = Math.max(last, after.post_id);
    const tells = table === "progress" || (table === "builds" && after?.state === "live");
    if (tells && after && service in reached) reached[service] = after.position;
  }
  for (const [name, upTo] of Object.entries(reached)) {
    say(find(`[data-heard="${name}"]`), filled(words.heard, { position: upTo, newest: last }));
  }
}

function set(name, number) {
  stands[name] = number;
  dial(name).value = number;
  say(find(`output[data-of="${name}"]`), String(number));
}

// Resolves at the first event of which `of` makes something.
function once(of) {
  return new Promise((done) => {
    const listener = (event) => {
      const found = of(event);
      if (found === undefined) return;
      heard.delete(listener);
      done(found);
    };
    heard.add(listener);
  });
}

// Tables are counted by the server: the page is asked for again, and they are taken out of it.
let waiting;
function soon() {
  waiting ??= setTimeout(() => {
    waiting = undefined;
    swap().catch(() => {});
  }, 700);
}

async function swap() {
  const answer = await fetch(`/feed?run=${main.dataset.sandbox}`);
  if (!answer.ok) throw new Error(words.noAnswer);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of main.querySelectorAll("[data-live]")) {
    const anew = page.querySelector(`[data-live="${part.dataset.live}"]`);
    if (anew && anew.innerHTML !== part.innerHTML) part.replaceChildren(...anew.childNodes);
  }
}

// Three ways to tell a reader.
const way = (name) => find(`[data-way="${name}"]`);
const newest = (params = "") => asked("GET", `${sandbox}/services/timeline/queries/newest?limit=5${params}`);

function item({ post_id, author, text }) {
  const row = find("#post").content.cloneNode(true).firstElementChild;
  row.dataset.post = post_id;
  row.querySelector("b").textContent = author;
  row.querySelector("span").textContent = text;
  return row;
}

// `pending` are posts that were accepted and are not among these yet, the newest first.
function show(name, posts, pending = []) {
  const screen = way(name).querySelector(".screen");
  screen.querySelector(".none")?.remove();
  const marked = pending.map((post) => {
    const row = item(post);
    row.classList.add("pending");
    row.append(" ", Object.assign(document.createElement("i"), { textContent: words.pending }));
    return row;
  });
  screen.querySelector("ol").replaceChildren(...[...marked, ...posts.map(item)].slice(0, 5));
}

const shown = (name) =>
  [...way(name).querySelectorAll("li:not(.pending)")].map((row) => ({
    post_id: Number(row.dataset.post),
    author: row.querySelector("b").textContent,
    text: row.querySelector("span").textContent,
  }));

// Nobody answers just now, which passes.
const isBusy = ({ status, message }) => status === 503 || status === 429 || message === words.noAnswer;

const status = (name, text) => say(way(name).querySelector(".told"), text);
const has = (posts, number) => posts.some((post) => post.post_id === number);

// The number of the post that a command wrote, from the record; null where it was refused. The
// record may be quicker than the answer to the command.
const numbers = new Map();
heard.add(({ correlation_id, observation: { kind, envelope } }) => {
  if (envelope?.type === "PostPublished") numbers.set(correlation_id, envelope.data.post_id);
  if (kind === "CommandRejected") numbers.set(correlation_id, null);
  if (numbers.size > 100) numbers.delete(numbers.keys().next().value);
});

async function numberOf(correlation) {
  const known = () => (numbers.has(correlation) ? numbers.get(correlation) : undefined);
  return numbers.has(correlation) ? known() : Promise.race([once(known), left.then(() => null)]);
}

const WAYS = ["naive", "honest", "own"];
const PATIENCE = 10_000;

// Tells what waits for the number of a post if that takes long.
async function patiently(number) {
  const tell = (text) => WAYS.forEach((name) => status(name, text));
  const slow = setTimeout(() => tell(words.slow), PATIENCE);
  const post = await number;
  clearTimeout(slow);
  if (post === null) tell("");
}

let own;
async function publish() {
  const form = find(".compose");
  const author = form.elements.author;
  const post = { author: author.selectedOptions[0].text, text: form.elements.text.value };
  for (const name of WAYS) status(name, "");
  const began = performance.now();
  const correlation = await command("PublishPost", { author_id: Number(author.value), text: post.text });
  const number = numberOf(correlation);
  own = number;
  await Promise.all([patiently(number), naive(number), honest(post, number, began), readYourWrites(post, number, began)]);
}

async function naive(number) {
  const { posts } = await newest();
  show("naive", posts);
  const post = await number;
  if (post !== null) status("naive", has(posts, post) ? words.there : words.lost);
}

async function refresh() {
  const { posts } = await newest();
  show("naive", posts);
  const post = await own;
  if (post) status("naive", has(posts, post) ? words.there : words.lost);
}

// Of all that was published, what the timeline does not have yet. Its number is not known at once.
let pending = [];
let looking;

async function honest(post, number, began) {
  const mine = { ...post, began };
  pending.unshift(mine);
  show("honest", shown("honest"), pending);
  mine.post_id = await number;
  if (mine.post_id !== null) return (looking ??= untilThere().finally(() => (looking = undefined)));
  pending = pending.filter((other) => other !== mine);
  show("honest", shown("honest"), pending);
}

async function untilThere() {
  while (!isGone && pending.some(({ post_id }) => post_id)) {
    try {
      const { posts, position: reached } = await newest();
      const there = pending.filter(({ post_id }) => post_id && post_id <= reached);
      pending = pending.filter((post) => !there.includes(post));
      show("honest", posts, pending);
      if (there.length) status("honest", filled(words.published, { ms: Math.round(performance.now() - there[0].began) }));
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
    if (pending.length) await later(400);
  }
}

async function readYourWrites(post, number, began) {
  const wanted = await number;
  if (wanted === null) return;
  status("own", filled(words.awaiting, { post: wanted }));
  // A later post waits for more than this one does.
  while (!isGone && (await own) === wanted) {
    try {
      const { posts, position: reached } = await newest(`&after=${wanted}`);
      show("own", posts);
      const ms = Math.round(performance.now() - began);
      return status("own", filled(words.awaited, { post: wanted, ms, position: reached }));
    } catch (error) {
      if (!isBusy(error)) throw error;
      // The post is accepted whatever becomes of this question.
      status("own", error.message === words.noAnswer ? words.away : error.message);
      show("own", shown("own"), [{ ...post, post_id: wanted }]);
      await later(400);
    }
  }
}

// The catalogue is asked as any reader asks it.
async function search() {
  const form = find(".search");
  const told = find(".found .told");
  try {
    const q = encodeURIComponent(form.elements.q.value);
    const { posts, position: upTo, service } = await asked("GET", `${sandbox}/services/catalogue/queries/search?limit=5&q=${q}`);
    find(".found ol").replaceChildren(...posts.map(item));
    say(told, filled(posts.length ? words.found : words.foundNone, { service, position: upTo }));
  } catch (error) {
    find(".found ol").replaceChildren();
    say(told, error.message);
  }
}

// The load and its charts.
let running = find(".loading")?.dataset.runs !== undefined;

async function load(writes, perWrite) {
  const data = { author_id: 1, text: "Under load", tags: ["load"] };
  const put = { type: "PublishPost", rate: writes, data, reads: { per_write: perWrite } };
  set("writes", writes);
  set("per_write", perWrite);
  const { state } = await asked("PUT", `${sandbox}/load`, put);
  if (state === "queued") say(find(".standing"), words.queued);
}

let measuring = false;
// What is said of the load once there is none.
let over = words.off;
let halt = () => {};
async function stop() {
  measuring = false;
  halt();
  await asked("DELETE", `${sandbox}/load`).catch((error) => error.status === undefined && Promise.reject(error));
  // One that waited for its turn leaves nothing in the record.
  if (!running) say(find(".standing"), over);
}

function standing(runs) {
  running = runs;
  if (measuring) return;
  const [writes, per] = [value("writes"), value("per_write")];
  say(find(".standing"), runs ? filled(words.running, { reads: writes * per, writes }) : over);
}

const SECONDS = 7;
async function measure() {
  if (measuring) return;
  measuring = true;
  over = words.off;
  const halted = new Promise((done) => (halt = done));
  const aSecond = () =>
    once(({ observation: { kind, method } }) => (kind === "Window" && method === "GET") || kind === "LoadStopped" || undefined);
  try {
    for (const reads of [1, 10, 40, 80]) {
      for (const name of ["single", "split"]) {
        say(find(".standing"), filled(words.measuring, { model: words[name], reads }));
        await model(name);
        if (measuring) await load(5, reads);
        for (let seen = 0; seen < SECONDS && measuring; seen++) await Promise.race([aSecond(), halted]);
        if (!measuring) return;
      }
    }
    over = words.measured;
  } finally {
    // A load that was begun while it was stopped ends, too.
    await stop();
  }
}

// As the page has them: planned, answered, read p50, p99, post p50, p99, lag.
const charts = find(".charts");
const seconds = charts ? JSON.parse(charts.dataset.seconds) : [];
const SPAN = 120;
const LINES = { throughput: [1, 0], reads: [3, 2], writes: [5, 4], lag: [6] };

let told = 0;
function second({ method, rate, count, errors, p50_us, p99_us, lag_us }) {
  const times = count > 0 ? [p50_us, p99_us] : [null, null];
  if (method === "GET") {
    const answered = count - errors;
    seconds.push([rate, answered, ...times, null, null, answered > 0 ? lag_us : null]);
    if (seconds.length > SPAN) seconds.shift();
    return;
  }
  if (seconds.length) seconds.at(-1).splice(4, 2, ...times);
  requestAnimationFrame(draw);
  told += 1;
  if (told % 5 === 0) soon();
}

function draw() {
  for (const chart of charts.querySelectorAll("[data-chart]")) {
    const { chart: id, unit, lines } = chart.dataset;
    const scale = id === "throughput" ? 1 : 1000;
    const values = LINES[id].map((line) => seconds.map((figures) => figures[line] && figures[line] / scale));
    const top = Math.max(1, ...values.flat()) * 1.1;
    for (const [n, name] of ["one", "two"].entries()) {
      // A second without an answer has no point.
      const points = (values[n] ?? []).flatMap((y, x) =>
        y === null ? [] : [`${((x * 600) / (SPAN - 1)).toFixed(1)},${(149 - (y / top) * 148).toFixed(1)}`],
      );
      chart.querySelector(`polyline.${name}`).setAttribute("points", points.join(" "));
    }
    const names = lines.split(",");
    const now = values.map((line, n) => `${names[n]} ${Math.round(line.at(-1))}`).join(", ");
    say(chart.querySelector(".top"), `${Math.round(top)} ${unit}`);
    say(chart.querySelector(".now"), values[0].at(-1) === null ? words.notAnswered : `${now} ${unit}`);
  }
}

if (sandbox) {
  for (const control of main.querySelectorAll("[disabled]")) control.disabled = false;
  choose(main.querySelector("input[name=model]:checked").value);
  for (const name of ["lag", "replicas"]) stands[name] = dial(name).defaultValue;
  for (const dial of main.querySelectorAll("input[type=range]")) {
    dial.addEventListener("input", () => say(find(`output[data-of="${dial.name}"]`), dial.value));
  }
  find(".dials").addEventListener("change", ({ target }) => trying(() => turn(target)));
  find(".compose").addEventListener("submit", (event) => {
    event.preventDefault();
    trying(publish);
  });
  find(".search").addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  find(".loading").addEventListener("submit", (event) => {
    event.preventDefault();
    trying(() => load(value("writes"), value("per_write")));
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : follow()));
  if (!document.hidden) follow();
}
