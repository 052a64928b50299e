import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures.ts';

const run = (page: Page) => page.getByRole('button', { name: 'Run the matrix' }).click();
const standing = (page: Page) => page.getByRole('status');

test('a second matrix at the same time is refused in words, and a lost server is named', async ({ page, context, complaints, terrarium }) => {
  complaints.forgive(/status of 429|ERR_CONNECTION_REFUSED/);
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
