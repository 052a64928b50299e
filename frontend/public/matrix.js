// The page of the coverage matrix: begins one and follows it. Words and shapes are in the page.
import { asker, filled, say } from "./page.js";

const main = document.querySelector("main.matrix");
const form = main.querySelector("form.setup");
const button = form.querySelector("button");
const said = form.querySelector(".said");
const sentence = main.querySelector(".sentence");
const progress = main.querySelector("progress");
const count = main.querySelector(".count");
const holes = main.querySelector(".holes");
const switches = [...form.querySelectorAll("input[role=switch]")];

for (const control of main.querySelectorAll(".scripted")) control.hidden = false;
const isRed = (cell) => ["inconsistent", "stuck", "unreached"].includes(cell.state);
const address = (run) => `/playground?run=${run}`;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  said.textContent = "";
  button.disabled = true;
  const wanted = Object.fromEntries(switches.map((input) => [input.name, input.checked]));
  try {
    const { id } = await asked("POST", "/api/matrix", { topology: main.dataset.topology, switches: wanted });
    history.replaceState(null, "", `/matrix?topology=${main.dataset.topology}`);
    await follow(id);
  } catch (error) {
    said.textContent = error.message;
  }
  button.disabled = false;
});

// A result with other protections than those chosen now says so.
form.addEventListener("change", compare);
function compare() {
  const off = switches.filter((input) => !input.checked).map((input) => input.name);
  const had = main.dataset.off;
  main.querySelector(".stale").hidden =
    had === undefined || main.dataset.state === "running" || [...off].sort().join() === had.split(",").sort().join();
}

const request = asker(main.dataset.noAnswer);
async function asked(method, path, body) {
  try {
    return await request(method, path, body);
  } catch (error) {
    throw error.status === 404 ? new Error(main.dataset.gone) : error;
  }
}

async function follow(id) {
  for (let known = ""; ; ) {
    const matrix = await asked("GET", `/api/matrix/${id}${known}`);
    show(matrix);
    if (matrix.state !== "running") return;
    known = `?after=${matrix.revision}`;
  }
}

function show(matrix) {
  const { cells, state, detail, took_ms } = matrix;
  const off = Object.keys(matrix.switches).filter((name) => !matrix.switches[name]);
  Object.assign(main.dataset, { state, off: off.join() });
  for (const cell of cells) showCell(cell);

  const red = cells.filter(isRed);
  const figures = {
    all: cells.length,
    ended: red.length + cells.filter((cell) => cell.state === "consistent").length,
    red: red.length,
    seconds: (Math.floor(took_ms / 100) / 10).toFixed(1),
    detail,
  };
  progress.hidden = count.hidden = state !== "running";
  progress.value = figures.ended;
  count.textContent = filled(main.dataset.count, figures);
  const words = { running: "running", failed: "failed", done: red.length ? "someRed" : "allGreen" }[state];
  say(sentence, filled(main.dataset[words], figures));
  say(main.querySelector(".with"), withOff(off));
  main.querySelector(".clean").hidden = !(state === "done" && red.length === 0);
  if (holes.querySelectorAll("li").length !== red.length) {
    holes.querySelector("ul").replaceChildren(...red.map(hole));
  }
  holes.hidden = red.length === 0;
  compare();
}

function withOff(off) {
  const { allOn, withOff: some, and } = main.dataset;
  const names = off.length > 1 ? off.slice(0, -1).join(", ") + and + off.at(-1) : off[0];
  return off.length ? filled(some, { names }) : allOn;
}

const mark = (state) => main.querySelector(`#cell-${state}`).content.cloneNode(true);

function showCell({ step, fault, state, run, detail }) {
  const cell = main.querySelector(`[data-cell="${step}/${fault}"]`);
  if (!cell || cell.dataset.state === state) return;
  cell.dataset.state = state;
  cell.title = detail;
  const link = cell.querySelector("a");
  if (run) link.href = address(run);
  else link.removeAttribute("href");
  link.querySelector(".outcome").replaceChildren(mark(state));
}

function hole({ step, fault, state, run, detail }) {
  const item = main.querySelector("#hole").content.cloneNode(true).firstElementChild;
  const name = main.querySelector(`th[data-fault="${fault}"] b`).textContent;
  item.dataset.state = state;
  item.querySelector(".struck").textContent = step;
  item.querySelector(".by").textContent = name;
  item.querySelector(".outcome").replaceChildren(mark(state));
  item.querySelector(".why").textContent = detail;
  item.querySelector("a").href = address(run);
  item.querySelector("a .visually-hidden").textContent = `: ${step}, ${name}`;
  return item;
}

compare();
if (main.dataset.state === "running") {
  button.disabled = true;
  follow(main.dataset.matrix)
    .catch((error) => (said.textContent = error.message))
    .finally(() => (button.disabled = false));
}
