import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures.ts';

const reader = (page: Page, name: string) => page.getByRole('article', { name });
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const row = (page: Page, name: RegExp | string) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) });
async function dial(page: Page, name: RegExp, value: string): Promise<void> {
  await page.getByRole('slider', { name }).fill(value);
}
async function start(page: Page): Promise<void> {
  await page.goto('/feed');
  await page.getByRole('button', { name: /Start a/ }).click();
  await expect(page.getByRole('heading', { name: 'What a reader sees' })).toBeVisible();
}

test('a post is told in three ways', async ({ page, accessibilityProblems }) => {
  await page.goto('/feed');
  await expect(page.getByText('There is no feed of yours yet.')).toBeVisible();
  expect(await accessibilityProblems(), 'nothing yet').toEqual([]);
  await start(page);
  expect(await accessibilityProblems(), 'a new feed').toEqual([]);

  await dial(page, /Projection lag/, '1500');
  await page.getByRole('textbox', { name: 'Your post' }).fill('Hello from the other side');
  await press(page, 'Publish');
  await expect(reader(page, 'Honest')).toContainText('being published…');
  await expect(reader(page, 'Naive')).toContainText('Your post is not there.');
  await expect(reader(page, 'Naive').getByRole('list')).not.toContainText('Hello from');
  await expect(reader(page, 'Read your writes')).toContainText(/Asked for post 1 and later; answered after \d+ ms, with position 1\./);
  await expect(reader(page, 'Read your writes').getByRole('list')).toContainText('Ada Hello from the other side');
  await expect(reader(page, 'Honest')).toContainText(/Published\. It took \d+ ms to be seen\./);
  await press(page, 'Refresh');
  await expect(reader(page, 'Naive')).toContainText('Your post is there.');

  await expect(page.getByText('Has heard up to post 1 of 1.')).toHaveCount(3);
  await expect(reader(page, 'Dashboard').getByRole('table', { name: 'By author' }).getByRole('row')).toHaveText(['Ada1']);
  await page.getByRole('searchbox', { name: 'Words to look for' }).fill('hello side');
  await press(page, 'Search');
  await expect(reader(page, 'Catalogue').getByRole('status')).toHaveText('Answered by catalogue, up to post 1.');
  await expect(reader(page, 'Catalogue').getByRole('list')).toContainText('Ada Hello from the other side');
  expect(await accessibilityProblems(), 'published').toEqual([]);
});

test('a load is measured with both models, and what it cost is counted', async ({ page, browser, terrarium, complaints, accessibilityProblems }) => {
  await start(page);
  await dial(page, /Posts a second/, '3');
  await dial(page, /Reads for each post/, '10');
  await press(page, 'Start the load');
  await expect(page.getByText('The load runs: 30 reads and 3 posts a second are planned.')).toBeVisible();
  await expect(page.getByText(/^answered \d+, planned 30 a second$/)).toBeVisible({ timeout: 20_000 });
  const split = page.getByRole('row', { name: /^10 read models 1 0 ms 30/ });
  await expect(split).toBeVisible({ timeout: 30_000 });
  await page.getByRole('radio', { name: /the write model/ }).check();
  const single = page.getByRole('row', { name: /^10 the write model 1 0 ms 30/ });
  await expect(single).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(/split model (wins from|did not win)/)).toBeVisible();
  expect(await accessibilityProblems(), 'measured').toEqual([]);
  await press(page, 'Stop the load');
  await expect(page.getByText('No load runs.')).toBeVisible();
  await expect(row(page, 'Services').getByRole('cell')).toHaveText(['1', '4']);
  await expect(row(page, 'Databases').getByRole('cell')).toHaveText(['1', '4']);

  await test.step('it reads without a script', async () => {
    const context = await browser.newContext({
      baseURL: terrarium.url,
      javaScriptEnabled: false,
      storageState: await page.context().storageState(),
    });
    complaints.watch(context, terrarium.url);
    const plain = await context.newPage();
    await plain.goto('/feed');
    await expect(plain.getByRole('row', { name: /^10 read models 1 0 ms 30/ })).toBeVisible();
    await context.close();
  });
});

test('a timeline is broken and built anew', async ({ page, accessibilityProblems }) => {
  await start(page);
  const rebuild = page.getByRole('region', { name: 'Break and rebuild' });
  for (const text of ['One', 'Two', 'Three', 'Four']) {
    await page.getByRole('textbox', { name: 'Your post' }).fill(text);
    await press(page, 'Publish');
    await expect(reader(page, 'Honest')).toContainText('Published.');
    await expect(reader(page, 'Honest').getByRole('list')).toContainText(text);
  }
  await press(page, 'Switch readers over');
  await expect(page.getByText('It was refused: No build is ready.')).toBeVisible();
  await press(page, 'Break the timeline');
  await expect(row(page, '1').getByRole('cell').last()).toHaveText('3');
  await expect(rebuild.getByRole('list')).toContainText('nobody Four');
  await press(page, 'Build it anew');
  await expect(row(page, '2').getByRole('cell').first()).toHaveText(/^ready/);
  await expect(row(page, '2').getByRole('cell').last()).toHaveText('0');
  await expect(rebuild.getByRole('list')).toContainText('nobody Four');
  expect(await accessibilityProblems(), 'built').toEqual([]);
  await press(page, 'Switch readers over');
  await expect(row(page, '2').getByRole('cell').first()).toHaveText(/^live/);
  await expect(rebuild.getByRole('list')).toContainText('Ada Three');
  await expect(rebuild.getByRole('list')).not.toContainText('nobody');
});

test('a dial that cannot be turned goes back, and a stream that broke off goes on', async ({ page, complaints, terrarium }) => {
  complaints.forgive(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED_ENCODING/);
  await start(page);
  await terrarium.kill9();
  await expect(page.getByText('The connection is gone, so the page stands still.')).toBeVisible();
  await dial(page, /Projection lag/, '1500');
  await expect(page.getByText('The server did not answer.')).toBeVisible();
  await expect(page.getByRole('slider', { name: /Projection lag/ })).toHaveValue('0');
  await page.getByRole('radio', { name: /the write model/ }).click();
  await expect(page.getByRole('radio', { name: /^read models/ })).toBeChecked();
  await terrarium.restart();
  await expect(page.getByText('The connection is gone, so the page stands still.')).toBeHidden({ timeout: 20_000 });
  await press(page, 'Publish');
  await expect(reader(page, 'Honest')).toContainText('Published.');
});

test('a feed that was deleted is called gone, and another one is offered', async ({ page, complaints, accessibilityProblems }) => {
  complaints.forgive(/404/);
  await start(page);
  const sandbox = await page.getByRole('main').getAttribute('data-sandbox');
  await page.evaluate((id) => fetch(`/api/sandboxes/${id}`, { method: 'DELETE' }), sandbox);
  await expect(page.getByText('This feed is gone:')).toBeVisible({ timeout: 20_000 });
  await expect(page.getByRole('button', { name: 'Publish' })).toBeDisabled();
  expect(await accessibilityProblems(), 'gone').toEqual([]);
  await press(page, 'Start a feed');
  await expect(page.getByRole('main')).not.toHaveAttribute('data-sandbox', sandbox ?? '');
  await expect(page.getByRole('button', { name: 'Publish' })).toBeEnabled();
});

for (const width of [1440, 1024, 390]) {
  test(`a feed fits ${width} px`, async ({ page }) => {
    await page.setViewportSize({ width, height: 844 });
    await start(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  });
}
