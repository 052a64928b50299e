// Everything that can be made to go wrong, set from the playground as a person would, and what it does to the page.

import type { Locator, Page } from '@playwright/test';

import { expect, test } from '../fixtures.ts';
import { Api, Glass } from '../glass.ts';

/** What is filled in before a fault is set, by its label; what is left out stays as the sheet has it. */
type Fields = Record<string, string>;

/** The sheet of faults of a fresh system. */
class Faults {
  private constructor(
    readonly glass: Glass,
    readonly sheet: Locator,
  ) {}

  static async open(page: Page): Promise<Faults> {
    const glass = await Glass.open(page, '/playground');
    return new Faults(glass, glass.folded('Faults'));
  }

  field(label: string): Locator {
    const [choice, number] = (['combobox', 'spinbutton'] as const).map((role) =>
      this.sheet.getByRole(role, { name: label, exact: true }),
    );
    return choice.or(number);
  }

  button(name: string): Locator {
    return this.sheet.getByRole('button', { name, exact: true });
  }

  /** Fills the sheet in and sets the fault that it describes. */
  async set(fields: Fields): Promise<void> {
    await this.glass.sheet('Faults');
    for (const [label, value] of Object.entries(fields)) {
      const field = this.field(label);
      await expect(field, `the sheet asks for “${label}”`).toBeVisible();
      if (await field.evaluate((element) => element instanceof HTMLSelectElement)) {
        await field.selectOption({ label: value });
      } else {
        await field.fill(value);
      }
    }
    await this.button('Set this fault').click();
  }

  /** A fault that stands, by what the list says of it. */
  standing(sentence: string): Locator {
    return this.sheet.getByRole('listitem').filter({ hasText: sentence });
  }

  /** Waits until a fault is listed, and drawn where it acts. */
  async stands(sentence: string, word: string): Promise<void> {
    await expect(this.standing(sentence), `“${sentence}” is listed`).toBeVisible();
    await expect(this.mark(word), `“${word}” is drawn`).toBeVisible();
  }

  /** The word beside a fault's mark in the picture. */
  mark(word: string): Locator {
    return this.glass.picture.locator('.fault-word').filter({ hasText: word }).first();
  }

  /** Waits until nothing is made to go wrong, in the list and in the picture. */
  async noneStand(): Promise<void> {
    await expect(this.sheet.getByRole('listitem'), 'no fault is listed').toHaveCount(0);
    await expect(this.sheet.getByText('Nothing is made to go wrong.')).toBeVisible();
    await expect(this.glass.picture.locator('.fault-word'), 'no fault is drawn').toHaveCount(0);
  }

  async healAll(): Promise<void> {
    await this.button('Heal all').click();
    await this.noneStand();
  }

  async order(id: number, status: string): Promise<Locator> {
    const order = this.glass.order(id, status);
    await expect(order, `order ${id} is ${status}`).toBeVisible();
    return order;
  }

  /** Places an order and waits until it is so. */
  async place(id: number, status: string): Promise<Locator> {
    await this.glass.press('Place an order');
    return this.order(id, status);
  }

  /** How long an order took, in milliseconds, as its row says. */
  async took(order: Locator): Promise<number> {
    const said = await order.getByRole('cell').last().innerText();
    const [, number, unit] = /^([\d.]+) (µs|ms|s)$/.exec(said) ?? [];
    return Number(number) * ({ µs: 0.001, ms: 1, s: 1000 }[unit ?? ''] ?? NaN);
  }

  /** What the sheet of promises says of one. */
  promise(name: string): Locator {
    return this.glass.folded('Promises').getByRole('listitem').filter({ hasText: name });
  }

  async promisesAreKept(): Promise<void> {
    await expect(this.glass.folded('Promises')).toContainText('all 18 kept');
  }

  /** Switches a protection on or off, and waits until it is. */
  async protection(name: string, on: boolean): Promise<void> {
    const sheet = await this.glass.sheet('Protections');
    const toggle = sheet.getByRole('switch', { name, exact: true });
    await toggle.click();
    await expect(toggle).toHaveAttribute('aria-checked', String(on));
  }
}

/** The seconds that a fault has left, as the list shows them. */
async function left(fault: Locator): Promise<number> {
  return Number(/(\d+) s left/.exec(await fault.innerText())?.[1] ?? NaN);
}

/** Microseconds, a second to a minute of them, as the page writes them. */
function elapsed(us: number): string {
  return `${(Math.floor(us / 10_000) / 100).toFixed(2)} s`;
}

/** Presses the middle of an edge of the picture. */
async function pressEdge(glass: Glass, target: string): Promise<void> {
  const edge = glass.picture.locator(`[data-target="${target}"]`).first();
  await edge.scrollIntoViewIfNeeded();
  const { x, y } = await edge.evaluate((element) => {
    const path = element as SVGPathElement;
    const middle = path.getPointAtLength(path.getTotalLength() / 2);
    const { x, y } = middle.matrixTransform(path.getScreenCTM() ?? undefined);
    return { x, y };
  });
  await glass.page.mouse.click(x, y);
}

test('what is pressed in the picture is aimed at; a delay there counts down, holds the message, and is healed', async ({
  page,
}) => {
  const faults = await Faults.open(page);
  const { glass } = faults;
  await pressEdge(glass, 'inventory->payments');
  await expect(faults.field('Where')).toHaveValue('inventory->payments');
  await expect(faults.field('What')).toBeFocused();
  await expect(faults.field('Where').locator('option:checked')).toHaveText('inventory to payments');

  await faults.set({ What: 'Comes late', Milliseconds: '10000', 'Strength, percent': '100', Lasts: '60 s' });
  const late = 'What inventory sends payments comes 10000 ms late.';
  await faults.stands(late, 'late');
  await expect(faults.sheet.getByText('1 standing')).toBeVisible();

  const held = await faults.place(101, 'PENDING');
  await expect(held, 'the stock is held while payments has not heard of it').toContainText(/held\s*–/);
  const before = await left(faults.standing(late));
  expect(before).toBeLessThanOrEqual(60);
  await expect.poll(() => left(faults.standing(late)), 'the seconds left go down').toBeLessThan(before);
  expect(await faults.took(await faults.order(101, 'CONFIRMED')), 'it took the delay at least').toBeGreaterThan(10_000);

  await faults.healAll();
  expect(await faults.took(await faults.place(102, 'CONFIRMED')), 'it is not held any more').toBeLessThan(10_000);
  await faults.promisesAreKept();
});

test('by keyboard alone: what is published comes twice, is handled once, and the fault is cleared', async ({ page }) => {
  const faults = await Faults.open(page);
  const { glass } = faults;
  const press = async (control: Locator, key = 'Enter') => {
    await glass.tabTo(control);
    await page.keyboard.press(key);
  };
  const choose = async (label: string, option: string) => {
    const field = faults.field(label);
    await glass.tabTo(field);
    await page.keyboard.press('Home');
    for (let presses = 0; presses < 60; presses++) {
      if ((await field.locator('option:checked').innerText()) === option) return;
      await page.keyboard.press('ArrowDown');
    }
    throw new Error(`“${option}” is not to be had at “${label}”`);
  };

  await press(faults.sheet.locator('summary'));
  await choose('Where', 'topic inventory');
  await choose('What', 'Comes twice');
  await choose('Lasts', '5 minutes');
  await press(faults.button('Set this fault'));
  const twice = 'What is published to the topic inventory comes twice.';
  await faults.stands(twice, 'twice');
  await expect(faults.standing(twice)).toContainText(/\b(300|29\d) s left/);

  await press(glass.button('Place an order'));
  const order = await faults.order(101, 'CONFIRMED');
  await expect(order, 'it is paid for and sold').toContainText(/sold\s*captured/);
  await faults.promisesAreKept();

  // The moment at which the fault was set tells what it did.
  await glass.tabTo(glass.tab('Diagram'));
  await page.keyboard.press('ArrowRight');
  await glass.stands('Story');
  await press(glass.view.getByRole('link', { name: 'From now on what is published to the topic inventory comes twice.' }));
  await press(glass.view.getByRole('link', { name: 'Explain this moment' }));
  await expect(glass.inspector).toBeFocused();
  await expect(glass.inspector).toContainText(/The fault duplicate-topic-inventory strikes .*order 101/);
  await press(glass.inspector.getByRole('button', { name: 'Close' }));
  await press(glass.button('Live'));

  await press(faults.button('Clear “twice” at topic inventory'));
  await faults.noneStand();
  await expect(faults.button('Heal all'), 'the focus goes on').toBeFocused();
  await press(glass.button('Place an order'));
  await faults.order(102, 'CONFIRMED');
});

test('what is lost on its way to the broker is sent again, and breaks no promise', async ({ page }) => {
  const faults = await Faults.open(page);
  const { glass } = faults;
  await faults.set({ Where: 'topic inventory', What: 'Is lost', Lasts: 'until cleared' });
  const lost = 'What is published to the topic inventory is lost.';
  await faults.stands(lost, 'lost');
  await expect(faults.standing(lost)).toContainText('until cleared');

  await faults.place(101, 'PENDING');
  await glass.open('Space-time');
  const strikes = () => glass.view.locator('.strike').count();
  await expect.poll(strikes, 'it is lost again and again').toBeGreaterThan(1);
  await expect(await faults.order(101, 'PENDING'), 'payments never heard of it').toContainText(/held\s*–/);
  await faults.promisesAreKept();

  await glass.open('Diagram');
  await faults.healAll();
  await faults.order(101, 'CONFIRMED');
  await faults.promisesAreKept();
});

test('declined payments end an order CANCELLED; cleared, the next one is paid', async ({ page }) => {
  const faults = await Faults.open(page);
  const { glass } = faults;
  await faults.set({ Where: 'payments', What: 'The card is declined', 'Each n-th charge': '1' });
  const declines = 'The card network declines every charge.';
  await expect(faults.standing(declines)).toBeVisible();
  await expect(glass.picture).toHaveAccessibleName(/payments: up · declining/);
  await expect(glass.button('Decline payments')).toHaveAttribute('aria-pressed', 'true');
  const order = await faults.place(101, 'CANCELLED');
  await expect(order, 'the stock was given back').toContainText(/released\s*declined/);

  await faults.button('Clear “declining” at payments').click();
  await faults.noneStand();
  await expect(glass.button('Decline payments')).toHaveAttribute('aria-pressed', 'false');
  await expect(glass.picture).not.toHaveAccessibleName(/declining/);
  await faults.place(102, 'CONFIRMED');
  await faults.promisesAreKept();
});

test('paused, a service stands still and goes on; crashed, it is restarted, or brought back by Heal all', async ({
  page,
}) => {
  const faults = await Faults.open(page);
  const { glass } = faults;
  await glass.sheet('Faults');
  await faults.button('Pause payments').click();
  await expect(glass.picture).toHaveAccessibleName(/payments: paused/);
  const still = 'payments stands still.';
  await expect(faults.standing(still)).toContainText(/\d+ s left/);
  await faults.place(101, 'PENDING');
  const before = await left(faults.standing(still));
  await expect.poll(() => left(faults.standing(still)), 'the seconds left go down').toBeLessThan(before);
  await expect(await faults.order(101, 'PENDING'), 'payments has it in its hands').toContainText(/held\s*–/);
  await faults.button('Resume payments').click();
  await expect(glass.picture).toHaveAccessibleName(/payments: up/);
  await faults.order(101, 'CONFIRMED');
  await faults.noneStand();

  await glass.press('Crash inventory');
  await expect(glass.picture).toHaveAccessibleName(/inventory: crashed/);
  await expect(glass.saying('3 of 4 up')).toBeVisible();
  await faults.place(102, 'PENDING');
  await expect(glass.drawn('1 waiting for inventory')).toBeVisible();
  await glass.press('Restart inventory');
  await faults.order(102, 'CONFIRMED');

  await faults.set({ Where: 'payments', What: 'Is down' });
  await expect(faults.standing('payments is held down.')).toBeVisible();
  await expect(glass.picture).toHaveAccessibleName(/payments: crashed/);
  await faults.place(103, 'PENDING');
  await faults.healAll();
  await expect(glass.picture).toHaveAccessibleName(/payments: up/);
  await faults.order(103, 'CONFIRMED');
  await faults.promisesAreKept();
});

test('without the inbox what comes twice is charged twice, and the page says which promise that breaks', async ({
  page,
}) => {
  const faults = await Faults.open(page);
  const { glass } = faults;
  await faults.protection('inbox', false);
  await expect(glass.saying('Switched off: inbox.')).toBeVisible();
  await expect(glass.saying('A message that comes twice is handled twice. A card may be charged twice.')).toBeVisible();
  await faults.set({ Where: 'inventory to payments', What: 'Comes twice' });
  await faults.stands('What inventory sends payments comes twice.', 'twice');
  await faults.place(101, 'CONFIRMED');

  const why = 'Broken promise, charged-at-most-once: order 101 was charged more than once';
  await expect(glass.saying(why)).toBeVisible();
  const promises = await glass.sheet('Promises');
  await expect(promises).toContainText(/\d of 18 broken/);
  const light = faults.promise('charged-at-most-once');
  await expect(light).toContainText('No order is charged twice');
  await expect(light).toContainText(/broken since \d+/);
  await expect(faults.promise('stock-conserved')).toContainText('kept');

  // Before that moment it was kept.
  await light.getByRole('link').click();
  await expect(glass.button('Play')).toBeVisible();
  await glass.seek((await glass.position()) - 1);
  await expect(light).not.toContainText('broken');
  await glass.press('Live');
  await expect(light).toContainText(/broken since \d+/);

  await faults.protection('inbox', true);
  await expect(glass.saying('Switched off: inbox.')).toBeHidden();
  await faults.place(102, 'CONFIRMED');
  await expect(glass.saying(why), 'of order 102 there is nothing to complain of').toBeVisible();
});

test('a promise that was broken for a while says for how long', async ({ page, terrarium }) => {
  const faults = await Faults.open(page);
  const api = Api.of(page, terrarium.url);
  const { glass } = faults;
  await glass.sheet('Promises');
  const light = faults.promise('every-saga-ends');
  await expect(light).toContainText('kept');
  await faults.protection('outbox', false);
  // It is broken from when it is seen, which is a moment after the order was placed.
  await faults.set({ Where: 'topic orders', What: 'Comes late', Milliseconds: '10000' });
  await faults.stands('What is published to the topic orders comes 10000 ms late.', 'late');
  await faults.place(101, 'PENDING');
  await expect(light).toContainText(/broken since \d+/);
  await expect(glass.saying('Broken promise, every-saga-ends: order 101 is PENDING, and nothing is under way')).toBeVisible();
  await faults.order(101, 'CONFIRMED');
  await expect(light).toContainText(/broken for .+ at \d+–\d+/);
  const mended = (await api.state()).mended.find(({ name }) => name === 'every-saga-ends');
  const { lasted, since, until } = mended ?? { lasted: NaN, since: NaN, until: NaN };
  expect(lasted, 'as long as the message was late, all but a moment').toBeGreaterThan(8_000_000);
  await expect(light).toContainText(`broken for ${elapsed(lasted)} at ${since}–${until}`);
  await faults.promisesAreKept();
});

test('a fault ends by itself when its time is up', async ({ page, terrarium }) => {
  const faults = await Faults.open(page);
  const api = Api.of(page, terrarium.url);
  await faults.set({ Where: 'orders to inventory', What: 'Cannot be reached', Lasts: '10 s' });
  const away = 'Nothing passes between orders and inventory.';
  await api.happened('FaultInstalled');
  await api.placeOrder();
  await faults.stands(away, 'cut off');
  const before = await left(faults.standing(away));
  expect(before).toBeLessThanOrEqual(10);
  await expect.poll(() => left(faults.standing(away)), 'the seconds left go down').toBeLessThan(before);
  await faults.noneStand();
  await faults.order(101, 'CONFIRMED');
  const record = await api.record();
  const over = record.findIndex(({ observation: { kind } }) => kind === 'FaultCleared');
  const order = (state: string) =>
    record.findIndex(({ observation: { entity, to } }) => entity === 'order' && to === state);
  expect(order('PENDING'), 'the order is placed while nothing passes').toBeLessThan(over);
  expect(order('CONFIRMED'), 'and goes on when that is over').toBeGreaterThan(over);
  expect(await faults.glass.story()).toContain('It is over that nothing passes between orders and inventory.');
});

for (const [width, height, colorScheme] of [
  [1440, 900, 'light'],
  [390, 844, 'dark'],
] as const) {
  test(`the sheets fit ${width} px, ${colorScheme}, with faults standing`, async ({ page, accessibilityProblems }) => {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    const faults = await Faults.open(page);
    await faults.protection('inbox', false);
    await faults.set({ Where: 'topic inventory', What: 'Is lost', 'Strength, percent': '50', Lasts: 'until cleared' });
    await faults.stands('What is published to the topic inventory is lost, in 50 of 100 cases.', 'lost');
    await faults.set({ Where: 'inventory', What: 'Has a slow store', Milliseconds: '20', Lasts: '60 s' });
    const slow = faults.standing('Each transaction of inventory takes 20 ms longer, in 50 of 100 cases.');
    await expect(slow).toContainText(/\d+ s left/);
    await faults.glass.sheet('Promises');
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    expect(await accessibilityProblems()).toEqual([]);
  });
}
