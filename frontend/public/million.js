// The page of the million events: asks for what is pressed, and takes what has changed anew from
// the server, which has the words.
import { asker } from "./page.js";

const main = document.querySelector("main.million");
const known = {};

const request = asker(main.dataset.noAnswer);
async function asked(method, path, body) {
  try {
    return await request(method, path, body);
  } catch (error) {
    if (error.status !== 404) throw error;
    delete main.dataset.run;
    throw Object.assign(new Error(main.dataset.gone), { status: 404 });
  }
}

// The sandbox that keeps what is made here; the first press starts one where there is none, and a
// second press meanwhile waits for the same.
let starting;
async function sandbox() {
  if (!main.dataset.run) {
    starting ??= asked("POST", "/api/sandboxes", { topology: main.dataset.topology }).finally(() => (starting = undefined));
    const { id } = await starting;
    main.dataset.run = id;
    history.replaceState(null, "", `/million?run=${id}${location.hash}`);
  }
  return `/api/sandboxes/${main.dataset.run}/million`;
}

const load = async (every) => asked("POST", `${await sandbox()}/loads`, { snapshot_every: every || null });
const chosen = () => Number(main.querySelector("input[name=every]:checked")?.value ?? main.dataset.every);

const does = {
  make: async () => {
    await asked("POST", "/api/million");
    followStore();
  },
  load: () => load(chosen()),
  measure: async () => {
    for (const { value } of main.querySelectorAll("input[name=every]")) {
      for (let time = 0; time < 5; time += 1) {
        await load(Number(value));
        await refresh();
      }
    }
  },
  damage: async () => asked("POST", `${await sandbox()}/damage`),
  reload: () => load(Number(main.dataset.every)),
  check: async () => asked("POST", `${await sandbox()}/check`),
  repair: async () => {
    const every = Number(main.dataset.every);
    await asked("DELETE", `${await sandbox()}/snapshots`);
    await load(every);
  },
  build: async (button) => {
    await asked("POST", `${await sandbox()}/projections/${button.closest("[data-model]").dataset.model}`);
    followCopies();
  },
};

main.addEventListener("click", async ({ target }) => {
  const button = target.closest("button[data-do]");
  if (!button || button.getAttribute("aria-disabled") === "true") return;
  const said = button.parentElement.querySelector(".said");
  said.textContent = "";
  // Not disabled, which would lose the focus.
  button.setAttribute("aria-disabled", "true");
  try {
    await does[button.dataset.do](button);
  } catch (error) {
    said.textContent = error.message;
  }
  await refresh().catch(() => {});
  button.removeAttribute("aria-disabled");
});

// Takes over whatever is marked as living, where it has changed.
async function refresh() {
  const query = main.dataset.run ? `?run=${main.dataset.run}` : "";
  const answer = await fetch(`/million${query}`);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("main.million");
  for (const part of main.querySelectorAll("[data-live]")) {
    const now = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (!now) continue;
    if (now.dataset.state) part.dataset.state = now.dataset.state;
    if (now.innerHTML !== part.innerHTML) part.replaceChildren(...now.childNodes);
  }
  main.dataset.store = fresh.dataset.store;
  if (fresh.dataset.every) main.dataset.every = fresh.dataset.every;
  else delete main.dataset.every;
  offer();
}

// Shows the buttons whose time it is.
function offer() {
  const { store, every } = main.dataset;
  for (const button of main.querySelectorAll("button[data-when]")) {
    const state = button.closest("[data-model]")?.querySelector("[data-state]").dataset.state;
    // Nothing can be built of events that are not there.
    const now = state ? [store === "ready" && state] : [store, store === "ready" && every && "snapshots"];
    const had = button === document.activeElement;
    button.hidden = !button.dataset.when.split(" ").some((when) => now.includes(when));
    if (had && button.hidden) {
      const next = button.closest("article, section").querySelector("h2, h3");
      next.tabIndex = -1;
      next.focus();
    }
  }
}

const rest = (ms) => new Promise((done) => setTimeout(done, ms));

// Follows something until nothing of it is under way.
async function follow(name, path, isUnderWay) {
  if (known[name]) return;
  known[name] = true;
  try {
    for (let after = ""; ; ) {
      const stands = await asked("GET", `${path()}${after}`);
      const goesOn = isUnderWay(stands);
      // What is pressed while the page takes over the end of it is followed anew.
      known[name] = goesOn;
      await refresh();
      if (!goesOn) return;
      after = `?after=${stands.revision}`;
      // News may come more often than anybody can read.
      await rest(250);
    }
  } catch (error) {
    known[name] = false;
    // Where it is gone, the next press says so.
    if (error.status !== 404) setTimeout(() => follow(name, path, isUnderWay), 2000);
  }
}

const followStore = () => follow("store", () => "/api/million", ({ state }) => state === "making");
const isBuilding = ({ state }) => ["queued", "building", "quiet"].includes(state);
const followCopies = () =>
  follow(
    "copies",
    () => `/api/sandboxes/${main.dataset.run}/million`,
    ({ read_models }) => read_models.some(isBuilding),
  );

offer();
if (main.dataset.store === "making") followStore();
if (main.dataset.run && [...main.querySelectorAll("[data-state]")].some(({ dataset }) => isBuilding(dataset))) followCopies();
