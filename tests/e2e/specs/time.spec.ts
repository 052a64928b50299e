import type { BrowserContext, Page } from '@playwright/test';

import { expect, test } from '../fixtures.ts';
import { Api, Glass, type Recorded } from '../glass.ts';

/** The failure looked into: of the sixth order, the second whose charge is declined. */
interface Failed extends Recorded {
  /** What orders calls it: 106, unless two orders overtook each other on their way there. */
  order: number;
}

/** Ten orders, every third charge declined; and what the record says of the sixth. */
async function tenOrders(glass: Glass, api: Api, start: () => Promise<void>): Promise<Failed> {
  await start();
  for (let order = 101; order <= 110; order++) await api.until(`notification ${order} SENT`);
  const record = await api.record();
  const failures = record.filter(({ observation }) => observation.envelope?.type === 'PaymentFailed');
  expect(failures.map(({ observation }) => observation.envelope?.commandordinal).sort()).toEqual([3, 6, 9]);
  const cancelled = (await api.changes()).filter((change) => /^order \d+ CANCELLED$/.test(change));
  expect(cancelled).toHaveLength(3);
  const failed = failures.find(({ observation }) => observation.envelope?.commandordinal === 6) as Recorded;
  expect(failed.code?.file).toContain('payments/');
  await expect(glass.slider).toHaveAttribute('max', String(record.length));
  return { ...failed, order: Number(failed.observation.envelope?.subject.split('/')[1]) };
}

/** What stands in the inspector of the failure: its envelope, its transaction and its line. */
async function isExplained(glass: Glass, api: Api, failed: Failed): Promise<void> {
  const { inspector } = glass;
  await expect(inspector).toContainText(`payments could not charge 29.99 for order ${failed.order}`);
  await expect(inspector.getByText('The envelope, as sent')).toBeVisible();
  const envelope = JSON.parse(await inspector.locator('pre').innerText());
  expect(envelope).toMatchObject({ type: 'PaymentFailed', subject: `order/${failed.order}`, source: 'payments' });
  expect(envelope.commandordinal).toBe(6);
  // The rows of the transaction that published it.
  await expect(inspector.getByRole('heading', { name: 'In one transaction with' })).toBeVisible();
  const rows = inspector.getByRole('listitem').filter({ hasText: 'payments' });
  await expect(rows.first()).toContainText('status DECLINED');
  // What caused it, and what came of it: orders cancels, inventory gives back.
  await expect(inspector.getByRole('link', { name: `StockReserved of order ${failed.order}` })).toBeVisible();
  await expect(inspector.getByRole('link', { name: `orders marks order ${failed.order} CANCELLED.` })).toBeVisible();
  await expect(inspector.getByRole('link', { name: /^inventory puts 1 piece back .*StockReleased\.$/ })).toBeVisible();
  const { file, line } = failed.code as { file: string; line: number };
  await expect(inspector.getByRole('link', { name: `${file}:${line}` })).toBeVisible();
  expect((await api.request.get(`${new URL(glass.page.url()).origin}/api/sources/${file}`)).ok()).toBe(true);
}

/** The source, with the line lit that published the failure. */
async function isLit(glass: Glass, failed: Failed): Promise<void> {
  await glass.stands('Code');
  const lit = glass.view.locator('[aria-current="true"]');
  await expect(lit).toHaveCount(1);
  await expect(lit).toBeInViewport();
  await expect(lit).toContainText(new RegExp(`^${failed.code?.line}\\b`));
  await expect(glass.view).toContainText(`line ${failed.code?.line}`);
}

/** Everything in the space-time diagram, and only this order's. */
async function isAlone(glass: Glass, api: Api, failed: Failed): Promise<void> {
  await glass.stands('Space-time');
  const told = await glass.view.locator('svg.events').evaluate((svg) =>
    [...svg.querySelectorAll('a[data-at]')].map((link) => Number(link.getAttribute('data-at'))),
  );
  expect(told).toContain(failed.position);
  const record = await api.record();
  const strangers = told.filter((at) => {
    const { correlation_id, observation } = record[at - 1];
    return correlation_id !== failed.correlation_id && !/^Service/.test(observation.kind);
  });
  expect(strangers).toEqual([]);
  const own = record.filter(
    ({ correlation_id, observation }) =>
      correlation_id === failed.correlation_id && observation.kind === 'MessagePublished',
  );
  for (const { position } of own) expect(told).toContain(position);
}

/** The address in a page of its own gives the same: position, view, drawing, and what is explained. */
async function comesBack(glass: Glass, context: BrowserContext, view: 'Diagram' | 'Space-time'): Promise<void> {
  const page = await context.newPage();
  await page.setViewportSize(glass.page.viewportSize() ?? { width: 1280, height: 800 });
  await page.goto(glass.page.url());
  const again = new Glass(page);
  await again.at(await glass.position());
  await again.stands(view);
  const drawing = async (of: Glass) => {
    const svg = await (view === 'Diagram' ? of.picture : of.view.locator('svg.events')).innerHTML();
    // What the list’s focus lit once has an empty class left.
    return svg.replaceAll(' class=""', '');
  };
  await expect.poll(() => drawing(again)).toBe(await drawing(glass));
  if (await glass.inspector.isVisible()) {
    await expect(again.inspector).toHaveText(await glass.inspector.innerText(), { useInnerText: true });
  } else {
    await expect(again.inspector).toBeHidden();
  }
  expect(new URL(page.url()).search).toBe(new URL(glass.page.url()).search);
  await page.close();
  await glass.page.bringToFront();
}

/** Where a failure's token stands on the canvas, in the window's pixels: in the middle of its colour. */
async function failureOnCanvas(page: Page): Promise<{ x: number; y: number }> {
  const found = () =>
    page.evaluate(() => {
      const canvas = document.querySelector('canvas.tokens') as HTMLCanvasElement;
      const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;
      probe.fillStyle = getComputedStyle(canvas).getPropertyValue('--failure');
      probe.fillRect(0, 0, 1, 1);
      const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
      const { width, height } = canvas;
      // A copy, as the page's own canvas is not made to be read.
      const copy = Object.assign(document.createElement('canvas'), { width, height });
      const context = copy.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;
      context.drawImage(canvas, 0, 0);
      const { data } = context.getImageData(0, 0, width, height);
      const is = (x: number, y: number) => {
        const at = 4 * (y * width + x);
        return data[at + 3] > 250 && Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b) < 12;
      };
      // A line or a frame is thin: a token is so in both directions.
      const reach = Math.round((5 * width) / canvas.getBoundingClientRect().width);
      let [sumX, sumY, count] = [0, 0, 0];
      for (let y = reach; y < height - reach; y++) {
        for (let x = reach; x < width - reach; x++) {
          if (is(x, y) && is(x - reach, y) && is(x + reach, y) && is(x, y - reach) && is(x, y + reach)) {
            [sumX, sumY, count] = [sumX + x, sumY + y, count + 1];
          }
        }
      }
      if (count === 0) return undefined;
      const area = canvas.getBoundingClientRect();
      const scale = area.width / width;
      return { x: area.left + (sumX / count) * scale, y: area.top + (sumY / count) * scale };
    });
  await expect.poll(found, { message: 'a failure’s token stands in the drawing' }).toBeDefined();
  return (await found()) as { x: number; y: number };
}

/** The walk with a mouse, or a finger. */
async function walk(
  { page, context, origin }: { page: Page; context: BrowserContext; origin: string },
  path: string,
  press: (x: number, y: number) => Promise<void>,
  problems: () => Promise<string[]>,
): Promise<void> {
  const glass = await Glass.open(page, path);
  const api = Api.of(page, origin);
  const failed = await tenOrders(glass, api, async () => {
    await page.getByRole('combobox', { name: 'Which charges are declined' }).selectOption('every 3rd');
    await glass.press('Decline payments');
    await expect(glass.button('Decline payments')).toHaveAttribute('aria-pressed', 'true');
    await glass.press('Ten orders');
  });

  // What stands is what the page says, on a page opened later too.
  const later = await context.newPage();
  await Glass.open(later, path);
  await expect(later.getByRole('combobox', { name: 'Which charges are declined' })).toHaveValue('3');
  await later.close();

  await test.step('back to the failure of the sixth order', async () => {
    await glass.press('Live');
    await glass.press('Pause');
    await glass.at((await api.record()).length);
    for (let steps = 0; steps < 300; steps++) {
      if (new RegExp(`could not charge .* for order ${failed.order}`).test(await glass.sentence.innerText())) break;
      await glass.step('Previous moment');
    }
    await expect(glass.sentence).toContainText(`payments could not charge 29.99 for order ${failed.order}`);
    while ((await glass.position()) > failed.position) await glass.step('Step back');
    await glass.at(failed.position);
  });

  await test.step('its token stands in the drawing, and opens', async () => {
    await glass.picture.scrollIntoViewIfNeeded();
    const { x, y } = await failureOnCanvas(page);
    await press(x, y);
    await isExplained(glass, api, failed);
    expect(new URL(page.url()).searchParams.get('dot')).toBe(String(failed.position));
    expect(await problems(), 'explained').toEqual([]);
    await comesBack(glass, context, 'Diagram');
  });

  await test.step('the line that published it', async () => {
    await glass.inspector.getByRole('link', { name: /payments\/.*:\d+$/ }).click();
    await isLit(glass, failed);
    await glass.inspector.getByRole('button', { name: 'Close' }).click();
    await expect(glass.inspector).toBeHidden();
    expect(await problems(), 'Code').toEqual([]);
  });

  await test.step('only this order, in every view', async () => {
    await glass.open('Trace');
    await expect(glass.view).toContainText(`order ${failed.order}`);
    expect(await problems(), 'Trace').toEqual([]);
    await glass.view.getByRole('link', { name: 'Only this order in every view' }).click();
    expect(new URL(page.url()).searchParams.get('trace')).toBe(failed.correlation_id);
    await glass.open('Space-time');
    await isAlone(glass, api, failed);
    expect(await problems(), 'Space-time').toEqual([]);
    await glass.open('Story');
    const others = glass.view.getByRole('listitem').filter({ hasText: new RegExp(`order (?!${failed.order}\\b)\\d+`) });
    await expect(glass.view.getByRole('listitem').filter({ hasText: `order ${failed.order}` }).first()).toBeVisible();
    await expect(others).toHaveCount(0);
    await glass.open('Space-time');
  });

  await test.step('the address brings it all back', () => comesBack(glass, context, 'Space-time'));

  await test.step('stops where something is taken back', async () => {
    await glass.open('Diagram');
    await glass.stopAt('something taken back');
    await glass.press('Live');
    await expect(glass.button('Pause')).toBeVisible();
    await page.getByRole('combobox', { name: 'Which charges are declined' }).selectOption('all');
    await expect.poll(() => api.declines()).toBe(1);
    await glass.press('Place an order');
    await stopsThere(glass, api);
    expect(await problems(), 'stopped').toEqual([]);
  });
}

/** It has stopped by itself at the first taking back of order 111, and says so. */
async function stopsThere(glass: Glass, api: Api): Promise<void> {
  await expect(glass.vessel.getByText('Stopped here, as you asked.')).toBeVisible();
  await expect(glass.button('Play')).toBeVisible();
  const { position } = await api.published('PaymentFailed', 111);
  const record = await api.record();
  const back = record.find(
    ({ position: at, observation }) =>
      at > position &&
      ((observation.kind === 'MessageDelivered' &&
        observation.group === 'inventory' &&
        observation.source_position === position) ||
        ['OrderCancelled', 'StockReleased'].includes(observation.envelope?.type ?? '')),
  );
  await glass.at(back?.position ?? 0);
  expect(new URL(glass.page.url()).searchParams.get('at')).toBe(String(back?.position));
}

test('every third charge declined: back to the sixth order’s failure, and what is behind it', async ({
  page,
  context,
  terrarium,
  accessibilityProblems,
}) => {
  const press = (x: number, y: number) => page.mouse.click(x, y);
  await walk({ page, context, origin: terrarium.url }, '/lessons/sagas', press, accessibilityProblems);
});

test.describe('reduced motion', () => {
  test.use({ contextOptions: { reducedMotion: 'reduce' } });

  test('the same, with nothing that travels', async ({ page, context, terrarium, accessibilityProblems }) => {
    const press = (x: number, y: number) => page.mouse.click(x, y);
    await walk({ page, context, origin: terrarium.url }, '/lessons/sagas', press, accessibilityProblems);
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  });
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

  test('the same, by finger', async ({ page, context, terrarium, accessibilityProblems }) => {
    const press = (x: number, y: number) => page.touchscreen.tap(x, y);
    await walk({ page, context, origin: terrarium.url }, '/playground', press, accessibilityProblems);
    const beyond = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(await beyond(), 'scrolls sideways').toBeLessThanOrEqual(0);
  });
});

test('the same by keyboard alone', async ({ page, context, terrarium }) => {
  const glass = await Glass.open(page, '/lessons/sagas');
  const api = Api.of(page, terrarium.url);
  const keys = page.keyboard;

  const failed = await tenOrders(glass, api, async () => {
    await tabTo(page, 'Which charges are declined');
    for (const _ of ['every 2nd', 'every 3rd']) await keys.press('ArrowDown');
    await tabBackTo(page, 'Decline payments');
    await keys.press('Space');
    await expect(glass.button('Decline payments')).toHaveAttribute('aria-pressed', 'true');
    await tabBackTo(page, 'Ten orders');
    await keys.press('Enter');
  });

  await test.step('back to the failure of the sixth order', async () => {
    await keys.press('l');
    await tabTo(page, 'Pause');
    await keys.press('Space');
    await glass.at((await api.record()).length);
    for (let steps = 0; steps < 300; steps++) {
      if ((await glass.sentence.innerText()).includes(`could not charge 29.99 for order ${failed.order}`)) break;
      const before = await glass.position();
      await keys.press('Shift+ArrowLeft');
      await expect(glass.slider).not.toHaveValue(String(before));
    }
    while ((await glass.position()) > failed.position) {
      const before = await glass.position();
      await keys.press('ArrowLeft');
      await glass.at(before - 1);
    }
    await glass.at(failed.position);
    await keys.press('ArrowRight');
    await glass.at(failed.position + 1);
    await keys.press('ArrowLeft');
    await glass.at(failed.position);
  });

  await test.step('its token is in the list behind the picture, and opens', async () => {
    await tabBackTo(page, 'Everything in the picture');
    await expect(glass.outline).toBeInViewport();
    await keys.press('Home');
    const token = `PaymentFailed of order ${failed.order}, from payments to topic payments`;
    for (let steps = 0; steps < 60; steps++) {
      if ((await chosen(glass)) === token) break;
      await keys.press('ArrowDown');
    }
    expect(await chosen(glass)).toBe(token);
    await keys.press('Enter');
    await expect(glass.inspector).toBeFocused();
    await isExplained(glass, api, failed);
    await comesBack(glass, context, 'Diagram');
  });

  await test.step('the line that published it', async () => {
    await tabTo(page, /payments\/.*:\d+$/);
    await keys.press('Enter');
    await isLit(glass, failed);
    await tabBackTo(page, 'Close');
    await keys.press('Enter');
    await expect(glass.inspector).toBeHidden();
    await expect(glass.outline.or(glass.tab('Code'))).not.toHaveCount(0);
  });

  await test.step('only this order, in every view', async () => {
    await tabBackTo(page, 'Code');
    for (const view of ['Data', 'Trace'] as const) {
      await keys.press('ArrowLeft');
      await glass.stands(view);
      await expect(glass.tab(view)).toBeFocused();
    }
    await tabTo(page, 'Only this order in every view');
    await keys.press('Enter');
    await tabBackTo(page, 'Trace');
    await keys.press('ArrowLeft');
    await isAlone(glass, api, failed);
  });

  await test.step('the address brings it all back', () => comesBack(glass, context, 'Space-time'));

  await test.step('stops where something is taken back', async () => {
    // The other page has had the focus meanwhile.
    await tabTo(page, 'Space-time');
    await keys.press('Home');
    await glass.stands('Diagram');
    await tabTo(page, 'Which charges are declined');
    for (const every of [2, 1]) {
      await keys.press('ArrowUp');
      await expect.poll(() => api.declines()).toBe(every);
    }
    await tabTo(page, 'Stop at');
    await keys.press('Enter');
    await tabTo(page, 'something taken back');
    await keys.press('Space');
    await keys.press('l');
    await expect(glass.button('Pause')).toBeVisible();
    await tabBackTo(page, 'Place an order');
    await keys.press('Enter');
    await stopsThere(glass, api);
  });
});

/** The entry of the list that has its focus. */
async function chosen(glass: Glass): Promise<string> {
  return glass.outline.getByRole('option', { selected: true }).innerText();
}

const tabTo = (page: Page, name: string | RegExp) => tabUntil(page, 'Tab', name);
const tabBackTo = (page: Page, name: string | RegExp) => tabUntil(page, 'Shift+Tab', name);

/** Presses Tab until what has the focus is called so. */
async function tabUntil(page: Page, key: string, name: string | RegExp): Promise<void> {
  const passed: string[] = [];
  for (let presses = 0; presses < 300; presses++) {
    await page.keyboard.press(key);
    const here = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      const label = (element as HTMLInputElement).labels?.[0]?.innerText;
      return (element.ariaLabel ?? label ?? element.innerText ?? '').trim();
    });
    if (typeof name === 'string' ? here === name : name.test(here)) return;
    passed.push(here.slice(0, 40));
  }
  throw new Error(`300 times ${key} did not come to ${name}, but to ${passed.join(' | ')}`);
}
