import { existsSync } from 'node:fs';

import type { Page } from '@playwright/test';

import { expect, test, type Terrarium } from '../fixtures.ts';
import { Api, Glass, pages, serverGone } from '../glass.ts';

for (const path of pages) {
  test(`${path}: an order settles, is taken back, waits, and outlives the server`, ({ page, terrarium, complaints }) => {
    complaints.forgive(serverGone);
    return walk(page, path, terrarium, async () => {});
  });
}

test.describe('with a process per service', () => {
  test.use({ serverEnv: { TERRARIUM_ISOLATION: 'process' } });

  test('the same walk, and what crashed is gone from the process list', async ({ page, terrarium, complaints }) => {
    complaints.forgive(serverGone);
    const seen = new Set<number>();
    await walk(page, '/lessons/sagas', terrarium, async (api, crashed) => {
      for (const service of ['orders', 'inventory', 'payments', 'notifications']) {
        const pid = await api.pid(service);
        expect(pid, service).toBeGreaterThan(0);
        seen.add(pid);
        await expect.poll(() => existsSync(`/proc/${pid}`), service).toBe(service !== crashed);
      }
    });
    // Four at first, three again after the server was killed, and inventory after its crash.
    expect(seen.size).toBe(8);
    await terrarium.kill9();
    for (const pid of seen) await expect.poll(() => existsSync(`/proc/${pid}`), 'no child is left').toBe(false);
    await terrarium.restart();
  });
});

/** A look at the processes, when one service is crashed or none. */
type Look = (api: Api, crashed?: string) => Promise<void>;

async function walk(page: Page, path: string, terrarium: Terrarium, processes: Look): Promise<void> {
  const glass = await Glass.open(page, path);
  const api = Api.of(page, terrarium.url);
  const sandbox = await api.sandbox();

  await test.step('an order: PENDING, then CONFIRMED, and one piece less', async () => {
    await expect(glass.drawn('item 42 on hand 100')).toBeVisible();
    await api.pause('payments');
    await glass.press('Place an order');
    await expect(glass.order(101, 'PENDING')).toBeVisible();
    await api.resume();
    await expect(glass.order(101, 'CONFIRMED')).toBeVisible();
    await expect(glass.drawn('item 42 on hand 99')).toBeVisible();
    await processes(api);
  });

  await test.step('payments declined: CANCELLED, and what was held is given back', async () => {
    await expect(glass.button('Decline payments')).toHaveAttribute('aria-pressed', 'false');
    await glass.press('Decline payments');
    await expect(glass.button('Decline payments')).toHaveAttribute('aria-pressed', 'true');
    await expect(glass.drawn(/declining/)).toBeVisible();
    await expect(glass.compensations).toHaveCount(0);

    await api.pause('payments');
    await glass.press('Place an order');
    await expect(glass.order(102, 'PENDING')).toBeVisible();
    await expect(glass.drawn('item 42 on hand 98')).toBeVisible();
    await api.resume();
    await expect(glass.saying(/^payments could not charge 29\.99 for order 102/)).toBeVisible();
    await expect(glass.order(102, 'CANCELLED')).toBeVisible();
    await expect(glass.drawn('released 1 → order 102')).toBeVisible();
    await expect(glass.drawn('item 42 on hand 99')).toBeVisible();
    await expect.poll(() => glass.story()).toContain('inventory puts 1 piece back on hand, held for order 102 until now');
    // The refusal's way back to inventory, and the release.
    await expect(glass.compensations).toHaveCount(2);
    await expect(glass.drawn(/^102 “cancelled/)).toBeVisible();

    await glass.press('Decline payments');
    await expect(glass.button('Decline payments')).toHaveAttribute('aria-pressed', 'false');
  });

  await test.step('inventory crashed: three orders wait in its pipe', async () => {
    await glass.press('Crash inventory');
    await expect(glass.button('Restart inventory')).toBeVisible();
    await expect(glass.drawn('crashed')).toBeVisible();
    await expect(glass.saying('3 of 4 up')).toBeVisible();
    for (const id of [103, 104, 105]) {
      await glass.press('Place an order');
      await expect(glass.order(id, 'PENDING')).toBeVisible();
    }
    await stillWaiting(glass);
    await processes(api, 'inventory');
  });

  await test.step('a reload brings back the same picture', async () => {
    const before = await glass.everything();
    await page.reload();
    await stillWaiting(glass);
    await expect.poll(() => glass.everything()).toEqual(before);
  });

  await test.step('kill -9 of the server: the same sandbox, still waiting', async () => {
    const before = await api.record();
    await terrarium.kill9();
    await expect(glass.notice).toContainText('Trying again by itself');
    await terrarium.restart();
    await expect(glass.notice).toBeHidden({ timeout: 20_000 });
    await expect(glass.saying('3 of 4 up')).toBeVisible();
    await stillWaiting(glass);

    expect(await api.sandbox()).toBe(sandbox);
    const after = await api.record();
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.map((event) => event.position)).toEqual(after.map((_, i) => i + 1));
    await processes(api, 'inventory');

    await page.reload();
    await stillWaiting(glass);
  });

  await test.step('inventory restarted: all CONFIRMED, nothing twice', async () => {
    await glass.press('Restart inventory');
    for (const id of [103, 104, 105]) await expect(glass.order(id, 'CONFIRMED')).toBeVisible();
    await expect(glass.drawn('item 42 on hand 96')).toBeVisible();
    await expect(glass.saying('4 services up')).toBeVisible();
    await expect(glass.drawn(/waiting for/)).toBeHidden();
    await expect(glass.picture).not.toHaveAccessibleName(/waiting for/);
    for (const id of [103, 104, 105]) await api.until(`notification ${id} SENT`);
    await processes(api);

    const changes = await api.changes();
    expect(changes.filter((change, i) => changes.indexOf(change) !== i)).toEqual([]);
    const settled = changes.filter((change) => /^order \d+ (CONFIRMED|CANCELLED)$/.test(change)).sort();
    expect(settled).toEqual([
      'order 101 CONFIRMED',
      'order 102 CANCELLED',
      'order 103 CONFIRMED',
      'order 104 CONFIRMED',
      'order 105 CONFIRMED',
    ]);
  });
}

async function stillWaiting(glass: Glass): Promise<void> {
  for (const id of [103, 104, 105]) await expect(glass.order(id, 'PENDING')).toBeVisible();
  await expect(glass.drawn('3 waiting for inventory')).toBeVisible();
  await expect(glass.button('Restart inventory')).toBeVisible();
}
