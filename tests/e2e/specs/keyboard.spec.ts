import { expect, test } from '../fixtures.ts';
import { Api, Glass } from '../glass.ts';

test('the whole lesson by keyboard', async ({ page }) => {
  const glass = await Glass.open(page, '/lessons/sagas');

  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: 'Skip to the content' });
  await expect(skip).toBeFocused();
  await page.keyboard.press('Enter');

  await glass.tabTo(glass.button('Place an order'));
  const seen = await glass.button('Place an order').evaluate((element) => getComputedStyle(element).outlineStyle);
  expect(seen, 'the focus is visible').not.toBe('none');
  await page.keyboard.press('Enter');
  await expect(glass.order(101, 'CONFIRMED')).toBeVisible();

  await glass.tabTo(glass.button('Decline payments'));
  await page.keyboard.press('Space');
  await expect(glass.button('Decline payments')).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('Space');
  await expect(glass.button('Decline payments')).toHaveAttribute('aria-pressed', 'false');

  await page.reload();
  await expect(glass.saying('4 services up')).toBeVisible();
  await glass.tabTo(glass.button('Crash inventory'));
  await page.keyboard.press('Enter');
  await expect(glass.button('Restart inventory')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(glass.button('Crash inventory')).toBeFocused();
  await expect(glass.saying('4 services up')).toBeVisible();
});

test('Space pauses and plays, L jumps to live, ? shows the keys', async ({ page, terrarium }) => {
  const glass = await Glass.open(page, '/lessons/sagas');
  await page.keyboard.press('Space');
  await expect(glass.button('Play')).toBeVisible();
  await page.keyboard.press('Space');
  await expect(glass.button('Pause')).toBeVisible();

  await page.keyboard.press('Space');
  const api = Api.of(page, terrarium.url);
  await api.placeOrder();
  await api.until('notification 101 SENT');
  await expect(glass.saying(/^\d+ new$/)).toBeVisible();
  await expect(glass.noOrders).toBeVisible();
  await page.keyboard.press('l');
  await expect(glass.order(101, 'CONFIRMED')).toBeVisible();
  await expect(glass.button('Pause')).toBeVisible();

  const help = glass.saying('pause or play the picture');
  await expect(help).toBeHidden();
  await page.keyboard.press('?');
  await expect(help).toBeVisible();
  await page.keyboard.press('?');
  await expect(help).toBeHidden();
});

test('the keys can be switched off, and never act while one writes', async ({ page }) => {
  const glass = await Glass.open(page, '/lessons/sagas');
  await glass.quantity.focus();
  await page.keyboard.press('l');
  await page.keyboard.press('?');
  await expect(glass.button('Pause')).toBeVisible();
  const help = glass.saying('pause or play the picture');
  await expect(help).toBeHidden();

  await glass.vessel.getByText('Keys', { exact: true }).click();
  await expect(help).toBeVisible();
  await page.getByRole('checkbox', { name: 'Listen to these keys' }).uncheck();
  await page.getByRole('heading', { level: 1 }).click();
  await page.keyboard.press('?');
  await expect(help).toBeVisible();
});
