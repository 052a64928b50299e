import { readFile } from 'node:fs/promises';

import type { Page } from '@playwright/test';

import { expect, Terrarium, test } from '../fixtures.ts';
import { Api, Glass } from '../glass.ts';

/** Keeps what has happened so far, by the sheet under the glass. Gives the way to it. */
async function keep(glass: Glass, name: string): Promise<string> {
  const sheet = await glass.sheet('Keep and export');
  await sheet.getByLabel('Name of the run').fill(name);
  await sheet.getByRole('button', { name: 'Keep this run' }).click();
  const said = sheet.getByRole('status');
  await expect(said).toContainText(`“${name}” is kept.`);
  return (await said.getByRole('link', { name: 'Open it' }).getAttribute('href')) ?? '';
}

/** One order that is settled, however it ends. */
async function order(glass: Glass, api: Api, id: number, status: string): Promise<void> {
  await glass.press('Place an order');
  await api.until(`notification ${id} SENT`);
  await expect(glass.order(id, status)).toBeVisible();
}

/** A kept run in the list of all of them. */
function entry(page: Page, name: string) {
  return page.getByRole('region', { name: 'Kept' }).getByRole('listitem').filter({ hasText: name });
}

test('a run is kept under a name, opens as it was, and does not change', async ({
  page,
  context,
  terrarium,
  accessibilityProblems,
}) => {
  const glass = await Glass.open(page, '/playground');
  const api = Api.of(page, terrarium.url);
  await order(glass, api, 101, 'CONFIRMED');
  await api.decline();
  await order(glass, api, 102, 'CANCELLED');
  const record = await api.record();
  const failed = await api.published('PaymentFailed', 102);

  const sheet = await glass.sheet('Keep and export');
  await sheet.getByRole('button', { name: 'Keep this run' }).click();
  await expect(sheet.getByRole('alert')).toHaveText('Give the run a name first.');
  expect(await accessibilityProblems(), 'asked for a name').toEqual([]);
  const way = await keep(glass, 'The card is declined');
  expect(await accessibilityProblems(), 'kept').toEqual([]);

  await test.step('it is on the page of runs', async () => {
    await sheet.getByRole('link', { name: 'all your runs' }).click();
    await expect(page).toHaveURL(/\/runs$/);
    await expect(entry(page, 'The card is declined')).toContainText(`${record.length} events`);
    expect(await accessibilityProblems(), 'runs').toEqual([]);
  });

  // What happens to the system later is nothing to the run.
  await api.placeOrder();
  await api.until('notification 103 SENT');

  await test.step('it opens read-only', async () => {
    await entry(page, 'The card is declined').getByRole('link', { name: 'The card is declined' }).click();
    await expect(page).toHaveURL(new RegExp(`${way.replace('?', '\\?')}`));
    await expect(glass.saying('This is a kept run')).toBeVisible();
    await expect(glass.order(102, 'CANCELLED')).toBeVisible();
    await expect(glass.order(103, 'PENDING')).toHaveCount(0);
    for (const name of ['Place an order', 'Ten orders', 'Decline payments', 'Crash inventory', 'Start over']) {
      await expect(glass.button(name), name).toBeHidden();
    }
    await expect(glass.vessel.getByText('Steady load')).toBeHidden();
    expect(await accessibilityProblems(), 'a kept run').toEqual([]);
  });

  await test.step('its address brings back position and view', async () => {
    await glass.seek(failed.position);
    await glass.open('Story');
    await expect(glass.told).toContainText('payments could not charge 29.99 for order 102');
    const { searchParams } = new URL(page.url());
    expect([searchParams.get('at'), searchParams.get('view')]).toEqual([String(failed.position), 'story']);
    const other = await context.newPage();
    await other.goto(page.url());
    const again = new Glass(other);
    await again.at(failed.position);
    await again.stands('Story');
    await expect(again.view).toHaveText(await glass.view.innerText(), { useInnerText: true });
    await other.close();
  });

  await test.step('it outlives its system', async () => {
    await api.request.delete(await api.sandbox());
    await page.reload();
    await glass.at(failed.position);
    await glass.open('Diagram');
    await expect(glass.order(102, 'PENDING')).toBeVisible();
  });
});

test('a record goes as a file to another server, and a bad one is refused', async ({
  page,
  browser,
  terrarium,
  complaints,
  accessibilityProblems,
}) => {
  complaints.forgive(/status of 422/);
  const glass = await Glass.open(page, '/playground');
  const api = Api.of(page, terrarium.url);
  await order(glass, api, 101, 'CONFIRMED');
  const sheet = await glass.sheet('Keep and export');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    sheet.getByRole('button', { name: 'NDJSON (the record)' }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/\.ndjson$/);
  const file = await readFile(await download.path());
  const lines = file.toString().trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(await api.record());

  const second = await Terrarium.start();
  try {
    const context = await browser.newContext({ baseURL: second.url });
    complaints.watch(context, second.url);
    const there = await context.newPage();
    await there.goto('/runs');
    await expect(there.getByText('Nothing is kept yet.')).toBeVisible();

    await test.step('a bad file is refused, and the line named', async () => {
      const bad = [...lines.slice(0, 6), '{"position":7}', ...lines.slice(7)].join('\n');
      await bring(there, Buffer.from(`${bad}\n`), 'Spoiled');
      await expect(there.getByRole('region', { name: 'Open a file' }).getByRole('alert')).toContainText(/\bline 7\b/i);
      await there.reload();
      await expect(there.getByText('Nothing is kept yet.')).toBeVisible();
    });

    await bring(there, file, 'From afar');
    await expect(entry(there, 'From afar')).toContainText('from a file');
    await entry(there, 'From afar').getByRole('link', { name: 'From afar' }).click();
    const here = new Glass(there);
    await expect(here.order(101, 'CONFIRMED')).toBeVisible();
    await expect(here.drawn('item 42 on hand 99')).toBeVisible();
    const id = new URL(there.url()).searchParams.get('run');
    const again = await context.request.get(`${second.url}/api/runs/${id}/export/ndjson`);
    expect(await again.text(), 'the same file comes out').toBe(file.toString());
    await context.close();
  } finally {
    await second.stop();
  }
  await page.goto('/runs');
  expect(await accessibilityProblems(), 'runs, nothing kept').toEqual([]);
});

async function bring(page: Page, buffer: Buffer, name: string): Promise<void> {
  const form = page.getByRole('region', { name: 'Open a file' });
  await form.getByLabel('NDJSON file').setInputFiles({ name: 'run.ndjson', mimeType: 'application/x-ndjson', buffer });
  await form.getByLabel('Name (optional)').fill(name);
  await form.getByRole('button', { name: 'Import' }).click();
}

test('two runs side by side show where they first part', async ({ page, terrarium, accessibilityProblems }) => {
  const glass = await Glass.open(page, '/playground');
  for (const name of ['All is well', 'The second is declined']) {
    const api = Api.of(page, terrarium.url);
    await order(glass, api, 101, 'CONFIRMED');
    if (name !== 'All is well') await api.decline();
    await order(glass, api, 102, name === 'All is well' ? 'CONFIRMED' : 'CANCELLED');
    await keep(glass, name);
    if (name === 'All is well') {
      await glass.press('Start over');
      await glass.press('Delete and start anew');
      await expect(glass.noOrders).toBeVisible();
      await expect(glass.picture).toHaveAccessibleName(/orders: up.*inventory: up.*payments: up.*notifications: up/);
    }
  }

  await page.goto('/runs');
  await expect(entry(page, 'All is well')).toHaveCount(1);
  const form = page.getByRole('region', { name: 'Compare two' });
  await form.getByLabel('One run').selectOption('All is well');
  await form.getByLabel('The other').selectOption('The second is declined');
  await form.getByRole('button', { name: 'Compare' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Side by side' })).toBeVisible();
  const first = page.getByRole('region', { name: /^The first difference: Command 1$/ });
  // The fault counts to the command before it; the first has nothing of the kind.
  await expect(first).toContainText('nothing of the kind');
  const command = page.getByRole('group').filter({ has: page.getByRole('heading', { name: 'Command 2' }) });
  await expect(command).toContainText('differs');
  await command.getByText('Command 2').click();
  await expect(command.getByText('only in this run').first()).toBeAttached();
  await expect(command).toContainText(/CONFIRMED[\s\S]*CANCELLED/);
  expect(await accessibilityProblems(), 'compared').toEqual([]);

  // A difference leads to the picture at that moment.
  const way = first.getByRole('link').last();
  const at = new URL((await way.getAttribute('href')) ?? '', terrarium.url).searchParams.get('at');
  await way.click();
  await glass.at(Number(at));
});
