import { expect, test } from '../fixtures.ts';
import { pages } from '../glass.ts';

test('every page says whose it is, under one heading', async ({ page }) => {
  for (const path of [...pages, '/lessons']) {
    await page.goto(path);
    await expect(page).toHaveTitle(/Terrarium/);
    await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  }
});
