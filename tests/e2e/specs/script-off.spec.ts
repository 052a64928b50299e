import { expect, test } from '../fixtures.ts';
import { Api, Glass } from '../glass.ts';

test.describe('JavaScript off', () => {
  test.use({ javaScriptEnabled: false });

  test('the lesson reads', async ({ page }) => {
    await page.goto('/lessons/sagas');
    const main = page.getByRole('main');
    await expect(main.getByRole('heading', { level: 1 })).toHaveText('Undoing what’s done');
    for (const name of ['One database', 'A saga', 'Nobody in charge', 'When the card is declined']) {
      await expect(main.getByRole('heading', { level: 2, name, exact: true })).toBeVisible();
    }
    await expect(main.getByText('No transaction spans them.').first()).toBeVisible();
    const prose = await main.getByRole('article').innerText();
    expect(prose.split(/\s+/).length).toBeGreaterThan(600);

    // What to do is said, and what is to be seen can be unfolded.
    const step = main.getByRole('complementary').first();
    await expect(step.getByRole('heading', { level: 3 })).toBeVisible();
    const expectation = step.getByRole('group').last();
    await expectation.getByText('What you will see').click();
    await expect(expectation.getByRole('paragraph').first()).toBeVisible();
  });

  test('the present state is shown', async ({ page, terrarium }) => {
    const { request } = page.context();
    const topology = { topology: 'saga-choreography' };
    expect((await request.post(`${terrarium.url}/api/sandboxes`, { data: topology })).status()).toBe(201);
    const api = new Api(request, terrarium.url);
    await api.placeOrder();
    await api.until('notification 101 SENT');
    await request.post(`${await api.sandbox()}/services/inventory/crash`);
    await expect
      .poll(async () => (await api.record()).map((event) => event.observation.kind))
      .toContain('ServiceCrashed');
    await api.placeOrder();
    await api.until('order 102 PENDING');

    for (const path of ['/lessons/sagas', '/', '/playground']) {
      await page.goto(path);
      const glass = new Glass(page);
      await expect(glass.notice).toContainText('Without JavaScript');
      await expect(glass.saying('3 of 4 up')).toBeVisible();
      await expect(glass.picture).toHaveAccessibleName(/inventory: crashed.*1 waiting for inventory/);
      await expect(glass.drawn('item 42 on hand 99')).toBeVisible();
      await expect(glass.order(101, 'CONFIRMED')).toBeVisible();
      await expect(glass.order(102, 'PENDING')).toBeVisible();
      // Nothing is offered that would not work.
      for (const role of ['button', 'tab', 'slider', 'combobox', 'checkbox', 'spinbutton', 'listbox'] as const) {
        await expect(glass.vessel.getByRole(role), role).toHaveCount(0);
      }
    }
  });

  test('the present state is nothing yet, and says so', async ({ page }) => {
    for (const path of ['/lessons/sagas', '/', '/playground']) {
      await page.goto(path);
      const glass = new Glass(page);
      await expect(glass.saying('not started')).toBeVisible();
      await expect(glass.noOrders).toBeVisible();
    }
  });
});
