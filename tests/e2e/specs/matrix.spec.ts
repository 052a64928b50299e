import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures.ts';

const row = (page: Page, step: string) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: step }) });
const cell = (page: Page, step: string, fault: string) =>
  row(page, step).getByRole('cell', { name: new RegExp(`^${step}, ${fault}:`) });
const run = (page: Page) => page.getByRole('button', { name: 'Run the matrix' }).click();
const standing = (page: Page) => page.getByRole('status');

test('a hole is found in the matrix, and closed', async ({ page, browser, terrarium, complaints, accessibilityProblems }) => {
  await page.goto('/matrix?topology=saga-choreography&off=inbox');
  await expect(standing(page)).toHaveText(/It has not been run yet/);
  await expect(page.getByRole('switch', { name: 'inbox' })).not.toBeChecked();
  await expect(page.getByRole('switch', { name: 'outbox' })).toBeChecked();
  await expect(cell(page, 'charge-card', 'duplicate')).toContainText('not run');
  expect(await accessibilityProblems(), 'not run yet').toEqual([]);

  await test.step('it is followed while it runs', async () => {
    await run(page);
    await expect(standing(page)).toHaveText(/Under way/);
    await expect(page.getByRole('progressbar', { name: 'Cells that have ended' })).toBeVisible();
    await expect(page.getByText(/^\d+ of \d+ cells have ended$/)).toBeVisible();
    expect(await accessibilityProblems(), 'under way').toEqual([]);
  });

  await test.step('without the inbox a duplicate charges twice, and the page says why', async () => {
    await expect(standing(page)).toHaveText(/fall through, in \d+\.\d s\./, { timeout: 60_000 });
    await expect(page.getByText('With inbox off.')).toBeVisible();
    await expect(cell(page, 'charge-card', 'duplicate')).toContainText('inconsistent');
    await expect(cell(page, 'charge-card', 'before commit')).toContainText('consistent');
    const hole = page.getByRole('listitem').filter({ hasText: 'charge-card × duplicate' });
    await expect(hole).toContainText(/charged/);
    expect(await accessibilityProblems(), 'with holes').toEqual([]);
  });

  await test.step('the run of a cell opens', async () => {
    await cell(page, 'charge-card', 'duplicate').getByRole('link').click();
    await expect(page).toHaveURL(/\/playground\?run=[0-9a-f]{32}/);
    await expect(page.getByText('This is a kept run')).toBeVisible();
    await page.goBack();
    await expect(standing(page)).toHaveText(/fall through/);
  });

  await test.step('its last result reads without a script', async () => {
    const context = await browser.newContext({
      baseURL: terrarium.url,
      javaScriptEnabled: false,
      storageState: await page.context().storageState(),
    });
    complaints.watch(context, terrarium.url);
    const plain = await context.newPage();
    await plain.goto('/matrix');
    await expect(cell(plain, 'charge-card', 'duplicate')).toContainText('inconsistent');
    await context.close();
  });

  await test.step('with the inbox on, every cell ends consistent', async () => {
    await page.getByRole('switch', { name: 'inbox' }).check({ force: true });
    await expect(page.getByText('The protections have changed since.')).toBeVisible();
    await run(page);
    await expect(standing(page)).toHaveText(/^All \d+ cells end consistent, in \d+\.\d s\.$/, { timeout: 60_000 });
    await expect(page.getByText('With every protection on.')).toBeVisible();
    await expect(page.getByRole('heading', { name: 'Where it falls through' })).toBeHidden();
    expect(await accessibilityProblems(), 'all green').toEqual([]);
  });
});

test('a second matrix at the same time is refused in words, and a lost server is named', async ({ page, context, complaints, terrarium }) => {
  // The page waits for news of the matrix as the server dies.
  complaints.forgive(/status of 429|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
  await page.goto('/matrix');
  const other = await context.newPage();
  await other.goto('/matrix');
  await run(page);
  await expect(standing(page)).toHaveText(/Under way/);
  await run(other);
  await expect(other.getByRole('alert')).toContainText('A matrix of yours is under way.');
  await terrarium.kill9();
  await expect(page.getByRole('alert')).toContainText('The server did not answer.');
});

for (const [width, height] of [
  [1440, 900],
  [1024, 768],
  [390, 844],
] as const) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`the matrix fits ${width} px, ${colorScheme}`, async ({ page, accessibilityProblems }) => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      await page.goto('/matrix');
      await expect(page.getByRole('table', { name: 'How each step ends under each fault' })).toBeVisible();
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      expect(await accessibilityProblems()).toEqual([]);
    });
  }
}
