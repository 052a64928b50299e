// A lesson's step: predicted, shown, checked, compared with what happened, and remembered.

import type { Locator } from '@playwright/test';

import { expect, test } from '../fixtures.ts';

test('a step is predicted, shown, done, explained and remembered', async ({ page }) => {
  await page.goto('/lessons/sagas');
  const step = page.getByRole('complementary', { name: 'Decline payments and order again' });
  await step.getByLabel('inventory').check();
  await step.getByRole('button', { name: 'Keep my guess' }).click();
  await expect(step.getByRole('status')).toHaveText('Kept. Now see what happens.');

  await step.getByRole('button', { name: 'Show me' }).click();
  await expect(step.getByText('You said: inventory', { exact: true })).toBeVisible({ timeout: 30_000 });
  await expect(step.getByText('It was: orders, inventory', { exact: true })).toBeVisible();
  for (const check of await step.getByRole('list').getByRole('listitem').all()) await expect(check).toContainText('holds');
  await expect(page.getByText('1 of 12 steps done')).toBeVisible();

  await page.goto('/lessons');
  await expect(page.getByText('Begun · 1 of 12')).toBeVisible();
});

test('what was done is folded when another step begins, and opens again by keyboard', async ({
  page,
  accessibilityProblems,
}) => {
  await page.goto('/lessons/sagas');
  const first = page.getByRole('complementary', { name: 'Place an order' });
  const second = page.getByRole('complementary', { name: 'Decline payments and order again' });
  const show = (step: Locator) => step.getByRole('button', { name: 'Show me' });
  const result = first.getByText('An order became CONFIRMED.').first();

  // Nothing folds while it is read.
  await show(first).click();
  await expect(first.getByText('Nobody knew the whole sequence')).toBeVisible({ timeout: 30_000 });
  await expect(show(first)).toBeVisible();
  await page.reload();
  await expect(show(first)).toBeVisible();

  // The step that is begun stays in its place, though the one above it is folded now.
  await show(second).scrollIntoViewIfNeeded();
  const top = async () => Math.round((await second.boundingBox())?.y ?? NaN);
  const before = await top();
  await show(second).click();
  await expect(second.getByText('The history is longer.')).toBeVisible({ timeout: 30_000 });
  await expect(show(first)).toBeHidden();
  await expect(result).toBeVisible();
  // Above it, pictures and fonts may still be settling.
  await expect.poll(async () => Math.abs((await top()) - before)).toBeLessThan(3);
  expect(await accessibilityProblems()).toEqual([]);

  await page.reload();
  await expect(page.getByText('2 of 12 steps done')).toBeVisible();
  await expect(show(second)).toBeVisible();
  await expect(show(first)).toBeHidden();
  const summary = first.locator('summary').first();
  await summary.focus();
  await page.keyboard.press('Enter');
  await expect(show(first)).toBeVisible();
  await expect(result).toBeHidden();
  await expect(summary).toBeFocused();
  await expect(first.getByRole('list', { name: 'It is done when' })).toContainText('holds');
  expect(await accessibilityProblems()).toEqual([]);
  await page.keyboard.press('Enter');
  await expect(show(first)).toBeHidden();
});

test('what was predicted is drawn against what happened', async ({ page, accessibilityProblems }) => {
  await page.goto('/lessons/sagas');
  const order = page.getByRole('complementary', { name: 'Place an order' });
  await order.getByRole('button', { name: 'Keep my guess' }).click();
  await expect(order.getByRole('status')).toHaveText('Kept. Now see what happens.');
  await order.getByRole('button', { name: 'Show me' }).click();
  const said = order.locator('.compared ol').first();
  await expect(said.locator('li')).toHaveCount(4, { timeout: 30_000 });
  // Offered as PaymentSucceeded, OrderConfirmed, OrderCreated, StockReserved: two of them have to move.
  await expect(said.locator('.misplaced')).toHaveCount(2);
  await expect(said).toContainText('(out of place)');
  await expect(order.locator('.compared ol').last().locator('li').first()).toHaveText('OrderCreated');

  const number = page.getByRole('complementary', { name: 'Fail the third statement' });
  await number.getByLabel('How many?').fill('50');
  await number.getByRole('button', { name: 'Keep my guess' }).click();
  await expect(number.getByRole('status')).toHaveText('Kept. Now see what happens.');
  await number.getByRole('button', { name: 'Show me' }).click();
  await expect(number.getByText('It was: 100', { exact: true })).toBeVisible({ timeout: 30_000 });
  const middle = async (mark: string) => {
    const [at, line] = await Promise.all([number.locator(mark).boundingBox(), number.locator('.scale .line').boundingBox()]);
    return ((at?.x ?? NaN) + (at?.width ?? NaN) / 2 - (line?.x ?? NaN)) / (line?.width ?? NaN);
  };
  await expect.poll(() => middle('.scale .guess')).toBeCloseTo(0.5, 1);
  await expect.poll(() => middle('.scale .fact')).toBeCloseTo(1, 1);
  expect(await accessibilityProblems()).toEqual([]);
});

test('an answer explains itself', async ({ page }) => {
  await page.goto('/lessons/sagas');
  const question = page.getByRole('group', { name: /Why does nobody roll the hold back/ });
  await question.getByLabel('A rollback across services would take too long.').check();
  await page.getByRole('button', { name: 'Check my answer' }).first().click();
  await expect(page.getByText('Not quite.')).toBeVisible();
  await expect(question.getByText('Time is not what is missing.')).toBeVisible();
});

test('the challenge is met by hand on a phone', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/lessons/sagas');
  const step = page.locator('[data-step="paid-for-nothing"]');
  const reloaded = page.waitForURL(/run=/);
  await step.getByRole('button', { name: 'Do it' }).click();
  await reloaded;
  const glass = page.getByRole('region', { name: 'Terrarium' });
  const quantity = glass.getByRole('spinbutton', { name: 'Quantity' });
  await expect(glass.getByText('Switched off: refund-on-rejection.')).toBeVisible();
  await quantity.fill('101');
  await glass.getByRole('button', { name: 'Place an order' }).click();
  await expect(glass.getByText(/Broken promise, money-conserved/)).toBeVisible();
  // What a step asks for can be reached, and closed again, with the text still there.
  await page.getByText('Protections', { exact: true }).click();
  await page.getByRole('switch', { name: 'refund-on-rejection' }).click();
  await page.getByText('Protections', { exact: true }).click();
  await quantity.fill('102');
  await glass.getByRole('button', { name: 'Place an order' }).click();
  await expect(step.getByText('done', { exact: true })).toBeVisible();
});
