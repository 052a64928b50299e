import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures.ts';
import { Api, Glass } from '../glass.ts';

/** The saga view of a fresh system of a topology. */
class Saga {
  private constructor(
    readonly glass: Glass,
    readonly api: Api,
    readonly page: Page,
  ) {}

  static async of(topology: string, page: Page, origin: string): Promise<Saga> {
    const made = await page.context().request.post(`${origin}/api/sandboxes`, { data: { topology } });
    expect(made.status()).toBe(201);
    const { id } = await made.json();
    await page.goto(`/playground?run=${id}&view=saga`);
    const saga = new Saga(new Glass(page), Api.of(page, origin), page);
    await saga.glass.stands('Saga');
    return saga;
  }

  /** A step with its compensation, in words: `reserve-stock done inventory Compensation release-stock waiting`. */
  step(name: string) {
    return this.glass.view
      .getByRole('list', { name: 'Steps of the saga' })
      .getByRole('listitem')
      .filter({ hasText: new RegExp(`^${name}`) });
  }

  /** How each of these steps is, from the first to the last. */
  async reads(steps: Record<string, string | RegExp>): Promise<void> {
    for (const [name, how] of Object.entries(steps)) await expect(this.step(name)).toContainText(how);
  }

  async ends(order: number, state: string): Promise<void> {
    await this.api.until(`saga ${order} ${state}`);
    await expect(this.glass.view.getByRole('heading', { name: `order ${order} ${state}` })).toBeVisible();
  }
}

test('an order that goes well comes to the end of its saga, and back in time it is under way again', async ({
  page,
  terrarium,
  accessibilityProblems,
}) => {
  const saga = await Saga.of('saga-orchestration', page, terrarium.url);
  await saga.reads({ 'create-order': 'waiting', 'sell-stock': 'waiting' });
  await saga.glass.press('Place an order');
  await saga.ends(101, 'COMPLETED');
  for (const name of ['create-order', 'reserve-stock', 'charge-card', 'confirm-order', 'sell-stock']) {
    await saga.reads({ [name]: `${name} done` });
  }
  expect(await accessibilityProblems()).toEqual([]);

  // A step leads to the moment at which it became so.
  await saga.step('reserve-stock').getByRole('link', { name: 'reserve-stock' }).click();
  await expect(saga.glass.button('Play')).toBeVisible();
  await saga.reads({ 'create-order': 'done', 'reserve-stock': 'reserve-stock done', 'charge-card': 'waiting' });
  await saga.glass.step('Step back');
  await saga.reads({ 'reserve-stock': 'reserve-stock asked', 'charge-card': 'waiting' });
  await expect(saga.glass.view.getByRole('heading', { name: 'order 101 RUNNING' })).toBeVisible();
});

test('a declined card has what was done taken back in reverse', async ({ page, terrarium, accessibilityProblems }) => {
  const saga = await Saga.of('saga-orchestration', page, terrarium.url);
  await saga.api.decline();
  await saga.glass.press('Place an order');
  await saga.ends(101, 'COMPENSATED');
  await saga.reads({
    'create-order': /^create-order taken back.*cancel-order done/,
    'reserve-stock': /^reserve-stock taken back.*release-stock done/,
    'charge-card': 'charge-card failed',
    'confirm-order': 'confirm-order not asked for',
  });
  expect(await accessibilityProblems()).toEqual([]);

  const asked = (await saga.api.record()).find(
    ({ observation }) => observation.kind === 'SagaStepStarted' && observation.step === 'release-stock',
  );
  await saga.glass.seek(asked?.position ?? 0);
  await saga.reads({
    'create-order': /^create-order done.*cancel-order waiting/,
    'reserve-stock': /^reserve-stock being taken back.*release-stock asked/,
    'charge-card': 'charge-card failed',
  });
  await expect(saga.glass.view.getByRole('heading', { name: 'order 101 COMPENSATING' })).toBeVisible();
  const told = await saga.glass.story();
  expect(told).toContain('saga-orchestrator begins the saga of order 101');
  expect(told).toContain('what was done for order 101 is taken back');
});

test('by keyboard one comes to the view, and to another order’s saga', async ({ page, terrarium }) => {
  const saga = await Saga.of('saga-orchestration', page, terrarium.url);
  await saga.glass.press('Place an order');
  await saga.ends(101, 'COMPLETED');
  await saga.api.decline();
  await saga.glass.press('Place an order');
  await saga.ends(102, 'COMPENSATED');
  await saga.glass.open('Diagram');
  await expect(page).not.toHaveURL(/view=/);

  await saga.glass.tab('Diagram').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await saga.glass.stands('Saga');
  await expect(page).toHaveURL(/view=saga/);
  const order = saga.glass.view.getByRole('combobox', { name: 'Order' });
  await page.keyboard.press('Tab');
  await expect(order).toBeFocused();
  await order.selectOption({ label: 'order 101' });
  await expect(saga.glass.view.getByRole('heading', { name: 'order 101 COMPLETED' })).toBeVisible();
});

test.describe('with leases that no busy machine outlasts', () => {
  test.use({ serverEnv: { TERRARIUM_LEASE_MS: '5000' } });

  test('the leader crashes and the one that stood by takes over; paused, that one finds itself replaced', async ({
    page,
    terrarium,
    accessibilityProblems,
  }) => {
    const saga = await Saga.of('saga-orchestration', page, terrarium.url);
    const { glass } = saga;
    const replica = (n: number) => glass.view.getByRole('listitem').filter({ hasText: `saga-orchestrator ${n}` });
    await glass.press('Place an order');
    await saga.ends(101, 'COMPLETED');
    await expect(replica(0)).toContainText('up · leads, token 1');
    await expect(replica(1)).toContainText('up · stands by');
    expect(await accessibilityProblems()).toEqual([]);

    await glass.press('Crash saga-orchestrator 0');
    await expect(replica(0)).toContainText('crashed');
    await expect(glass.button('Restart saga-orchestrator 0')).toBeFocused();
    await glass.press('Place an order');
    await saga.ends(102, 'COMPLETED');
    await expect(replica(1)).toContainText('up · leads, token 2');
    await expect(glass.history.locator('.takeover')).toHaveCount(1);
    expect(await glass.story()).toContain('Replica 1 of saga-orchestrator takes over from replica 0');

    await glass.press('Restart saga-orchestrator 0');
    await expect(replica(0)).toContainText('up · stands by');
    await glass.press('Pause saga-orchestrator 1');
    await expect(replica(1)).toContainText('paused');
    await glass.press('Place an order');
    await saga.ends(103, 'COMPLETED');
    await expect(replica(0)).toContainText('up · leads, token 3');
    await glass.press('Resume saga-orchestrator 1');
    await expect(replica(1)).toContainText('up · stands by');
    await glass.open('Diagram');
    await expect(glass.picture).toHaveAccessibleName(/saga-orchestrator: up · 0 leads, token 3/);
  });
});

test('a compensation that cannot be had parks the saga; a person has it go on', async ({
  page,
  terrarium,
  accessibilityProblems,
}) => {
  const saga = await Saga.of('saga-orchestration', page, terrarium.url);
  const { glass, api } = saga;
  await api.decline();
  const fault = { kind: 'fail-step', target: 'inventory', ttl_ms: null, params: { step: 'release-stock', when: 'before' } };
  const set = await api.request.put(`${await api.sandbox()}/faults/stuck`, { data: fault });
  expect(set.status()).toBe(200);
  await glass.press('Place an order');
  await saga.ends(101, 'PARKED');
  await saga.reads({ 'reserve-stock': /^reserve-stock parked.*release-stock parked, attempt \d/ });
  await expect(glass.view.getByText(/release-stock of order 101, \d+ attempts/)).toBeVisible();
  await expect(glass.view.getByText(/the stock is HELD and the card DECLINED/)).toBeVisible();
  expect(await accessibilityProblems()).toEqual([]);

  // Wherever one looks, it is told.
  await glass.open('Diagram');
  await expect(glass.saying('1 saga is parked and waits for a person.')).toBeVisible();
  await glass.vessel.getByRole('link', { name: 'Open the cases' }).click();
  await glass.stands('Saga');

  await api.request.delete(`${await api.sandbox()}/faults/stuck`);
  await glass.press('Resume saga 101');
  await saga.ends(101, 'COMPENSATED');
  await expect(glass.button('Resume saga 101')).toBeHidden();
  await glass.open('Diagram');
  await expect(glass.saying('1 saga is parked and waits for a person.')).toBeHidden();
  expect(await glass.story()).toContain('You have the parked saga of order 101 go on.');
});

test('of a choreography the view says that nobody knows it, and what each part says', async ({
  page,
  terrarium,
  accessibilityProblems,
}) => {
  const saga = await Saga.of('saga-choreography', page, terrarium.url);
  await expect(saga.glass.saying(/no one service knows this saga/)).toBeVisible();
  await saga.glass.press('Place an order');
  await saga.api.until('notification 101 SENT');
  for (const state of ['CONFIRMED', 'SOLD', 'CAPTURED', 'SENT']) {
    await expect(saga.glass.view.getByText(state, { exact: true })).toBeVisible();
  }
  expect(await accessibilityProblems()).toEqual([]);
});

test.describe('JavaScript off', () => {
  test.use({ javaScriptEnabled: false });

  test('the newest saga stands under the picture', async ({ page, terrarium }) => {
    const { request } = page.context();
    const made = await request.post(`${terrarium.url}/api/sandboxes`, { data: { topology: 'saga-orchestration' } });
    const api = Api.of(page, terrarium.url);
    await api.placeOrder();
    await api.until('saga 101 COMPLETED');
    await page.goto(`/playground?run=${(await made.json()).id}`);
    await expect(page.getByRole('heading', { name: 'order 101 COMPLETED' })).toBeVisible();
    await expect(page.getByRole('list', { name: 'Steps of the saga' })).toContainText('sell-stock done');
    await expect(page.getByRole('region', { name: 'Terrarium' }).getByRole('button')).toHaveCount(0);
  });
});
