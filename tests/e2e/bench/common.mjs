// What the measurements of the page share. Each is a script that drives Chromium against the
// server `TERRARIUM_URL` names, tells on stderr what it does, and writes one line of JSON to
// stdout: a figure to a name. `cargo xtask bench page` starts the server and holds the figures
// against their budgets.
import { setTimeout as sleep } from 'node:timers/promises';

import { chromium } from '@playwright/test';

export { sleep };

const url = process.env.TERRARIUM_URL;
if (!url) throw new Error('TERRARIUM_URL names no server; `cargo xtask bench page` starts one');
const patience = 120_000;

/** As in playwright.config.ts: headless, drawn by the processor. */
const flags = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const say = (text) => console.error(`• ${text}`);

export const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length);

export function percentile(numbers, percent) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0;
}

/** Runs a measurement with a browser window of 1440 × 900 and writes its figures. */
export async function measure(run, { args = [] } = {}) {
  const isRoot = process.getuid?.() === 0;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...flags, ...args, ...(isRoot ? ['--no-sandbox'] : [])],
  });
  try {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, deviceScaleFactor: 1 });
    context.on('weberror', (error) => console.error(error.error().stack));
    console.log(JSON.stringify(await run(context, browser)));
  } finally {
    await browser.close();
  }
}

/** A system of the context's session, by the API. */
export class System {
  constructor(request, id) {
    this.request = request;
    this.id = id;
  }

  static async start(context) {
    const answer = await context.request.post(`${url}/api/sandboxes`, { data: { topology: 'saga-choreography' } });
    if (!answer.ok()) throw new Error(`no sandbox: ${await answer.text()}`);
    const system = new System(context.request, (await answer.json()).id);
    await system.until((standing) => standing.services?.length && standing.services.every(({ health }) => health === 'up'));
    return system;
  }

  async call(method, path, data) {
    const answer = await this.request.fetch(`${url}${path}`, { method, data, timeout: patience });
    if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${await answer.text()}`);
    return answer;
  }

  async delete() {
    await this.call('DELETE', `/api/sandboxes/${this.id}`);
  }

  async standing() {
    return (await this.call('GET', `/api/sandboxes/${this.id}`)).json();
  }

  async until(reached) {
    const end = Date.now() + patience;
    while (Date.now() < end) {
      const standing = await this.standing();
      if (reached(standing)) return standing;
      await sleep(100);
    }
    throw new Error(`the sandbox did not come so far within ${patience / 1000} s`);
  }

  /** Orders at this rate a second from now on. */
  async load(rate) {
    await this.call('PUT', `/api/sandboxes/${this.id}/load`, { type: 'PlaceOrder', rate });
  }

  /** Ends the load and waits until nothing is added to the record any more. */
  async rest() {
    await this.call('DELETE', `/api/sandboxes/${this.id}/load`);
    let last = 0;
    let since = Date.now();
    await this.until(({ position }) => {
      if (position !== last) [last, since] = [position, Date.now()];
      return Date.now() - since > 1_500;
    });
    return last;
  }

  async record(after = 0) {
    const path = `${url}/api/sandboxes/${this.id}/events?after=${after}`;
    const answer = await this.request.get(path, { headers: { accept: 'application/x-ndjson' }, timeout: patience });
    return (await answer.text()).split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }
}

/** The address of a run's or system's picture. */
export function playground(id, at) {
  return `${url}/playground?run=${id}${at === undefined ? '' : `&at=${at}`}`;
}

/** Lets the display's clock run for so many milliseconds; gives the time between its frames. */
export async function frames(page, ms) {
  return page.evaluate(
    (ms) =>
      new Promise((done) => {
        const gaps = [];
        let [first, last] = [0, 0];
        const frame = (time) => {
          if (first === 0) first = time;
          else gaps.push(time - last);
          last = time;
          if (time - first < ms) requestAnimationFrame(frame);
          else done(gaps);
        };
        requestAnimationFrame(frame);
      }),
    ms,
  );
}

/** Frames a second, and the share of frames, in percent, that took longer than 25 ms. */
export function rate(gaps) {
  return { fps: 1000 / mean(gaps), late: (gaps.filter((gap) => gap > 25).length / gaps.length) * 100 };
}
