// A lesson's step: predicted, shown, checked, compared with what happened, and remembered.

import { expect, test } from '../fixtures.ts';

test('a step is predicted, shown, done, explained and remembered', async ({ page }) => {
  await page.goto('/lessons/sagas');
  const step = page.getByRole('complementary', { name: 'Decline payments and order again' });
  await step.getByLabel('inventory').check();
  await step.getByRole('button', { name: 'Keep my guess' }).click();
  await expect(step.getByRole('status')).toHaveText('Kept. Now see what happens.');

  await step.getByRole('button', { name: 'Show me' }).click();
  await expect(step.getByText('You said: inventory')).toBeVisible({ timeout: 30_000 });
  await expect(step.getByText('It was: orders, inventory')).toBeVisible();
  for (const check of await step.getByRole('list').getByRole('listitem').all()) await expect(check).toContainText('holds');
  await expect(page.getByText('1 of 13 steps done')).toBeVisible();

  await page.goto('/lessons');
  await expect(page.getByText('Begun · 1 of 13')).toBeVisible();
});

test('an answer explains itself', async ({ page }) => {
  await page.goto('/lessons/sagas');
  const question = page.getByRole('group', { name: /Why does nobody roll the hold back/ });
  await question.getByLabel('A rollback across services would take too long.').check();
  await page.getByRole('button', { name: 'Check my answer' }).first().click();
  await expect(page.getByText('Not quite.')).toBeVisible();
  await expect(question.getByText('Time is not what is missing.')).toBeVisible();
});
