import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures.ts';

// Few enough to be quick in a server built for finding errors.
test.use({ serverEnv: { TERRARIUM_MILLION_EVENTS: '155555' } });

const region = (page: Page, name: string) => page.getByRole('region', { name });
const load = (page: Page) => page.getByRole('button', { name: 'Load the account' });
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

async function make(page: Page) {
  await page.goto('/million');
  await press(page, 'Make the million events');
  await expect(region(page, 'The events').getByRole('status')).toHaveText(/^155,555 events of one account lie on this server/, {
    timeout: 60_000,
  });
}

test('what snapshots buy is measured, and one that lies is found', async ({
  page,
  browser,
  terrarium,
  complaints,
  accessibilityProblems,
}) => {
  await page.goto('/million');
  const events = region(page, 'The events');
  await expect(events.getByRole('status')).toContainText('This server has none of them yet.');
  await expect(load(page)).toBeHidden();
  await expect(page.getByRole('button', { name: /^Build it/ })).toHaveCount(0);
  expect(await accessibilityProblems(), 'no events yet').toEqual([]);

  await test.step('the events are made, with progress', async () => {
    await press(page, 'Make the million events');
    await expect(page.getByRole('progressbar', { name: 'Events appended' })).toBeVisible();
    await expect(events.getByRole('status')).toHaveText(/^155,555 events/, { timeout: 60_000 });
    await expect(page.getByRole('button', { name: 'Make the million events' })).toBeHidden();
  });

  const loading = region(page, 'What loading costs');
  const balance = async () => (await loading.getByRole('status').innerText()).match(/The balance is ([\d,.]+)\./)?.[1];
  await test.step('loading without a snapshot replays all of them', async () => {
    await page.getByRole('radio', { name: 'no snapshots' }).check({ force: true });
    await load(page).click();
    await expect(loading.getByRole('status')).toContainText('all 155,555 events replayed');
    await expect(page).toHaveURL(/\/million\?run=[0-9a-f]{32}/);
  });
  const right = await balance();

  await test.step('with one at each 1,000 it replays the rest, and that is drawn', async () => {
    await page.getByRole('radio', { name: '1,000 events', exact: true }).check({ force: true });
    await load(page).click();
    await expect(loading.getByRole('status')).toContainText('the snapshot at event 155,000, and 555 events behind it');
    expect(await balance()).toBe(right);
    const row = loading.getByRole('row').filter({ has: page.getByRole('rowheader', { name: '1,000 events', exact: true }) });
    await expect(row.getByRole('cell').nth(1)).toHaveText(/^[\d.]+ (µs|ms)$/);
    await expect(row.getByRole('cell').nth(2)).toHaveText('555');
    await expect(loading.getByText('Measured on this machine, just now.')).toBeVisible();
    await expect(region(page, 'What snapshots cost')).toContainText('there are 155 snapshots, at each 1,000 events');
    expect(await accessibilityProblems(), 'measured').toEqual([]);
  });

  await test.step('a snapshot is made wrong, misleads, is found and made again', async () => {
    await press(page, 'Damage the newest snapshot');
    const wrong = region(page, 'A snapshot that lies');
    await expect(wrong.getByRole('status')).toContainText('member 42 has 1,000.00 more than the events say');
    await press(page, 'Load from it');
    await expect(wrong.getByRole('status')).toContainText('Loaded in');
    const misled = await balance();
    expect(misled).not.toBe(right);
    await press(page, 'Check all snapshots');
    await expect(wrong.getByRole('status')).toContainText('1 of them is wrong');
    const found = await wrong.getByRole('listitem').innerText();
    const [, says, should] = found.match(/^The one at event 155,000 says ([\d,.]+); the events say ([\d,.]+)\.$/) ?? [];
    const cents = (money = '') => Math.round(100 * Number(money.replaceAll(',', '')));
    expect(cents(says) - cents(should), found).toBe(100_000);
    expect(cents(misled) - cents(right)).toBe(100_000);
    expect(await accessibilityProblems(), 'found').toEqual([]);
    await press(page, 'Throw them away and make them again');
    await expect.poll(balance).toBe(right);
    await press(page, 'Check all snapshots');
    await expect(wrong.getByRole('status')).toContainText('each of them is right');
  });

  await test.step('another window shows the same, without a script, too', async () => {
    const context = await browser.newContext({
      baseURL: terrarium.url,
      javaScriptEnabled: false,
      storageState: await page.context().storageState(),
    });
    complaints.watch(context, terrarium.url);
    const plain = await context.newPage();
    await plain.goto(page.url());
    await expect(region(plain, 'What loading costs').getByRole('status')).toContainText(`The balance is ${right}.`);
    await expect(region(plain, 'What snapshots cost')).toContainText('there are 155 snapshots');
    await expect(plain.getByRole('button')).toHaveCount(0);
    await context.close();
  });
});

test('read models are added one after the other, and read while they are built', async ({ page, accessibilityProblems }) => {
  await make(page);
  const savings = page.getByRole('article', { name: 'Savings by member' });
  const months = page.getByRole('article', { name: 'Totals by month' });
  await expect(savings.getByRole('status')).toHaveText('Not built yet.');
  await savings.getByRole('button', { name: 'Build it: Savings by member' }).click();
  await months.getByRole('button', { name: 'Build it: Totals by month' }).click();
  await expect(months.getByRole('status')).toHaveText(/Waiting for its turn|Being built/);
  await expect(savings.getByRole('progressbar')).toBeVisible();
  for (const model of [savings, months]) {
    await expect(model.getByRole('status')).toHaveText('It has caught up.', { timeout: 60_000 });
    await expect(model).toContainText(/155,555 of 155,555 events, [\d,]+ a second/);
    await expect(model).toContainText(/Readers meanwhile:?\s*[\d,]+ reads: half within [\d.]+ (µs|ms), 99 of 100 within/);
    await expect(model).toContainText(/times as long as alone, at the 99th of 100/);
    await expect(model.getByRole('table').getByRole('row')).toHaveCount(6);
  }
  expect(await accessibilityProblems(), 'built').toEqual([]);

  await test.step('built anew, the old one serves until then', async () => {
    await savings.getByRole('button', { name: 'Build it anew beside the old one: Savings by member' }).click();
    await expect(savings.getByRole('status')).toHaveText('Being built anew; readers see the old one until then.');
    await expect(savings.getByRole('table').getByRole('row')).toHaveCount(6);
    await expect(savings.getByRole('status')).toHaveText('It has caught up.', { timeout: 60_000 });
  });
});

test('a server that is lost is named, and what was made is there when it is back', async ({ page, complaints, terrarium }) => {
  complaints.forgive(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
  await make(page);
  await load(page).click();
  await expect(region(page, 'What snapshots cost')).toContainText('there are 155 snapshots');
  await terrarium.kill9();
  await load(page).click();
  await expect(region(page, 'What loading costs').getByRole('alert')).toContainText('The server did not answer.');
  await terrarium.restart();
  await load(page).click();
  await expect(region(page, 'What loading costs').getByRole('alert')).toBeHidden();
  await expect(region(page, 'What snapshots cost')).toContainText('there are 155 snapshots');
});

for (const [width, height] of [
  [1440, 900],
  [1024, 768],
  [390, 844],
] as const) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`the million events fit ${width} px, ${colorScheme}`, async ({ page, accessibilityProblems }) => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      await make(page);
      await load(page).click();
      await expect(page.getByRole('table', { name: /Times of loading/ })).toBeVisible();
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      expect(await accessibilityProblems()).toEqual([]);
    });
  }
}
