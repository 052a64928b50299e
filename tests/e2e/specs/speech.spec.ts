import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures.ts';
import { Api, Glass } from '../glass.ts';

/** What is read aloud: each change of a live region, at the page's own time. */
interface Spoken {
  at: number;
  words: string;
}

const regions = '[aria-live]:not([aria-live=off]), [role=status], [role=alert], [role=log]';

/** Listens to every region that a screen reader would. */
async function listen(page: Page): Promise<() => Promise<Spoken[]>> {
  await page.evaluate((regions) => {
    const spoken: Spoken[] = [];
    for (const region of document.querySelectorAll(regions)) {
      let last = region.textContent;
      new MutationObserver(() => {
        if (region.textContent === last) return;
        last = region.textContent;
        if (last?.trim()) spoken.push({ at: performance.now(), words: last });
      }).observe(region, { childList: true, subtree: true, characterData: true });
    }
    Object.assign(window, { spoken });
  }, regions);
  return () => page.evaluate(() => (window as unknown as { spoken: Spoken[] }).spoken);
}

/** A minute of the page's own clock, in which a thousand events and more arrive. */
async function storm(page: Page, api: Api, speeches: () => Promise<Spoken[]>): Promise<Spoken[]> {
  const before = (await api.record()).length;
  const began = await page.evaluate(() => performance.now());
  await api.request.put(`${await api.sandbox()}/load`, { data: { type: 'PlaceOrder', rate: 20 } });
  for (let second = 0; second < 60; second++) {
    // Orders go on arriving in real time; the page’s clock runs ten times as fast.
    await expect.poll(async () => (await api.state()).position).toBeGreaterThan(before + Math.min(second * 20, 1_000));
    await page.clock.runFor(1_000);
  }
  await api.request.delete(`${await api.sandbox()}/load`);
  const ended = await page.evaluate(() => performance.now());
  expect(ended - began).toBeGreaterThanOrEqual(60_000);
  expect((await api.record()).length - before, 'a storm').toBeGreaterThan(1_000);
  return (await speeches()).filter(({ at }) => at >= began && at < began + 60_000);
}

test.beforeEach(async ({ page }) => {
  await page.clock.install();
});

test('in a storm of a thousand events, at most a dozen things are said in a minute', async ({ page, terrarium }) => {
  const glass = await Glass.open(page, '/lessons/sagas');
  await page.clock.pauseAt(new Date(await page.evaluate(() => Date.now() + 1_000)));
  const spoken = await storm(page, Api.of(page, terrarium.url), await listen(page));
  expect(spoken.length, spoken.map(({ words }) => words).join('\n')).toBeLessThanOrEqual(12);
  expect(spoken.length, 'but it is not silent').toBeGreaterThan(3);
  // In sentences: what is left out is counted.
  expect(spoken.some(({ words }) => /^\d+ things happened\. The latest: .+\.$/.test(words))).toBe(true);
  for (const { words } of spoken) expect(words).toMatch(/[.!?]$/);
  await expect(glass.vessel).toBeVisible();
});

test('who wants to hear results hears how things stand once they are at rest', async ({ page, terrarium }) => {
  const glass = await Glass.open(page, '/lessons/sagas');
  await choose(page, glass, 'results only');
  const speeches = await listen(page);
  const api = Api.of(page, terrarium.url);
  await api.placeOrder();
  await api.until('notification 101 SENT');
  await expect(glass.order(101, 'CONFIRMED')).toBeVisible();
  await expect.poll(async () => (await speeches()).map(({ words }) => words)).toContain(
    'At rest: 1 CONFIRMED, 0 CANCELLED, 0 PENDING.',
  );
  for (const { words } of await speeches()) expect(words).toMatch(/^At rest: /);
});

test('who wants to hear nothing hears nothing', async ({ page, terrarium }) => {
  const glass = await Glass.open(page, '/lessons/sagas');
  await choose(page, glass, 'nothing');
  await page.clock.pauseAt(new Date(await page.evaluate(() => Date.now() + 1_000)));
  const spoken = await storm(page, Api.of(page, terrarium.url), await listen(page));
  expect(spoken).toEqual([]);
});

async function choose(page: Page, glass: Glass, words: string): Promise<void> {
  await glass.press('Keys');
  await glass.vessel.getByRole('combobox', { name: 'Read aloud' }).selectOption(words);
  await glass.press('Keys');
  await expect(page.getByRole('combobox', { name: 'Read aloud' })).toBeHidden();
}
