// Where the rule of a saga is written: lines of three services, or one list.

import { expect, test } from '../fixtures.ts';
import { Glass } from '../glass.ts';
import type { Page } from '@playwright/test';

/** A system of the page's session, in which an order went well and another one did not. */
async function ran(page: Page, topology: string): Promise<void> {
  await page.goto('/rule');
  const made = await page.request.post('/api/sandboxes', { data: { topology } });
  const box = `/api/sandboxes/${(await made.json()).id}`;
  const ended = (status: string) =>
    expect
      .poll(async () => (await (await page.request.get(`${box}/services/orders/tables/orders`)).json()).rows.flat())
      .toContain(status);
  const order = () =>
    page.request.post(`${box}/commands`, {
      data: { id: crypto.randomUUID(), type: 'PlaceOrder', data: { item_id: 42, quantity: 1, user_id: 1 } },
    });
  await order();
  await ended('CONFIRMED');
  await page.request.put(`${box}/faults/no-money`, { data: { kind: 'decline-payments', target: 'payments' } });
  await order();
  await ended('CANCELLED');
}

test('before anything ran it says what to do', async ({ page }) => {
  await page.goto('/rule');
  await expect(page.getByRole('status')).toContainText('Place an order that goes well');
});

test('a choreography’s rule lies in three services', async ({ page }) => {
  await ran(page, 'saga-choreography');
  await page.goto('/rule');
  for (const service of ['orders', 'inventory', 'payments']) {
    await expect(page.getByRole('heading', { name: service, exact: true })).toBeVisible();
  }
  await expect(page.getByText('in 3 files of 3 services')).toBeVisible();
});

test('an orchestration’s rule is one list, and so is what a newcomer touched', async ({ page }) => {
  await ran(page, 'saga-orchestration-gift');
  await page.goto('/rule');
  await expect(page.getByText('6 lines in 1 file of 1 service')).toBeVisible();
  await expect(page.getByText('1 service that ran already had to be changed')).toBeVisible();
  await expect(page.getByText('wrap-gift', { exact: true })).toBeVisible();
});

test('the code of a saga leads to its rule', async ({ page }) => {
  await ran(page, 'saga-choreography');
  const glass = await Glass.open(page, '/playground?topology=saga-choreography');
  await glass.open('Code');
  await glass.view.getByRole('link', { name: 'Where is the rule?' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Where is the rule?' })).toBeVisible();
  await expect(page.getByText('in 3 files of 3 services')).toBeVisible();
});

for (const [width, height] of [
  [1440, 900],
  [390, 844],
] as const) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`the rule fits ${width} px, ${colorScheme}`, async ({ page, accessibilityProblems }) => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      await ran(page, 'saga-choreography-gift');
      await page.goto('/rule');
      await expect(page.getByRole('heading', { name: 'Where is the rule?' })).toBeVisible();
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      expect(await accessibilityProblems()).toEqual([]);
    });
  }
}
