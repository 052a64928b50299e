// The page of kept runs: what changes something there, as requests to the API.
const main = document.querySelector("main.runs");
for (const control of main.querySelectorAll(".scripted")) control.hidden = false;

const run = (form) => `/api/runs/${form.closest("[data-run]").dataset.run}`;
const send = (method, address, body) =>
  fetch(address, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

const does = {
  async rename(form, fields) {
    const renamed = await done(send("PUT", run(form), { name: fields.get("name") }));
    go(renamed.id);
  },
  async delete(form) {
    await done(fetch(run(form), { method: "DELETE" }));
    go();
  },
  async keep(form, fields) {
    const sandbox = form.closest("[data-sandbox-of]").dataset.sandboxOf;
    go((await done(send("POST", "/api/runs", { sandbox, name: fields.get("name") }))).id);
  },
  async import(form, fields) {
    const file = fields.get("file");
    const name = fields.get("name").trim() || file.name.replace(/\.[^.]*$/, "").slice(0, 80);
    const address = `/api/runs?name=${encodeURIComponent(name)}`;
    const headers = { "Content-Type": "application/x-ndjson" };
    go((await done(fetch(address, { method: "POST", headers, body: file }))).id);
  },
};

// The answer, or an error whose message is a sentence for people.
async function done(request) {
  let answer;
  try {
    answer = await request;
  } catch {
    throw new Error(main.dataset.noAnswer);
  }
  const body = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.detail ?? main.dataset.noAnswer);
  return body;
}

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
