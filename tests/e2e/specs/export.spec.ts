import { readFile } from 'node:fs/promises';

import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures.ts';
import { Api, Glass, type Recorded } from '../glass.ts';

type Format = 'SVG' | 'PNG' | 'Mermaid';

/** Presses an export's button and reads what the browser saves. */
async function take(page: Page, glass: Glass, format: Format): Promise<{ name: string; body: Buffer }> {
  const sheet = await glass.sheet('Keep and export');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    sheet.getByRole('button', { name: format, exact: true }).click(),
  ]);
  return { name: download.suggestedFilename(), body: await readFile(await download.path()) };
}

/** One of ten orders whose cards are declined: there are others before it. */
const ORDER = 105;

/** The glass, stopped where its charge failed. */
async function failure(page: Page, origin: string): Promise<{ glass: Glass; failed: Recorded }> {
  const glass = await Glass.open(page, '/playground');
  const api = Api.of(page, origin);
  await api.decline();
  await glass.press('Ten orders');
  for (const order of [101, ORDER, 110]) await api.until(`notification ${order} SENT`);
  await expect(glass.slider).toHaveAttribute('max', String((await api.record()).length));
  const failed = await api.published('PaymentFailed', ORDER);
  await glass.seek(failed.position);
  return { glass, failed };
}

/** An SVG file that stands for itself: well-formed, asking for nothing, and something to be seen. */
async function standsAlone(page: Page, svg: string): Promise<void> {
  // Not in the terrarium’s own page, whose policy allows no styles but its own.
  const blank = await page.context().newPage();
  await blank.setContent('<!doctype html><body style="margin:0"></body>');
  const told = await blank.evaluate((text) => {
    const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
    const elements = [...parsed.querySelectorAll('*')];
    const links = elements.flatMap((element) =>
      [...element.attributes].filter(({ name, value }) => /^(xlink:)?href$|^src$/.test(name) && !value.startsWith('#')),
    );
    return {
      error: parsed.querySelector('parsererror')?.textContent ?? null,
      root: parsed.documentElement.namespaceURI,
      links: links.map(({ value }) => value),
      scripts: elements.filter(({ localName }) => ['script', 'foreignObject', 'image', 'use'].includes(localName)).length,
      handlers: elements.flatMap((element) => [...element.attributes].map(({ name }) => name)).filter((n) => /^on/.test(n)),
    };
  }, svg);
  expect(told).toEqual({ error: null, root: 'http://www.w3.org/2000/svg', links: [], scripts: 0, handlers: [] });
  const outside = svg.match(/url\((?!['"]?#)[^)]*\)|@import|https?:\/\/(?!www\.w3\.org\/)/g);
  expect(outside, 'nothing of it lies elsewhere').toBeNull();
  expect(svg, 'no variable of a stylesheet it does not have').not.toContain('var(--');

  const seen = await blank.evaluate(async (text) => {
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: 400, height: 300 });
    const context = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;
    context.drawImage(image, 0, 0, 400, 300);
    const { data } = context.getImageData(0, 0, 400, 300);
    const colours = new Set<number>();
    for (let at = 0; at < data.length; at += 4) colours.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
    return { width: image.naturalWidth, height: image.naturalHeight, colours: colours.size };
  }, svg);
  await blank.close();
  expect(seen.width).toBeGreaterThan(300);
  expect(seen.height).toBeGreaterThan(150);
  expect(seen.colours, 'something is drawn').toBeGreaterThan(20);
}

test('the diagram as SVG and PNG, at the position shown', async ({ page, terrarium }) => {
  const { glass, failed } = await failure(page, terrarium.url);
  const { name, body } = await take(page, glass, 'SVG');
  expect(name).toMatch(new RegExp(`-at-${failed.position}\\.svg$`));
  const svg = body.toString();
  await standsAlone(page, svg);
  expect(svg).toContain(`PaymentFailed · ${ORDER}`);
  for (const service of ['orders', 'inventory', 'payments', 'notifications']) expect(svg).toContain(service);
  // What the picture shows at that moment, and nothing later.
  const rows = await glass.picture.locator('text.row').allTextContents();
  expect(rows.length).toBeGreaterThan(3);
  expect(svg).toContain(`${ORDER} 29.99 declined`);
  expect(svg).not.toContain(`${ORDER} CANCELLED`);

  const png = await take(page, glass, 'PNG');
  expect(png.name).toMatch(/\.png$/);
  expect(png.body.subarray(1, 4).toString()).toBe('PNG');
  // Twice as many pixels as the SVG has units.
  const width = Number(/<svg[^>]* width="(\d+)"/.exec(svg)?.[1]);
  expect(png.body.readUInt32BE(16)).toBe(2 * width);
});

test('one order’s space-time as SVG', async ({ page, terrarium }) => {
  const { glass, failed } = await failure(page, terrarium.url);
  await glass.open('Trace');
  await glass.view.getByRole('link', { name: 'Only this order in every view' }).click();
  await glass.open('Space-time');
  const { body } = await take(page, glass, 'SVG');
  const svg = body.toString();
  await standsAlone(page, svg);
  for (const text of ['PaymentFailed', 'topic']) expect(svg).toContain(text);
  // The same events as on the page, of this order alone.
  const marks = (of: string) => (of.match(/<path class="(?:way|message|line)[^"]*"/g) ?? []).length;
  const drawn = await glass.view.locator('svg.events').evaluate((element) => element.outerHTML);
  expect(marks(svg)).toBe(marks(drawn));
  expect(failed.correlation_id).toBeDefined();
  const labels = (of: string) => [...of.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, label]) => label);
  expect(labels(drawn).length).toBeGreaterThan(5);
  expect(labels(svg)).toEqual(expect.arrayContaining(labels(drawn)));
});

for (const narrowed of [false, true]) {
  test(`Mermaid of ${narrowed ? 'one order' : 'all that has happened'}`, async ({ page, terrarium }) => {
    const { glass, failed } = await failure(page, terrarium.url);
    if (narrowed) {
      await glass.open('Trace');
      await glass.view.getByRole('link', { name: 'Only this order in every view' }).click();
    }
    const { name, body } = await take(page, glass, 'Mermaid');
    expect(name).toMatch(new RegExp(`-at-${failed.position}\\.mmd$`));
    const [first, ...lines] = body.toString().trimEnd().split('\n');
    expect(first).toBe('sequenceDiagram');
    const participants = new Map<string, string>();
    const text = String.raw`[^;#<>{}]+`;
    for (const line of lines) {
      const declared = /^ {4}(?:actor|participant) (\w+) as (.+)$/.exec(line);
      if (declared) {
        participants.set(declared[1], declared[2]);
        continue;
      }
      const said = new RegExp(`^ {4}(\\w+)(?:->>|-->>|-\\)|--\\))(\\w+): ${text}$`).exec(line);
      const noted = new RegExp(`^ {4}Note over (\\w+)(?:,(\\w+))?: ${text}$`).exec(line);
      expect(said ?? noted, `well-formed: ${line}`).not.toBeNull();
      for (const who of (said ?? noted)?.slice(1).filter((part) => part) ?? []) {
        expect(participants.has(who), `${who} of “${line}” is declared`).toBe(true);
      }
    }
    expect([...participants.values()]).toEqual(
      expect.arrayContaining(['you', 'orders', 'inventory', 'payments', 'topic orders', 'topic payments']),
    );
    const failures = lines.filter((line) => line.includes(`PaymentFailed of order ${ORDER}`));
    expect(failures.length).toBeGreaterThan(0);
    const others = lines.filter((line) => /order (?!105\b)\d+/.test(line));
    if (narrowed) expect(others).toEqual([]);
    else expect(others.length).toBeGreaterThan(0);
  });
}
