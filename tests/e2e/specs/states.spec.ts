import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures.ts';
import { Glass, pages, serverGone, views } from '../glass.ts';

type Size = [width: number, theme: 'light' | 'dark'];

/** Every width in one theme, and each in the other. */
const someViews: Size[] = [
  [390, 'dark'],
  [1024, 'light'],
  [1440, 'dark'],
];
const otherViews: Size[] = [
  [390, 'light'],
  [1024, 'dark'],
  [1440, 'light'],
];

/** Nothing for axe to find, and nothing wider than the page. */
async function looksRight(page: Page, state: string, views: Size[], problems: () => Promise<string[]>): Promise<void> {
  await test.step(`looks right: ${state}`, async () => {
    for (const [width, colorScheme] of views) {
      await page.setViewportSize({ width, height: width < 600 ? 844 : 900 });
      await page.emulateMedia({ colorScheme });
      // Colours on their way from one theme to the other are neither.
      await page.evaluate(() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished)));
      const where = `${state}, ${width} px, ${colorScheme}`;
      expect.soft(await problems(), where).toEqual([]);
      const beyond = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect.soft(beyond, `${where}: scrolls sideways`).toBeLessThanOrEqual(0);
      const cut = await page.evaluate(() => {
        const parts = document.querySelectorAll('.vessel, .vessel .soil, .vessel .head');
        return [...parts].filter((part) => part.scrollWidth > part.clientWidth + 1).map((part) => part.className);
      });
      expect.soft(cut, `${where}: cut off at its side`).toEqual([]);
    }
    await page.setViewportSize({ width: 1440, height: 900 });
  });
}

test.describe.configure({ timeout: 240_000 });

const looked = pages.map((path) => ({ path, sizes: someViews, as: 'in every state' }));
// The lesson is looked at in each width and theme: twice the work of the others, and so two tests.
looked.push({ path: '/lessons/sagas', sizes: otherViews, as: 'in every state, in the other themes' });

for (const { path, sizes, as } of looked) {
  test(`${path} ${as}`, async ({ page, terrarium, complaints, accessibilityProblems }) => {
    complaints.forgive(serverGone);
    complaints.forgive(/status of 422/);
    const glass = await Glass.open(page, path);
    const looks = (state: string) => looksRight(page, state, sizes, accessibilityProblems);
    await looks('fresh');

    await glass.press('Place an order');
    await expect(glass.order(101, 'CONFIRMED')).toBeVisible();
    await looks('after an order');

    await glass.press('Decline payments');
    await expect(glass.drawn(/declining/)).toBeVisible();
    await glass.press('Place an order');
    await expect(glass.order(102, 'CANCELLED')).toBeVisible();
    await glass.story();
    await looks('declined');

    await glass.press('Crash inventory');
    for (const id of [103, 104]) {
      await glass.press('Place an order');
      await expect(glass.order(id, 'PENDING')).toBeVisible();
    }
    await expect(glass.drawn('2 waiting for inventory')).toBeVisible();
    await looks('crashed');

    await glass.press('Pause');
    await glass.press('Restart inventory');
    await expect(glass.saying(/^\d+ new$/)).toBeVisible();
    await looks('paused');

    for (const view of views) {
      await glass.open(view);
      await looks(view);
    }
    await glass.open('Story');
    await glass.view.getByRole('link', { name: 'Explain this moment' }).click();
    await expect(glass.inspector).toBeFocused();
    await looks('explained');
    await glass.inspector.getByRole('button', { name: 'Close' }).click();
    await expect(glass.inspector).toBeHidden();
    await glass.open('Diagram');

    for (const title of ['Steady load', 'Keep and export', 'Stop at'] as const) {
      const sheet = await glass.sheet(title);
      await looks(title);
      await sheet.getByText(title, { exact: true }).first().click();
    }

    await glass.quantity.fill('0');
    await glass.press('Place an order');
    await expect(glass.trouble).toContainText('Order 1 to 1000 pieces.');
    await glass.press('Start over');
    await expect(glass.button('Keep it')).toBeVisible();
    await looks('an answer that says no, and a question');

    await glass.press('Keep it');
    await glass.press('Live');
    await terrarium.kill9();
    await expect(glass.notice).toContainText('The connection is gone. Trying again by itself; nothing is lost.');
    await looks('reconnecting');
  });
}

test('the pages without a system', async ({ page, complaints, accessibilityProblems }) => {
  complaints.forgive(/status of 404/);
  await page.goto('/lessons');
  await expect(page.getByRole('heading', { level: 1, name: 'Lessons' })).toBeVisible();
  await looksRight(page, 'lessons', someViews, accessibilityProblems);

  await page.goto('/lessons/alchemy');
  await expect(page.getByRole('heading', { level: 1, name: 'Nothing grows here' })).toBeVisible();
  await looksRight(page, 'not found', someViews, accessibilityProblems);
});
