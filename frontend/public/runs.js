// The page of kept runs: what changes something there, as requests to the API.
import { asker } from "./page.js";

const main = document.querySelector("main.runs");
for (const control of main.querySelectorAll(".scripted")) control.hidden = false;

const run = (form) => `/api/runs/${form.closest("[data-run]").dataset.run}`;
const asked = asker(main.dataset.noAnswer);

const does = {
  async rename(form, fields) {
    const renamed = await asked("PUT", run(form), { name: fields.get("name") });
    go(renamed.id);
  },
  async delete(form) {
    await asked("DELETE", run(form));
    go();
  },
  async keep(form, fields) {
    const sandbox = form.closest("[data-sandbox-of]").dataset.sandboxOf;
    go((await asked("POST", "/api/runs", { sandbox, name: fields.get("name") })).id);
  },
  async import(form, fields) {
    const file = fields.get("file");
    const name = fields.get("name").trim() || file.name.replace(/\.[^.]*$/, "").slice(0, 80);
    const address = `/api/runs?name=${encodeURIComponent(name)}`;
    go((await asked("POST", address, file, "application/x-ndjson")).id);
  },
};

// The page anew, at the run that was changed.
function go(id) {
  history.replaceState(null, "", id ? `#run-${id}` : location.pathname);
  location.reload();
}

main.addEventListener("submit", async (event) => {
  const form = event.target;
  const does_it = does[form.dataset.does];
  if (!does_it) return;
  event.preventDefault();
  const said = form.querySelector(".said");
  const button = form.querySelector("button");
  said.textContent = form.dataset.does === "import" ? main.dataset.working : "";
  button.disabled = true;
  try {
    await does_it(form, new FormData(form));
  } catch (error) {
    said.textContent = error.message;
    button.disabled = false;
  }
});
