import { expect, test } from '../fixtures.ts';

test('the home page says whose it is', async ({ page }) => {
  await page.goto('/');
  await expect(page).toHaveTitle(/Terrarium/);
});

test('the home page has nothing axe complains about', async ({ page, accessibilityProblems }) => {
  await page.goto('/');
  expect(await accessibilityProblems()).toEqual([]);
});

test('the home page reads without JavaScript', async ({ browser, terrarium, complaints }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, baseURL: terrarium.url });
  complaints.watch(context, terrarium.url);
  const page = await context.newPage();
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await context.close();
});
