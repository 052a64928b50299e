import { expect, test } from '../fixtures.ts';
import { Api } from '../glass.ts';

/** Systems that take no orders: what one asks of them, what is told of it, and their own page. */
const systems = [
  {
    topology: 'event-sourced-account',
    ask: 'Deposit 50.00',
    told: 'accounts appends MoneyDeposited as event 5 of account 42: it holds 300.00 now.',
    page: 'Replay these accounts',
    address: /\/replay(\?run=[0-9a-f]{32})?$/,
    heading: 'Replay a life',
  },
  {
    topology: 'cqrs-feed',
    ask: 'Publish a post',
    told: 'feed stores post 1 and says so: PostPublished.',
    page: 'Read and load this feed',
    address: /\/feed(\?run=[0-9a-f]{32})?$/,
    heading: 'Write here, read there',
  },
];

for (const { topology, ask, told, page: name, address, heading } of systems) {
  test(`${topology} has its own commands and its own page, and nothing of orders`, async ({
    page,
    terrarium,
    accessibilityProblems,
  }) => {
    await page.goto(`/playground?topology=${topology}`);
    const button = page.getByRole('button', { name: ask });
    await expect(button).toBeEnabled();
    await button.click();
    await expect(page.getByText(told).first()).toBeVisible();
    await expect(page.getByRole('tab', { name: 'Story' })).toBeVisible();
    await expect(page.getByRole('tab', { name: 'Saga' })).toHaveCount(0);
    for (const words of ['Orders', 'Steady load', 'Ten orders']) {
      await expect(page.getByText(words, { exact: true }), words).toHaveCount(0);
    }
    expect(await accessibilityProblems()).toEqual([]);
    // Every table has the rows that the service began with.
    const api = Api.of(page, terrarium.url);
    const state = await (await api.request.get(`${await api.sandbox()}/state`)).json();
    for (const { name: service, tables } of state.nodes) {
      for (const table of tables) {
        expect(table.count, `${service}.${table.name}`).toBeGreaterThanOrEqual(table.rows.length);
      }
    }
    await page.getByRole('link', { name }).click();
    await expect(page).toHaveURL(address);
    await expect(page.getByRole('heading', { name: heading })).toBeVisible();
  });
}
