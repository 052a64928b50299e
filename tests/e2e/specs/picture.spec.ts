import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures.ts';
import { Api, Glass } from '../glass.ts';

test('paused, the picture stands and counts what is new; Live jumps to it', async ({ page, terrarium }) => {
  const glass = await Glass.open(page, '/lessons/sagas');
  const api = Api.of(page, terrarium.url);
  await glass.press('Pause');
  await expect(glass.button('Play')).toBeVisible();
  const { soil: _, ...stood } = await glass.everything();

  await glass.press('Place an order');
  await api.until('order 101 CONFIRMED');
  await expect(glass.saying(/^\d+ new$/)).toBeVisible();
  const soon = await news(glass);
  await glass.press('Place an order');
  await api.until('notification 102 SENT');
  await expect.poll(() => news(glass)).toBeGreaterThan(soon);
  // Only the soil foretells what is still to come.
  const { soil, ...stands } = await glass.everything();
  expect(stands).toEqual(stood);
  expect(soil).toContain('class="command"');
  await expect(glass.noOrders).toBeVisible();

  await glass.press('Live');
  await expect(glass.button('Pause')).toBeVisible();
  await expect(glass.order(101, 'CONFIRMED')).toBeVisible();
  await expect(glass.order(102, 'CONFIRMED')).toBeVisible();
  await expect(glass.drawn('item 42 on hand 98')).toBeVisible();
  await expect(glass.saying(/^\d+ new$/)).toBeHidden();
});

test('paused in the middle, Play goes on from there', async ({ page, terrarium }) => {
  const glass = await Glass.open(page, '/lessons/sagas');
  await glass.press('Place an order');
  await expect(glass.order(101, 'PENDING')).toBeVisible();
  await glass.press('Pause');
  await Api.of(page, terrarium.url).until('notification 101 SENT');
  await expect(glass.order(101, 'PENDING')).toBeVisible();
  await expect(glass.saying(/^\d+ new$/)).toBeVisible();
  await glass.press('Play');
  await expect(glass.order(101, 'CONFIRMED')).toBeVisible();
});

async function news(glass: Glass): Promise<number> {
  return parseInt(await glass.saying(/^\d+ new$/).innerText());
}

test('the story reads as sentences', async ({ page }) => {
  const glass = await Glass.open(page, '/lessons/sagas');
  await glass.press('Place an order');
  await expect(glass.saying(/^inventory holds 1 piece for order 101/)).toBeVisible();
  await glass.open('Story');
  const told = glass.view.getByRole('listitem').filter({ hasText: 'inventory holds 1 piece' });
  // As laid out, beside its time: words torn apart come with line breaks between them.
  expect(await told.getByRole('link').first().innerText()).toMatch(
    /^\d+(\.\d+)? (µs|ms|s)\s+inventory holds 1 piece for order 101: StockReserved\.$/,
  );
});

/** An event's token as it was drawn: the canvas has no names for what is on it. */
interface Drawn {
  x: number;
  y: number;
}

/** Notes where tokens of events are drawn: full circles of one size, and nothing else is. */
async function watchTokens(page: Page): Promise<() => Promise<Drawn[]>> {
  await page.addInitScript(() => {
    const drawn: Drawn[] = [];
    const arc = CanvasRenderingContext2D.prototype.arc;
    CanvasRenderingContext2D.prototype.arc = function (x, y, radius, ...rest) {
      if (radius === 8.5) drawn.push({ x, y });
      return arc.call(this, x, y, radius, ...rest);
    };
    Object.assign(window, { drawn });
  });
  return () => page.evaluate(() => (window as unknown as { drawn: Drawn[] }).drawn);
}

/** Places that are not the same, and yet closer to each other than two edges' middles. */
function steps(drawn: Drawn[]): number {
  const places = [...new Map(drawn.map((token) => [`${token.x} ${token.y}`, token])).values()];
  return places.filter((a) => places.some((b) => a !== b && Math.hypot(a.x - b.x, a.y - b.y) < 8)).length;
}

test('tokens travel', async ({ page }) => {
  const tokens = await watchTokens(page);
  const glass = await Glass.open(page, '/lessons/sagas');
  await glass.press('Place an order');
  await expect(glass.order(101, 'CONFIRMED')).toBeVisible();
  expect(steps(await tokens())).toBeGreaterThan(20);
});

test.describe('reduced motion', () => {
  test.use({ contextOptions: { reducedMotion: 'reduce' } });

  test('tokens stand, and everything is still told', async ({ page }) => {
    const tokens = await watchTokens(page);
    const glass = await Glass.open(page, '/lessons/sagas');
    await glass.press('Place an order');
    await expect(glass.order(101, 'PENDING')).toBeVisible();
    await expect(glass.saying(/^inventory holds 1 piece for order 101/)).toBeVisible();
    await expect(glass.order(101, 'CONFIRMED')).toBeVisible();
    await expect(glass.drawn('item 42 on hand 99')).toBeVisible();
    await expect(glass.drawn('101 “confirmed”')).toBeVisible();
    expect(await glass.story()).toContain('notifications tells the customer of order 101.');

    const drawn = await tokens();
    expect(drawn.length).toBeGreaterThan(0);
    expect(steps(drawn)).toBe(0);
    // Nor does the stylesheet move anything.
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  });
});
