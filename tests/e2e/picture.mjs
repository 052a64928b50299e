// Makes style/picture.png, the picture README opens with: the lesson on sagas at 1440 × 900 in
// the light theme, at the moment a declined payment travels back to inventory.
//
//     cargo xtask assets && cargo build -p server && (cd tests/e2e && npm ci && node picture.mjs)
//
// CHROMIUM and TERRARIUM name another browser and another server than the usual ones; a file
// name given as an argument, another place for the picture.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { chromium } from '@playwright/test';

const here = import.meta.dirname;
const file = process.argv[2] ?? resolve(here, '../../style/picture.png');
const most = 300_000;

async function take(url) {
  const isRoot = process.getuid?.() === 0;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--disable-gpu', '--disable-background-networking', ...(isRoot ? ['--no-sandbox'] : [])],
  });
  try {
    const page = await browser.newPage({
      viewport: { width: 1440, height: 900 },
      deviceScaleFactor: 1,
      colorScheme: 'light',
    });
    await page.goto(`${url}/lessons/sagas`);
    const glass = page.getByRole('region', { name: 'Terrarium' });
    const button = (name) => glass.getByRole('button', { name, exact: true });
    await glass.getByText('4 services up').waitFor();
    for (const id of [101, 102]) {
      await button('Place an order').click();
      await glass.getByText(`notifications tells the customer of order ${id}.`).first().waitFor();
    }
    await button('Decline payments').click();
    await glass.getByRole('button', { name: 'Decline payments', pressed: true }).waitFor();
    await button('Place an order').click();
    await glass.getByText('notifications tells the customer of order 103.').first().waitFor();
    // Back to the moment at which the failure reaches inventory, and is the call to undo.
    await button('Pause').click();
    await glass.getByRole('slider', { name: 'Position' }).fill(await undoing(page, url));
    await button('Play').waitFor();
    // Neither the pointer nor the focus belongs into the picture.
    await page.mouse.move(0, 0);
    await page.evaluate(() => document.activeElement?.blur());
    await page.waitForFunction(() => document.querySelector('.scene')?.textContent.includes('29.99 declined'));
    await page.screenshot({ path: file });
  } finally {
    await browser.close();
  }
}

/** The position at which PaymentFailed is handed to inventory. */
async function undoing(page, url) {
  const { request } = page.context();
  const [{ id }] = await (await request.get(`${url}/api/sandboxes`)).json();
  const headers = { accept: 'application/x-ndjson' };
  const record = await (await request.get(`${url}/api/sandboxes/${id}/events`, { headers })).text();
  const events = record.trim().split('\n').map((line) => JSON.parse(line));
  const failed = events.find(({ observation }) => observation.envelope?.type === 'PaymentFailed').position;
  const handed = events.find(
    ({ observation }) =>
      observation.kind === 'MessageDelivered' &&
      observation.group === 'inventory' &&
      observation.source_position === failed,
  );
  return String(handed.position);
}

const dataDir = await mkdtemp(join(tmpdir(), 'terrarium-picture-'));
const binary = process.env.TERRARIUM ?? resolve(here, '../../target/debug/terrarium');
const server = spawn(binary, ['serve', '--addr', '127.0.0.1:0', '--data-dir', dataDir], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const [line] = await once(createInterface({ input: server.stdout }), 'line');
  await take(/http:\S+/.exec(line)[0]);
} finally {
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
  await rm(dataDir, { recursive: true, force: true });
}
const { size } = await stat(file);
console.log(`${file}: ${Math.round(size / 1000)} kB`);
if (size > most) throw new Error(`more than the ${most / 1000} kB a README should load`);
