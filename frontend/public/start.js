// Starts a page's islands when the first of them comes near the viewport: the wasm is loaded,
// then each island is handed to its function, as leptos's own start-up script does, which is
// an inline script and so not allowed here.
const named = (name) => document.querySelector(`meta[name="${name}"]`)?.content;
const islands = [...document.querySelectorAll("leptos-island")];

// A click that comes before the island lives is kept and made again.
const early = new Set();
const keep = (event) => {
  const button = event.target.closest("leptos-island button");
  if (button) early.add(button);
};

let started = false;
async function start() {
  if (started) return;
  started = true;
  try {
    const glue = await import(named("glue"));
    await glue.default({ module_or_path: named("wasm") });
    glue.hydrate();
    for (const island of islands) await glue[island.dataset.component]?.(island);
    glue.awake();
    document.removeEventListener("click", keep);
    early.forEach((button) => button.click());
  } finally {
    // Awake or not, nothing more will come of it by itself.
    document.documentElement.dataset.islands = "started";
    document.dispatchEvent(new Event("islands-started"));
  }
}

if (islands.length > 0 && named("glue")) {
  document.addEventListener("click", keep);
  const near = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) {
        near.disconnect();
        start();
      }
    },
    { rootMargin: "600px" },
  );
  // Or earlier, where another script waits for them.
  document.addEventListener("islands-wanted", start, { once: true });
  islands.forEach((island) => near.observe(island.firstElementChild ?? island));
}

// While developing: when the server is back after a build, so is the page.
const reload = named("dev-reload");
if (reload) {
  let lost = false;
  const server = new EventSource(reload);
  server.onerror = () => (lost = true);
  server.onopen = () => lost && location.reload();
}
