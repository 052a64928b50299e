import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures.ts';
import { Api, Glass } from '../glass.ts';

test('two browsers: neither sees the other’s sandbox', async ({ page, browser, terrarium, complaints }) => {
  const mine = await Glass.open(page, '/lessons/sagas');
  await mine.press('Place an order');
  await expect(mine.order(101, 'CONFIRMED')).toBeVisible();
  const myApi = Api.of(page, terrarium.url);
  const mySandbox = await myApi.sandbox();
  const myRecord = await myApi.record();

  const context = await browser.newContext({ baseURL: terrarium.url });
  complaints.watch(context, terrarium.url);
  const theirPage = await context.newPage();
  const theirs = await Glass.open(theirPage, '/lessons/sagas');
  await expect(theirs.noOrders).toBeVisible();
  await expect(theirs.drawn('item 42 on hand 100')).toBeVisible();
  const theirApi = Api.of(theirPage, terrarium.url);
  expect(await theirApi.sandbox()).not.toBe(mySandbox);

  const { request } = theirApi;
  const order = { id: crypto.randomUUID(), type: 'PlaceOrder', data: { item_id: 42, quantity: 1, user_id: 1 } };
  const decline = { kind: 'decline-payments', target: 'payments' };
  const answers = [
    request.get(mySandbox),
    request.get(`${mySandbox}/state`),
    request.get(`${mySandbox}/events`),
    request.get(`${mySandbox}/faults`),
    request.get(`${mySandbox}/invariants`),
    request.get(`${mySandbox}/services/orders/tables`),
    request.post(`${mySandbox}/commands`, { data: order }),
    request.post(`${mySandbox}/services/inventory/crash`),
    request.put(`${mySandbox}/faults/decline-payments`, { data: decline }),
    request.delete(mySandbox),
  ];
  for (const answer of await Promise.all(answers)) {
    expect(answer.status(), answer.url()).toBe(404);
    expect(answer.headers()['content-type']).toContain('application/problem+json');
  }
  expect(await myApi.record()).toEqual(myRecord);

  await theirs.press('Place an order');
  await expect(theirs.order(101, 'PENDING')).toBeVisible();
  await theirPage.close();
  expect(await myApi.record()).toEqual(myRecord);
  await context.close();
});

test('two tabs of one browser show the same system', async ({ page, context }) => {
  const first = await Glass.open(page, '/lessons/sagas');
  const second = await Glass.open(await context.newPage(), '/playground');
  await second.press('Place an order');
  await expect(second.order(101, 'CONFIRMED')).toBeVisible();
  await page.bringToFront();
  await expect(first.order(101, 'CONFIRMED')).toBeVisible();
});

test('a page nobody sees lets go of its stream, and catches up when it is seen', async ({ page, terrarium }) => {
  const glass = await Glass.open(page, '/lessons/sagas');
  const api = Api.of(page, terrarium.url);
  const streams = async () => /^terrarium_streams (\d+)$/m.exec(await (await api.request.get(`${terrarium.url}/metrics`)).text())?.[1];
  await expect.poll(streams).toBe('1');

  await see(page, false);
  await expect.poll(streams).toBe('0');
  await api.placeOrder();
  await api.until('order 101 CONFIRMED');
  await expect(glass.noOrders).toBeVisible();

  await see(page, true);
  await expect(glass.order(101, 'CONFIRMED')).toBeVisible();
  expect(await streams()).toBe('1');
});

/** Headless, every page is seen: the page is told otherwise. */
async function see(page: Page, visible: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, !visible);
}
