import { expect, test } from '../fixtures.ts';
import { Api, Glass, type State, views } from '../glass.ts';

/** The figure of an order as a story's sentence would leave it. */
type Told = Map<number, { order?: string; payment?: string; stock?: string; customer?: string }>;

test('everything shown belongs to the position', async ({ page, terrarium, accessibilityProblems }) => {
  const glass = await Glass.open(page, '/playground');
  const api = Api.of(page, terrarium.url);
  await api.decline(2);
  for (let orders = 0; orders < 4; orders++) await api.placeOrder();
  for (const order of [101, 102, 103, 104]) await api.until(`notification ${order} SENT`);
  await api.request.post(`${await api.sandbox()}/services/inventory/crash`);
  await expect(glass.button('Restart inventory')).toBeVisible();
  await api.placeOrder();
  await api.until('order 105 PENDING');
  await glass.press('Live');
  await expect(glass.order(105, 'PENDING')).toBeVisible();
  const end = (await api.record()).length;
  await expect(glass.slider).toHaveAttribute('max', String(end));

  const some = [1, 0.75, 0.5, 0.33, 0.2].map((part) => Math.floor(end * part));
  for (const at of some) {
    await test.step(`position ${at} of ${end}`, async () => {
      await glass.open('Diagram');
      await glass.seek(at);
      const state = await api.state(at);
      expect(state.position).toBe(at);
      await showsState(glass, state);

      await glass.open('Story');
      // The story stands at the last event told up to here.
      const link = Number(await glass.told.getAttribute('data-at'));
      expect(link).toBeLessThanOrEqual(at);
      const next = glass.view.getByRole('listitem').filter({ hasText: 'Still to come:' }).first();
      if (await next.count()) {
        expect(Number(await next.getByRole('link').first().getAttribute('data-at'))).toBeGreaterThan(at);
      }

      await glass.open('Data');
      // Until they have come, it says that they are on their way.
      await expect(glass.view.locator('.view')).toHaveAttribute('aria-busy', 'false');
      for (const node of state.nodes) {
        for (const { name } of node.tables) {
          const { columns, rows } = await api.table(node.name, name, at);
          const table = glass.view.getByRole('region', { name: `${node.name}: ${name}`, exact: true });
          await expect(table.getByRole('columnheader')).toHaveText([...columns, 'Change']);
          const shown = await table.locator('tbody tr:not(.deleted)').evaluateAll((lines) =>
            lines.map((line) =>
              [...line.querySelectorAll('td:not(.mark)')].map((cell) => {
                const now = cell.querySelector('ins') ?? cell;
                return now.textContent ?? '';
              }),
            ),
          );
          const expected = rows.map((row) => row.map((value) => (value === null ? 'null' : String(value))));
          expect(rows.length ? shown : [], `${node.name}.${name} at ${at}`).toEqual(expected);
        }
      }
    });
  }

  await test.step('axe finds nothing in any view', async () => {
    for (const view of views) {
      await glass.open(view);
      expect.soft(await accessibilityProblems(), view).toEqual([]);
    }
  });
});

/** The picture's name, its list and its orders say what the state says. */
async function showsState(glass: Glass, state: State): Promise<void> {
  for (const { name, health } of state.nodes) {
    const words = health === 'up' ? 'up' : health;
    await expect(glass.picture).toHaveAccessibleName(new RegExp(`\\b${name}: ${words}`));
    await expect(glass.listed(new RegExp(`^${name}: ${words}`))).toHaveCount(1);
  }
  for (const saga of state.sagas.latest) {
    await expect(glass.order(saga.order_id, saga.order)).toBeVisible();
    const parts = [
      saga.reservation && `stock ${saga.reservation.toLowerCase()}`,
      saga.payment && `payment ${saga.payment.toLowerCase()}`,
    ].filter((part) => part);
    await expect(glass.listed(new RegExp(`^${[`order ${saga.order_id}: ${saga.order}`, ...parts].join(', ')}`))).toHaveCount(1);
  }
  await expect(glass.outline.getByRole('option', { name: /^order \d+:/ })).toHaveCount(state.sagas.latest.length);
}

test('what the picture shows is what the story says, step by step', async ({ page, terrarium }) => {
  const glass = await Glass.open(page, '/playground');
  const api = Api.of(page, terrarium.url);
  const begun = (await api.record()).length;
  await api.decline(2);
  for (const order of [101, 102]) {
    await api.placeOrder();
    await api.until(`notification ${order} SENT`);
  }
  const end = (await api.record()).length;
  await expect(glass.slider).toHaveAttribute('max', String(end));

  await glass.open('Story');
  await glass.view.getByRole('combobox', { name: 'Show' }).selectOption('Everything');
  await glass.seek(begun);
  const told: Told = new Map();
  for (let at = begun + 1; at <= end; at++) {
    expect(await glass.step('Step forward')).toBe(at);
    const sentence = await glass.told.locator('.what').innerText();
    expect(Number(await glass.told.getAttribute('data-at')), 'the story stands where the picture does').toBe(at);
    listen(told, sentence);
    for (const [order, { payment, stock, customer, order: status }] of told) {
      // The picture is behind the story; its list and its table of orders are read all the same.
      const shown = await glass.vessel.locator(`.outline #item-saga-${order}`).textContent();
      const line = [`order ${order}: ${status}`];
      if (stock) line.push(`stock ${stock}`);
      if (payment) line.push(`payment ${payment}`);
      if (customer) line.push(`customer ${customer}`);
      expect(shown, `after “${sentence}” at ${at}`).toBe(line.join(', '));
    }
    // And so do the cylinders: the newest row of a service is the one it has told of last.
    const change = /^In (\w+), .* (\d+) (?:begins as|goes from \w+ to) (\w+)\.$/.exec(sentence);
    if (change) {
      const [, service, order, status] = change;
      const texts = await glass.vessel.locator(`svg.wide [data-part="node-${service}"] text.row`).allTextContents();
      const words = service === 'notifications' ? `${order} “` : service === 'orders' ? `${order} ${status}` : status.toLowerCase();
      expect(texts.some((text) => text.includes(words)), `${service} draws ${words}: ${texts.join(' | ')}`).toBe(true);
    }
  }
  expect([...told.values()]).toEqual([
    { order: 'CONFIRMED', stock: 'sold', payment: 'captured', customer: 'sent' },
    { order: 'CANCELLED', stock: 'released', payment: 'declined', customer: 'sent' },
  ]);
});

/** What somebody knows of the orders who only hears the sentences. */
function listen(told: Told, sentence: string): void {
  const change = /, (order|the (\w+) for order|the message to the customer about order) (\d+) (?:begins as|goes from \w+ to) (\w+)\.$/;
  const heard = change.exec(sentence);
  const customer = /tells the customer of order (\d+)\.$/.exec(sentence);
  const sold = /marks the pieces of order (\d+) as sold\.$/.exec(sentence);
  const [order, part, status] = heard
    ? [heard[3], heard[2] ?? (heard[1] === 'order' ? 'order' : 'customer'), heard[4]]
    : customer
      ? [customer[1], 'customer', 'SENT']
      : sold
        ? [sold[1], 'reservation', 'SOLD']
        : [];
  if (!order || !part || !status) return;
  const known = told.get(Number(order)) ?? {};
  if (part === 'order') known.order = status;
  if (part === 'reservation') known.stock = status.toLowerCase();
  if (part === 'payment') known.payment = status.toLowerCase();
  if (part === 'customer') known.customer = status.toLowerCase();
  told.set(Number(order), known);
}
