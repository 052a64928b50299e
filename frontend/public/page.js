// What the pages' scripts have in common.

// Gives what asks the API: it returns the answer, or throws an error whose message is a sentence for
// people, with its `status`; `noAnswer` is that sentence where there is none. What is not sent as JSON
// says what it is by `type`.
export function asker(noAnswer) {
  return async (method, address, body, type = "application/json") => {
    let answer;
    try {
      const headers = body === undefined ? {} : { "Content-Type": type };
      answer = await fetch(address, { method, headers, body: type === "application/json" ? JSON.stringify(body) : body });
    } catch {
      throw new Error(noAnswer);
    }
    const told = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(told.detail ?? noAnswer), { status: answer.status });
    return told;
  };
}

// An EventSource does not tell why it was refused. The same asked once more does: by its status, and a
// sentence where there is one; neither where nobody answers.
export async function refusal(stream) {
  const asking = new AbortController();
  try {
    const answer = await fetch(stream, { headers: { Accept: "text/event-stream" }, signal: asking.signal });
    const { detail = "" } = answer.ok ? {} : await answer.json().catch(() => ({}));
    const isCrowded = answer.status === 429 || answer.status === 503;
    return { isGone: answer.status === 404, isCrowded, detail };
  } catch {
    return {};
  } finally {
    asking.abort();
  }
}

// A random UUID. A school's plain http has no crypto.randomUUID.
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// A sentence of the page with its figures in it.
export const filled = (text, figures) => text.replace(/\{(\w+)\}/g, (_, name) => figures[name]);

// What is heard is only said anew when it is another thing.
export function say(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}
