// The steps of a lesson: what is predicted, done, checked and explained there, as requests to the
// API. When the record has grown, the terrarium says so.
import { asker, newId } from "./page.js";

const main = document.querySelector("main.lesson");
const slug = main.dataset.slug;
const words = main.dataset;
const sandbox = main.querySelector(".living").dataset.sandbox;
const steps = [...main.querySelectorAll("[data-step]")];

// Without a script none of this could be done.
for (const control of main.querySelectorAll(".scripted")) control.hidden = false;
for (const control of main.querySelectorAll(".unscripted")) control.hidden = true;

// Who comes for the first time is given a session by the first request that needs one, and that is
// the terrarium's as it starts. A second one at the same time would be given another, and one of
// both lost. However long it takes to start, it is waited for; only once it has, and there is still
// nothing of it to be heard, it may have been refused one.
const known = new Promise((resolve) => {
  if (sandbox) return resolve();
  const refused = () => setTimeout(resolve, 10_000);
  document.addEventListener("terrarium", resolve, { once: true });
  // Where it does not come at all.
  setTimeout(resolve, 60_000);
  if (document.documentElement.dataset.islands) refused();
  else document.addEventListener("islands-started", refused, { once: true });
});

const asked = asker(words.noAnswer);
async function ask(method, address, body) {
  if (method !== "GET") {
    if (!sandbox) document.dispatchEvent(new Event("islands-wanted"));
    await known;
  }
  return asked(method, address, body);
}

const address = (step, what) => `/api/lessons/${slug}/steps/${step.dataset.step}/${what}`;

// Does something for a step, its buttons asleep meanwhile; what goes wrong is told beside them.
async function during(step, work) {
  const said = step.querySelector(".said");
  const buttons = step.querySelectorAll("button");
  said.textContent = words.working;
  for (const button of buttons) button.disabled = true;
  try {
    said.textContent = (await work()) ?? "";
  } catch (error) {
    said.textContent = error.message;
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

// Which step the system in the glass was made for: it outlives the page, not the tab.
const MADE_FOR = "terrarium.step";
const madeFor = JSON.parse(sessionStorage.getItem(MADE_FOR) ?? "{}");
const current = steps.find((step) => sandbox && madeFor.sandbox === sandbox && step.dataset.step === madeFor.step);
if (current) {
  current.classList.add("current");
  current.querySelector(".fold").open = true;
}

// What is done folds when another step begins, which stays where it is on the screen; there the
// browser finds it again.
function fold(begun) {
  const top = () => begun.getBoundingClientRect().top;
  const before = top();
  for (const step of steps) {
    if (step !== begun && step.dataset.state === "done") step.querySelector(".fold").open = false;
  }
  scrollBy({ top: top() - before, behavior: "instant" });
}

// A step begins with a system of its own, so that nothing done before matters.
let leaving = false;
async function begin(step, way) {
  leaving = true;
  const made = await ask("POST", address(step, "scene"), sandbox ? { sandbox } : {}).catch((error) => {
    leaving = false;
    throw error;
  });
  sessionStorage.setItem(MADE_FOR, JSON.stringify({ step: step.dataset.step, sandbox: made.sandbox }));
  // The old system is gone by now: whatever becomes of this, the page goes on to the new one, where it can be asked again.
  if (way === "show") await ask("POST", address(step, "show"), { sandbox: made.sandbox }).catch(() => {});
  const page = new URL(location.href);
  page.search = `?run=${made.sandbox}`;
  page.hash = step.id;
  history.replaceState(null, "", page);
  fold(step);
  location.reload();
}

// Presses the terrarium's own button, which is not to be seen on a phone.
function ship(step) {
  const button = main.querySelector(".living .ship");
  step.querySelector(".said").textContent = button?.textContent ? words.shipped : words.noOrder;
  button?.click();
}

// Gives a command to the system in the glass.
async function give(button) {
  if (!sandbox) throw new Error(words.noSystem);
  const command = { id: newId(), type: button.dataset.send, data: JSON.parse(button.dataset.body) };
  await ask("POST", `/api/sandboxes/${sandbox}/commands`, command);
  return words.given;
}

// ---- predictions

function given(form) {
  const data = new FormData(form);
  switch (form.dataset.kind) {
    case "services":
      return data.getAll("answer");
    case "order":
      return [...form.querySelectorAll("[data-name]")].map((item) => item.dataset.name);
    case "number":
      return data.get("answer") === "" ? null : Number(data.get("answer"));
    default:
      return data.get("answer");
  }
}

// What was predicted on an earlier visit stands there again.
function giveAgain(form, prediction) {
  form.setAttribute("data-given", "");
  const answers = [prediction].flat().map(String);
  if (form.dataset.kind === "order") {
    const items = answers.map((name) => form.querySelector(`[data-name="${CSS.escape(name)}"]`)).filter(Boolean);
    form.querySelector(".ordering").append(...items);
  }
  for (const input of form.querySelectorAll("[name=answer]")) {
    if (input.type === "number") input.value = answers[0];
    else input.checked = answers.includes(input.value);
  }
}

function move(button) {
  const item = button.closest("li");
  const up = button.dataset.move === "up";
  const other = up ? item.previousElementSibling : item.nextElementSibling;
  if (up) other?.before(item);
  else other?.after(item);
  button.focus();
}

// While services are asked for, they can be picked in the picture, too.
let picking = null;
main.addEventListener("focusin", (event) => {
  const form = event.target.closest("form.predict");
  if (form) picking = form.dataset.kind === "services" ? form : null;
});
document.addEventListener(
  "click",
  (event) => {
    const node = picking && event.target.closest(".living .node[data-dot]");
    const box = node && picking.querySelector(`input[value="${CSS.escape(node.dataset.dot)}"]`);
    if (!box) return;
    event.preventDefault();
    event.stopPropagation();
    box.click();
  },
  true,
);

// What was predicted and what happened, drawn where it happened.
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets.push(sheet);
function draw(predicted, truth) {
  sheet.replaceSync("");
  const mark = (name, style) => sheet.insertRule(`.node[data-dot="${CSS.escape(name)}"] .box { ${style} }`);
  for (const name of new Set([...predicted, ...truth])) {
    const both = predicted.includes(name) && truth.includes(name);
    const colour = truth.includes(name) ? "var(--leaf)" : "var(--failure)";
    mark(name, `stroke: ${colour}; stroke-width: 3px; stroke-dasharray: ${both ? "none" : "7 5"};`);
  }
}

function made(tag, of, ...inside) {
  const element = document.createElement(tag);
  element.className = of;
  element.append(...inside);
  return element;
}

// Both sequences side by side. Marked is what would have to move for the one to be the other, and
// no more; what never happened may stand anywhere.
function sequences(predicted, truth, named) {
  const stays = inOrder(predicted, truth);
  const list = (label, names, mark) => {
    const item = (name) => {
      if (!mark || !truth.includes(name) || stays.has(name)) return made("li", "", named(name));
      const why = made("span", "why", ` (${words.outOfPlace})`);
      return made("li", "misplaced", named(name), why);
    };
    return made("div", "", made("b", "", label), made("ol", "", ...names.map(item)));
  };
  return made("div", "beside", list(words.predicted, predicted, true), list(words.happened, truth, false));
}

// The most names of `some` that stand in the order of `all`.
function inOrder(some, all) {
  const best = [];
  for (const name of some.filter((name) => all.includes(name))) {
    const before = best.filter((names) => all.indexOf(names.at(-1)) < all.indexOf(name));
    const longest = before.reduce((most, names) => (names.length > most.length ? names : most), []);
    best.push([...longest, name]);
  }
  return new Set(best.reduce((most, names) => (names.length > most.length ? names : most), []));
}

// Both numbers on one scale, for the eye: the lines above say the same.
function scale(predicted, truth) {
  const [low, high] = [Math.min(0, predicted, truth), Math.max(0, predicted, truth)];
  const mark = (of, number) => {
    const mark = made("span", `mark ${of}`);
    mark.style.left = `${high === low ? 0 : (100 * (number - low)) / (high - low)}%`;
    return mark;
  };
  const line = made("div", "line", mark("guess", predicted), mark("fact", truth));
  const drawn = made("div", "scale", line, made("span", "", String(low)), made("span", "", String(high)));
  drawn.setAttribute("aria-hidden", "true");
  return drawn;
}

function compare(step, predicted, truth, right) {
  const form = step.querySelector("form.predict");
  if (!form || predicted == null || truth == null) return;
  const named = (id) => form.querySelector(`[data-text-of="${CSS.escape(String(id))}"]`)?.textContent ?? String(id);
  const say = (answer) => [answer].flat().map(named).join(form.dataset.kind === "order" ? " → " : ", ") || words.none;
  const place = step.querySelector(".compared");
  const told = [
    [words.predicted, say(predicted)],
    [words.happened, say(truth)],
  ];
  const lines = told.map(([label, answer]) => made("p", "", made("b", "", label), ` ${answer}`));
  if (form.dataset.kind === "order") place.replaceChildren(sequences(predicted, truth, named));
  else if (form.dataset.kind === "number") place.replaceChildren(...lines, scale(predicted, truth));
  else place.replaceChildren(...lines);
  step.querySelector(".result").textContent = told.map((line) => line.join(" ")).join(" · ");
  place.classList.toggle("right", right === true);
  place.hidden = false;
  if (form.dataset.kind === "services" && step === current) draw(predicted, truth);
}

// ---- checks

let asking = false;
let again = false;
let showing = false;
async function check() {
  if (!current || leaving) return;
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  let settled = false;
  let pause = 400;
  try {
    const told = await ask("POST", address(current, "check"), { sandbox });
    settled = show(current, told);
    // Not all that is shown is seen in this system's record: a matrix has systems of its own.
    showing = told.show.state === "running";
    again ||= showing;
  } catch {
    // The terrarium says when there is no connection; the next event asks again, or what is shown.
    again ||= showing;
    pause = 2_000;
  }
  // A few times a second, however fast the record grows; and while the truth is not out yet.
  setTimeout(() => {
    asking = false;
    if (again || (current.dataset.state === "done" && !settled)) {
      again = false;
      check();
    }
  }, pause);
}

// Says whether there is no more to come.
function show(step, told) {
  step.querySelectorAll(".checks li").forEach((item, i) => {
    const { holds } = told.conditions[i];
    item.classList.toggle("holds", holds);
    item.querySelector(".holding").textContent = holds ? words.holds : words.open;
  });
  const said = step.querySelector(".said");
  if (told.show.state === "running") said.textContent = words.showing;
  else if (told.show.state === "failed") said.textContent = told.show.detail ?? words.showFailed;
  else if (said.textContent === words.showing) said.textContent = "";
  if (told.done) finish(step);
  compare(step, told.prediction, told.truth, told.right);
  return told.settled;
}

// It stays open while it is read: a page that is loaded later has it folded.
function finish(step) {
  if (step.dataset.state === "done") return;
  step.dataset.state = "done";
  step.querySelector(".state").textContent = words.done;
  step.querySelector(".reveal").open = true;
  main.querySelector(`.lesson-progress [data-of="${step.dataset.step}"]`)?.classList.add("done");
  count();
}

function count() {
  const done = steps.filter((step) => step.dataset.state === "done").length;
  const place = main.querySelector(".lesson-progress .count");
  if (place) place.textContent = words.count.replace("{done}", done).replace("{all}", steps.length);
}

// What was predicted before, and what came of it.
async function remember() {
  const { lessons } = await ask("GET", "/api/progress");
  const lesson = lessons.find((lesson) => lesson.slug === slug);
  for (const known of lesson?.steps ?? []) {
    const step = steps.find((step) => step.dataset.step === known.id);
    if (!step) continue;
    const form = step.querySelector("form.predict");
    if (form && known.prediction != null) giveAgain(form, known.prediction);
    if (known.done) compare(step, known.prediction, known.truth, known.right);
  }
}

count();
remember().catch(() => {});
document.addEventListener("terrarium", check);
// Who comes back from another tab may have done something there.
document.addEventListener("visibilitychange", check);
check();

// ---- what is pressed

main.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const step = button?.closest("[data-step]");
  if (!step) return;
  if (button.dataset.move) move(button);
  if (button.dataset.ship !== undefined) ship(step);
  if (button.dataset.send) during(step, () => give(button));
  if (button.dataset.way) during(step, () => begin(step, button.dataset.way));
});

main.addEventListener("submit", (event) => {
  const form = event.target;
  event.preventDefault();
  if (form.dataset.question) return answer(form);
  const step = form.closest("[data-step]");
  const guess = given(form);
  if (guess === null) {
    step.querySelector(".said").textContent = words.choose;
    return;
  }
  during(step, async () => {
    await ask("PUT", address(step, "prediction"), { answer: guess });
    form.setAttribute("data-given", "");
    picking = null;
    return words.guessKept;
  });
});

// ---- the quiz

async function answer(form) {
  const said = form.querySelector(".said");
  const choice = new FormData(form).get("choice");
  if (choice === null) {
    said.textContent = words.choose;
    return;
  }
  try {
    const place = `/api/progress/lessons/${slug}/quiz/${form.dataset.question}`;
    const told = await ask("PUT", place, { choice });
    for (const known of told.choices) {
      const label = form.querySelector(`label[data-choice="${CSS.escape(known.id)}"]`);
      label.classList.toggle("right", known.right);
      label.classList.toggle("chosen", known.id === choice);
      label.querySelector(".because").textContent = known.because;
      label.querySelector(".because").hidden = !known.right && known.id !== choice;
    }
    said.textContent = told.right ? words.right : words.wrong;
  } catch (error) {
    said.textContent = error.message;
  }
}
