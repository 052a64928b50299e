// The page that replays an account: moves its cursors, asks, sends commands, and shows what comes
// of them. What stands at an address is the server's to say, and is fetched from there; only the
// cursors are moved here, by the same rules, because a drag cannot wait for an answer.
import { asker, filled, newId, refusal, say } from "./page.js";

const main = document.querySelector("main.replay");
const words = JSON.parse(main.dataset.words);
const [months, weekdays] = [words.months.split(" "), words.weekdays.split(" ")];
const find = (selector) => main.querySelector(selector);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

// Without a script none of these would do anything.
function wake(page) {
  for (const control of page.querySelectorAll(".scripted")) control.hidden = false;
  for (const control of page.querySelectorAll("[data-wakes]")) control.disabled = false;
}
wake(main);

// ---- the address, and the page at it

const changed = {};
let resting;

function address(changes = {}) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries({ ...changed, ...changes })) {
    if (value === null || value === "") url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url;
}

// Written down once a cursor rests: browsers bound how often an address may change.
function remember(changes) {
  Object.assign(changed, changes);
  clearTimeout(resting);
  resting = setTimeout(() => arrive(address()), 200);
}

function arrive(url) {
  clearTimeout(resting);
  for (const name of Object.keys(changed)) delete changed[name];
  history.replaceState(null, "", url);
}

let fetching;
// Shows the page at an address in the place of this one. The latest wins.
async function show(url) {
  fetching?.abort();
  fetching = new AbortController();
  const { signal } = fetching;
  const moved = JSON.stringify(changed);
  let fresh;
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" }, signal });
    fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main.replay");
  } catch (error) {
    if (error.name === "AbortError") return false;
  }
  if (!fresh) throw new Error(words.noAnswer);
  // A cursor may have been moved meanwhile.
  if (JSON.stringify(changed) !== moved) return show(address());
  wake(fresh);
  settle(main, fresh);
  arrive(Object.assign(new URL(fresh.dataset.address, location.href), { hash: url.hash }));
  shown();
  return true;
}

// Makes one tree like another, and leaves alone what is alike, what is being typed, and what the
// script itself looks after.
function settle(old, fresh) {
  if (old.isEqualNode(fresh) || old.nodeName === "NOSCRIPT") return;
  if (old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (old.nodeType !== Node.ELEMENT_NODE) return void (old.data = fresh.data);
  if (old.hasAttribute("data-own")) return;
  const value = old.nodeName === "SELECT" ? old.value : undefined;
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of [...fresh.attributes]) {
    if (old.getAttribute(name) === value || name === "open") continue;
    old.setAttribute(name, value);
    if (name === "value" && old.nodeName === "INPUT" && old !== document.activeElement) old.value = value;
  }
  if (old.type === "checkbox") old.checked = fresh.checked;
  const [from, to] = [[...old.childNodes], [...fresh.childNodes]];
  to.forEach((node, i) => (from[i] ? settle(from[i], node) : old.append(node)));
  for (const node of from.slice(to.length)) node.remove();
  if (value !== undefined) old.value = value;
}

// ---- how things are said

function money(cents) {
  const digits = (Math.abs(cents) / 100).toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ",");
  return (cents < 0 ? "−" : "") + digits;
}

const DAY = 86_400;
// The server's clock: a laptop's may be minutes off, and what was just recorded would lie in its future.
const apart = Number(main.dataset.now) - Math.floor(Date.now() / 1000);
const now = () => (main.dataset.kept ? Number(main.dataset.now) : Math.floor(Date.now() / 1000) + apart);
const machine = (at) => new Date(at * 1000).toISOString().replace(".000", "");

function when(at) {
  const [date, today] = [new Date(at * 1000), new Date(now() * 1000)];
  const days = Math.floor(now() / DAY) - Math.floor(at / DAY);
  const year = date.getUTCFullYear();
  const near = year === today.getUTCFullYear() ? words.thisYear : words.otherYear;
  const template = [words.today, words.yesterday][days] ?? near;
  const clock = machine(at).slice(11, 19).replace(/:00$/, "");
  const weekday = weekdays[(date.getUTCDay() + 6) % 7];
  return `${clock} ${filled(template, { weekday, day: date.getUTCDate(), month: months[date.getUTCMonth()], year })}`;
}

// ---- the stream

// The beginning, and the card of each event.
const cards = () => [...main.querySelectorAll(".strip li")];
const version = () => cards().findIndex((card) => card.hasAttribute("aria-current"));

// The balance runs to where the event takes it, where things may move.
let counting;
function count(card) {
  const shown = find(".state .balance");
  const [from, to] = [Number(shown.dataset.cents), Number(card.dataset.cents)];
  cancelAnimationFrame(counting);
  shown.dataset.cents = to;
  if (calm.matches || !card.dataset.did) return say(shown, card.dataset.balance);
  const began = performance.now();
  const frame = (time) => {
    const part = clamp((time - began) / 280, 0, 1);
    const eased = 1 - (1 - part) ** 3;
    say(shown, part < 1 ? money(Math.round(from + (to - from) * eased)) : card.dataset.balance);
    if (part < 1) counting = requestAnimationFrame(frame);
  };
  counting = requestAnimationFrame(frame);
}

function stand(wanted) {
  const all = cards();
  const at = clamp(wanted, 0, all.length - 1);
  all.forEach((card, i) => {
    card.classList.toggle("ahead", i > at);
    if (i === at) card.setAttribute("aria-current", "step");
    else card.removeAttribute("aria-current");
  });
  const { after, balance, did, told, sequence } = all[at].dataset;
  say(find(".state .eyebrow"), after);
  count(all[at]);
  say(find(".state .did"), did);
  say(find(".state .told"), told);
  say(find("#stream .clock"), filled(words.step, { version: sequence, versions: all.at(-1).dataset.sequence }));
  const slider = find("#stream .position");
  slider.value = at;
  slider.setAttribute("aria-valuetext", `${after}: ${balance}`);
  const held = document.activeElement;
  for (const button of main.querySelectorAll("#stream [data-step]")) {
    const to = all[at + Number(button.dataset.step)];
    button.disabled = !to;
    if (to) button.value = to.dataset.sequence;
    // A button that is no use any more gives the keys on.
    if (button === held && button.disabled) slider.focus({ preventScroll: true });
  }
  remember({ at_sequence: at === all.length - 1 ? null : sequence });
  inSight(all[at]);
}

// In the strip, not on the page.
function inSight(card) {
  const strip = find(".strip");
  const [box, seen] = [card.getBoundingClientRect(), strip.getBoundingClientRect()];
  const room = box.width * 0.75;
  let left = 0;
  if (box.right + room > seen.right) left = box.right + room - seen.right;
  if (box.left - room < seen.left) left = box.left - room - seen.left;
  if (left) strip.scrollBy({ left, behavior: calm.matches ? "instant" : "smooth" });
}

let playing;
function play() {
  const button = find("#stream .play");
  const running = !playing;
  button.classList.toggle("running", running);
  say(button, running ? button.dataset.pause : button.dataset.play);
  clearInterval(playing);
  playing = undefined;
  if (!running) return;
  if (version() === cards().length - 1) stand(0);
  playing = setInterval(() => {
    stand(version() + 1);
    if (version() === cards().length - 1) play();
  }, 900);
}
const pause = () => playing && play();

// ---- what it held at a moment

const entries = () =>
  cards()
    .slice(1)
    .map(({ dataset }) => ({
      sequence: dataset.sequence,
      amount: Number(dataset.amount),
      balance: Number(dataset.cents),
      recorded: Number(dataset.recorded),
      valued: Number(dataset.valued),
    }));
const sum = (counted) => counted.reduce((total, { amount }) => total + amount, 0);
// The earliest cards need not be at hand: what they come to, and whether there are any.
const carried = ([first]) => first.balance - first.amount;
const isWhole = ([first]) => Number(first.sequence) === 1;

function across(plot, at) {
  const [from, to] = [Number(plot.dataset.from), Number(plot.dataset.to)];
  return ((clamp(at, from, to) - from) / (to - from)) * 100;
}

// Where a slider stands; at its end, and past the present, is now.
function moment(slider) {
  const at = Number(slider.value);
  return at >= Math.min(Number(slider.max), now()) ? null : at;
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}

function ask(slider) {
  const plot = slider.closest(".plot");
  const asked = moment(slider);
  const at = asked ?? now();
  const all = entries();
  const known = all.filter(({ recorded }) => recorded <= at);
  const held = sum(known) + carried(all);
  const unheld = isWhole(all) ? words.notOpen : words.notAtHand;
  const template = asked === null ? words.holds : known.length ? words.held : unheld;
  const figures = { when: when(at), account: main.dataset.account, balance: money(held), first: all[0].sequence };
  const sentence = filled(template, figures);
  say(find("#when .answer"), sentence);
  slider.setAttribute("aria-valuetext", sentence);

  const x = across(plot, at);
  const { low, high } = plot.dataset;
  const y = `${100 - ((held - low) / (high - low)) * 100}%`;
  plot.querySelector(".past").setAttribute("width", x * 10);
  for (const event of plot.querySelectorAll("circle.event")) {
    event.classList.toggle("ahead", Number(event.dataset.at) > at);
  }
  set(plot.querySelector("line.cursor"), { x1: `${x}%`, x2: `${x}%` });
  set(plot.querySelector("circle.held"), { cx: `${x}%`, cy: y });
  const label = plot.querySelector("text.held");
  set(label, { x: `${x}%`, y, dx: x > 75 ? -12 : 12, "text-anchor": x > 75 ? "end" : "start" });
  label.textContent = known.length || isWhole(all) ? money(held) : words.noBalance;
  find("#when [type=datetime-local]").value = machine(at).slice(0, 19);
  remember({ at: asked === null ? null : machine(at), position: null });
}

// ---- what was believed

function believe() {
  const plot = find(".threads");
  // Not what the slider stands at: it has steps.
  const asked = (name) => {
    const at = plot.querySelector(`input.${name}`).dataset.asked;
    return at === "" ? null : Number(at);
  };
  const [about, believed] = [asked("about"), asked("belief")];
  const [by, of] = [believed ?? now(), about ?? now()];
  const isIn = ({ recorded, valued }) => recorded <= by && valued <= of;
  const all = entries();
  const isKnown = isWhole(all) || all[0].recorded <= Math.min(by, of);
  const figures = {
    believed: when(by),
    about: when(of),
    account: main.dataset.account,
    balance: isKnown ? money(sum(all.filter(isIn)) + carried(all)) : words.noBalance,
  };
  let template = words.knownNow;
  if (believed !== null) template = about === null ? words.beliefNow : about > believed ? words.forecast : words.belief;
  else if (about !== null) template = words.known;
  if (!isKnown) template = words.beliefNotAtHand;
  say(find("#believed .answer"), filled(template, figures));

  for (const [name, at, lane] of [
    ["about", about, ".lane.upper"],
    ["belief", believed, ".lane.lower"],
  ]) {
    const x = `${across(plot, at ?? now())}%`;
    set(plot.querySelector(`line.cursor.${name}`), { x1: x, x2: x });
    const said = at === null ? words.now : when(at);
    say(plot.querySelector(`${lane} .stands`), said);
    plot.querySelector(`input.${name}`).setAttribute("aria-valuetext", said);
    const field = find(`#believed [name=${name === "belief" ? "believed" : name}][type=datetime-local]`);
    field.value = machine(at ?? now()).slice(0, 19);
  }
  for (const entry of all) {
    plot.querySelector(`.thread[data-sequence="${entry.sequence}"]`)?.classList.toggle("out", !isIn(entry));
    const chip = find(`.sum li[data-sequence="${entry.sequence}"]`);
    if (!chip) continue;
    chip.className = isIn(entry) ? "in" : "out";
    const [known, counts] = [entry.recorded <= by, entry.valued <= of];
    const reason = known ? (counts ? "" : words.notCounting) : counts ? words.notRecorded : words.neither;
    say(chip.querySelector(".why"), reason);
  }
  const earlier = find(".sum .carried");
  if (earlier) earlier.className = `carried ${isKnown ? "in" : "out"}`;
  say(find(".sum .total"), filled(words.equals, figures));
  remember({
    about: about === null ? null : machine(about),
    believed: believed === null ? null : machine(believed),
  });
}

// ---- commands, and what the record says became of them

const box = `/api/sandboxes/${main.dataset.run}`;

const send = asker(words.noAnswer);

// By the command at the root of it: what was published, why it was refused, that it is settled.
const outcomes = new Map();
const outcome = (id) => {
  if (!outcomes.has(id)) outcomes.set(id, {});
  if (outcomes.size > 300) outcomes.delete(outcomes.keys().next().value);
  return outcomes.get(id);
};

// Sends a command and waits for its answer in the record. Gives a sentence.
async function command(type, data) {
  const { correlation_id } = await send("POST", `${box}/commands`, { id: newId(), type, data });
  const known = outcome(correlation_id);
  const late = new Promise((resolve) => setTimeout(resolve, 8000));
  if (!known.settled) await Promise.race([late, new Promise((resolve) => (known.tell = resolve))]);
  if (!known.settled) return words.slow;
  if (known.reason) throw new Error(filled(words.refused, known));
  return known.sequence ? filled(words.done, known) : words.donePlain;
}

function heard({ service, correlation_id, observation }) {
  const { kind } = observation;
  if (kind === "SwitchSet") soon();
  if (kind === "TransactionCommitted" && service === "accounts" && observation.rows.length > 0) soon();
  if (!correlation_id) return;
  const known = outcome(correlation_id);
  if (kind === "CommandRejected") known.reason = observation.reason;
  const accepted = kind === "ResponseReceived" && service === "terrarium" && observation.status < 400;
  if (kind === "MessagePublished" && service === "accounts") known.sequence ??= observation.envelope.data?.sequence;
  if (accepted || known.reason) {
    known.settled = true;
    known.tell?.();
  }
}

// One stream for the page, and none while nobody sees it.
let source;
let gone = false;
let listening;
let end = Number(main.dataset.end);
function listen() {
  clearTimeout(listening);
  if (!main.dataset.run || main.dataset.kept || gone) return;
  source?.close();
  if (document.hidden) return;
  source = new EventSource(`${box}/events?after=${end}`);
  source.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    end = event.position;
    heard(event);
  };
  source.onopen = () => say(find(".lost"), "");
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) refused();
    else say(find(".lost"), words.lost);
  };
}

async function refused() {
  const { isGone, isCrowded, detail } = await refusal(source.url);
  if (isGone) {
    // Nothing will come any more.
    gone = true;
    pause();
    return say(find(".lost"), words.gone);
  }
  say(find(".lost"), isCrowded ? filled(words.crowded, { reason: detail }) : words.lost);
  clearTimeout(listening);
  listening = setTimeout(listen, isCrowded ? 20_000 : 2_000);
  if (!isCrowded) soon();
}

// The page as it is by now, a few times a second at most.
let due;
const soon = () => (due ??= setTimeout(refresh, 120));
let refreshing;
let again;
function refresh() {
  clearTimeout(due);
  due = undefined;
  // What is under way may have been asked for too early.
  if (refreshing) {
    again ??= refreshing.then(() => {
      again = undefined;
      return refresh();
    });
    return again;
  }
  refreshing = shows(address()).finally(() => (refreshing = undefined));
  return refreshing;
}

// Shows what is at an address, and says where that cannot be had, until it can.
let unshown = "";
async function shows(url) {
  // What is seen is the last there was of it.
  if (gone) return;
  try {
    await show(url);
    if (find(".lost")?.textContent === unshown) say(find(".lost"), "");
  } catch (error) {
    unshown = error.message;
    say(find(".lost"), unshown);
  }
}

// Does something for a form or a group of buttons, which sleep meanwhile; what becomes of it is
// told beside them.
async function during(place, work) {
  const said = place.querySelector(".said");
  const buttons = [...place.querySelectorAll("button, input[role=switch]")].filter((button) => !button.disabled);
  const held = document.activeElement;
  said.className = "said";
  said.removeAttribute("role");
  say(said, words.working);
  for (const button of buttons) button.disabled = true;
  try {
    say(said, (await work()) ?? "");
    said.classList.add("well");
  } catch (error) {
    // Only what was refused is worth an interruption.
    said.textContent = "";
    said.setAttribute("role", "alert");
    say(said, error.message);
  } finally {
    for (const button of buttons) button.disabled = false;
    if (buttons.includes(held)) held.focus({ preventScroll: true });
  }
}

// 12.50 as cents.
function cents(text) {
  if (!/^\d{1,7}([.,]\d{1,2})?$/.test(text.trim())) throw new Error(words.amountOdd);
  return Math.round(Number(text.trim().replace(",", ".")) * 100);
}

// As fast as what is chosen says.
function pace() {
  const { value } = find("[name=events_per_second]");
  return value && { events_per_second: Number(value) };
}

const does = {
  async start() {
    await send("POST", "/api/sandboxes", { topology: "event-sourced-account" });
    location.assign(`/replay${location.hash}`);
  },
  async money(data) {
    const said = await command(data.get("type"), {
      account_id: Number(main.dataset.account),
      amount_minor: cents(data.get("amount")),
      why: "on the page",
    });
    // What was done is seen: the cursor goes along.
    Object.assign(changed, { at_sequence: null });
    arrive(address());
    soon();
    return said;
  },
  async correct(data) {
    const said = await command("CorrectEntry", {
      account_id: Number(main.dataset.account),
      sequence: Number(data.get("sequence")),
      amount_minor: cents(data.get("amount")),
      ...(data.get("why") && { why: data.get("why") }),
    });
    soon();
    return said;
  },
};

// ---- two writers, each with what it has read

const writers = () => [...main.querySelectorAll(".writer")];

function read(writer) {
  const { sequence, balance } = cards().at(-1).dataset;
  writer.dataset.sequence = sequence;
  say(writer.querySelector(".read"), filled(words.read, { sequence, balance }));
  moved(writer);
}

function moved(writer) {
  const { sequence } = cards().at(-1).dataset;
  const behind = Number(writer.dataset.sequence) < Number(sequence);
  say(writer.querySelector(".moved"), behind ? filled(words.moved, { sequence, name: writer.dataset.writer }) : "");
}

does.write = async (data, writer) => {
  const said = await command("WithdrawMoney", {
    account_id: Number(main.dataset.account),
    amount_minor: cents(data.get("amount")),
    expected_sequence: Number(writer.dataset.sequence),
    by: writer.dataset.writer,
  });
  // Who has written knows what it wrote.
  await refresh();
  read(writer);
  return said;
};

// ---- the audit as a file

// As RFC 4180; what a spreadsheet would take for a formula is taken for text.
function csv() {
  const cell = (text) => {
    const plain = text.trim();
    const formula = /^[=+\-@]/.test(plain) && !/^-?\d+\.\d\d$/.test(plain);
    return `"${(formula ? `'${plain}` : plain).replaceAll('"', '""')}"`;
  };
  const rows = [...main.querySelectorAll(".audit tr")];
  const text = ({ textContent, dataset }) => dataset.csv ?? textContent;
  return rows.map((row) => [...row.children].map((it) => cell(text(it))).join(",")).join("\r\n");
}

function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// ---- what is pressed, drawn and typed

main.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  const data = new FormData(form, submitter);
  const todo = does[form.dataset.does];
  event.preventDefault();
  if (todo) return void during(form, () => todo(data, form));
  if (form.matches("#stream .time")) {
    pause();
    return stand(version() + Number(submitter.dataset.step));
  }
  // A question: what the form asks, in the place of what was asked.
  const fields = [...form.elements].filter((field) => field.name && field.type !== "hidden" && field !== submitter);
  const changes = { at: null, position: null };
  if (form.closest("#believed")) for (const name of Object.keys(changes)) delete changes[name];
  for (const field of fields) if (field.type !== "submit") changes[field.name] = field.value;
  if (submitter?.name) changes[submitter.name] = submitter.value;
  question(changes);
});

async function question(changes) {
  Object.assign(changed, changes);
  await shows(address());
}

main.addEventListener("click", (event) => {
  const { target } = event;
  if (target.closest(".play")) return play();
  const button = target.closest("button");
  if (button?.dataset.command) {
    const { command: type, body } = button.dataset;
    const data = JSON.parse(body);
    if (type === "BuildProjection") Object.assign(data, pace());
    return void during(button.closest("[data-says]"), () => command(type, data));
  }
  if (button?.dataset.again !== undefined) {
    const writer = button.closest(".writer");
    say(writer.querySelector(".said"), "");
    return read(writer);
  }
  if (button?.dataset.csv) return download(button.dataset.csv, csv());
  const link = target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const card = link.closest(".strip li");
  if (card) {
    event.preventDefault();
    pause();
    stand(cards().indexOf(card));
  } else if (link.dataset.asks !== undefined) {
    event.preventDefault();
    const url = new URL(link.href);
    question({ believed: url.searchParams.get("believed"), about: url.searchParams.get("about") });
  }
});

main.addEventListener("input", ({ target }) => {
  if (target.type !== "range") return;
  if (target.matches(".position")) {
    pause();
    stand(Number(target.value));
  } else if (target.closest(".chart")) ask(target);
  else {
    target.dataset.asked = moment(target) ?? "";
    believe();
  }
});

main.addEventListener("change", ({ target }) => {
  if (!target.dataset.switch) return;
  const on = target.checked;
  during(target.closest("[data-says]"), async () => {
    try {
      await send("PUT", `${box}/switches/${target.dataset.switch}`, { on });
    } catch (error) {
      // It stands as it stood.
      target.checked = !on;
      throw error;
    }
    soon();
  });
});

document.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const typing = event.target.closest?.("input, select, textarea, [contenteditable], .chart, .scroll");
  if (!step || typing || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || version() < 0) return;
  event.preventDefault();
  pause();
  stand(version() + step);
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    clearTimeout(listening);
    source?.close();
  } else {
    listen();
    soon();
  }
});

// What only the script knows is put back after each showing.
function shown() {
  cancelAnimationFrame(counting);
  writers().forEach(moved);
}

listen();
const current = find(".strip [aria-current]");
if (current) inSight(current);
