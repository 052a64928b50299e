// An account replayed: by mouse, by keyboard, in words, and as a kept run.

import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures.ts';

/** A page's account, as a person finds their way around it. */
class Replay {
  constructor(readonly page: Page) {}

  /** Starts a system as its button does, and waits for its history. */
  static async start(page: Page, query = ''): Promise<Replay> {
    await page.goto('/replay');
    await page.getByRole('button', { name: 'Start an account' }).click();
    const replay = new Replay(page);
    await expect(replay.section('A life, card by card')).toBeVisible();
    if (query) await replay.open(query);
    return replay;
  }

  async open(query: string): Promise<void> {
    await this.page.goto(`/replay${query}`);
    await expect(this.section('A life, card by card')).toBeVisible();
  }

  section(name: string) {
    return this.page.getByRole('region', { name });
  }

  get state() {
    return this.page.getByRole('group', { name: 'State' });
  }

  get cards() {
    return this.section('Events of the account').getByRole('listitem').filter({ hasText: /^\d/ });
  }

  get version() {
    return this.page.getByRole('slider', { name: 'Version' });
  }

  get held() {
    return this.section('What did it hold then?').getByRole('status');
  }

  get belief() {
    return this.section('Believed when, about when?').getByRole('status');
  }

  press(name: string) {
    return this.page.getByRole('button', { name, exact: true }).click();
  }

  /** The number of the sandbox that is shown, for the API. */
  async run(): Promise<string> {
    return (await this.page.locator('main').getAttribute('data-run')) ?? '';
  }
}

test('account 42 is folded card by card, forwards and backwards', async ({ page, accessibilityProblems }) => {
  await page.goto('/replay');
  await expect(page.getByText('No account lives here yet.')).toBeVisible();
  expect(await accessibilityProblems(), 'nothing yet').toEqual([]);
  const replay = await Replay.start(page);
  await expect(replay.cards).toHaveText([/AccountCreated/, /MoneyDeposited.*\+200\.00/, /MoneyWithdrawn.*−50\.00/, /MoneyDeposited.*\+100\.00/]);
  await expect(replay.cards.first()).toContainText('seeded');
  await expect(replay.state).toContainText('250.00');

  await test.step('by button', async () => {
    await replay.press('Step back');
    await expect(replay.state).toContainText('State after event 3 of 4');
    await expect(replay.state).toContainText('200.00 − 50.00 = 150.00');
    await replay.press('Step back');
    await expect(replay.state).toContainText('0.00 + 200.00 = 200.00');
    await replay.press('Step forward');
    await expect(replay.state).toContainText('150.00');
  });
  await test.step('by drag', async () => {
    await replay.version.scrollIntoViewIfNeeded();
    const box = await replay.version.boundingBox();
    if (!box) throw new Error('the slider is to be seen');
    await page.mouse.move(box.x + box.width * 0.75, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + 1, box.y + box.height / 2, { steps: 8 });
    await page.mouse.up();
    await expect(replay.version).toHaveValue('0');
    await expect(replay.state).toContainText('Nothing is read yet');
  });
  await test.step('by key, wherever the focus is', async () => {
    await page.keyboard.press('ArrowRight');
    await expect(replay.state).toContainText('State after event 1 of 4');
    await page.getByRole('heading', { level: 1 }).click();
    await page.keyboard.press('ArrowRight');
    await expect(replay.state).toContainText('State after event 2 of 4');
  });
  await test.step('by card', async () => {
    await replay.cards.nth(2).getByRole('link').click();
    await expect(replay.state).toContainText('State after event 3 of 4');
  });
  await test.step('another window shows the same', async () => {
    await expect(page).toHaveURL(/at_sequence=3/);
    const other = await page.context().newPage();
    await other.goto(page.url());
    await expect(new Replay(other).state).toHaveText((await replay.state.textContent()) ?? '');
    await other.close();
  });
  expect(await accessibilityProblems(), 'with an account').toEqual([]);
});

test('the learner adds to the story, and is refused what would overdraw', async ({ page, accessibilityProblems }) => {
  const replay = await Replay.start(page);
  const yours = page.getByRole('form', { name: 'Add to the story' });
  await yours.getByLabel('Amount').fill('12.50');
  await yours.getByRole('button', { name: 'Deposit' }).click();
  await expect(replay.cards).toHaveCount(5);
  await expect(replay.state).toContainText('250.00 + 12.50 = 262.50');
  await expect(yours.getByText('Done. Event 5 is in the stream.')).toBeVisible();
  await expect(yours.getByRole('alert')).toHaveCount(0);
  await yours.getByLabel('Amount').fill('1000');
  await yours.getByRole('button', { name: 'Withdraw' }).click();
  await expect(yours.getByRole('alert')).toContainText('Refused: ');
  await expect(replay.cards).toHaveCount(5);
  await yours.getByLabel('Amount').fill('much');
  await yours.getByRole('button', { name: 'Withdraw' }).click();
  await expect(yours.getByRole('alert')).toHaveText('Give an amount such as 20 or 12.50.');
  expect(await accessibilityProblems(), 'refused').toEqual([]);

  await test.step('what somebody else does appears by itself', async () => {
    const command = { id: crypto.randomUUID(), type: 'DepositMoney', data: { account_id: 42, amount_minor: 100 } };
    await page.request.post(`/api/sandboxes/${await replay.run()}/commands`, { data: command });
    await expect(replay.cards).toHaveCount(6);
    await expect(replay.state).toContainText('263.50');
  });
});

test('the balance at three yesterday is had by button, in words, by clock, position and cursor', async ({ page }) => {
  const replay = await Replay.start(page);
  const answer = 'At 15:00 yesterday account 42 held 200.00.';
  await expect(replay.held).toHaveText('Now account 42 holds 250.00.');
  await replay.press('At 3 p.m. yesterday');
  await expect(replay.held).toHaveText(answer);
  await expect(page).toHaveURL(/at=\d{4}-\d\d-\d\dT15(:|%3A)00(:|%3A)00Z/);
  const asked = page.url();

  const when = replay.section('What did it hold then?');
  await replay.press('Now');
  await expect(replay.held).toHaveText('Now account 42 holds 250.00.');
  await when.getByLabel('In words').fill('3 p.m. yesterday');
  await when.getByLabel('In words').press('Enter');
  await expect(replay.held).toHaveText(answer);
  await when.getByLabel('In words').fill('once upon a time');
  await when.getByLabel('In words').press('Enter');
  await expect(when.getByRole('alert')).toContainText('“once upon a time” is no moment known here.');
  const clock = when.getByLabel('By the clock, UTC');
  await clock.fill(new URL(asked).searchParams.get('at')?.slice(0, 11) + '16:00:00');
  await clock.press('Enter');
  await expect(replay.held).toHaveText('At 16:00 yesterday account 42 held 150.00.');
  await when.getByLabel('By position').fill('1');
  await when.getByLabel('By position').press('Enter');
  await expect(replay.held).toHaveText('After position 1 there was no account 42 yet.');

  await test.step('by key', async () => {
    const cursor = page.getByRole('slider', { name: 'Moment' });
    await cursor.focus();
    await page.keyboard.press('Home');
    await expect(replay.held).toContainText('there was no account 42 yet');
    await page.keyboard.press('End');
    await expect(replay.held).toHaveText('Now account 42 holds 250.00.');
  });
  await test.step('the address says the same in another window', async () => {
    const other = await page.context().newPage();
    await other.goto(asked);
    await expect(new Replay(other).held).toHaveText(answer);
    await other.close();
  });
});

test('the bank believed on Tuesday what it knows better by now', async ({ page, accessibilityProblems }) => {
  const replay = await Replay.start(page, '?account=44');
  await page.getByRole('link', { name: 'What did the bank believe on Tuesday about Monday?' }).click();
  await expect(replay.belief).toContainText(/At 12:00 on .*the bank believed that account 44 held 420\.00 at 20:00 on /);
  const sum = replay.section('Believed when, about when?');
  await expect(sum.getByRole('listitem').filter({ hasText: '−100.00' })).toContainText('not recorded yet');
  expect(await accessibilityProblems(), 'believed').toEqual([]);
  await page.getByRole('link', { name: 'What does it know now about Monday?' }).click();
  await expect(replay.belief).toContainText(/Now the bank knows that account 44 held 320\.00 at 20:00 on /);

  await test.step('a cursor is moved by key', async () => {
    await page.getByRole('slider', { name: 'About when' }).focus();
    await page.keyboard.press('Home');
    await expect(replay.belief).toContainText('held 0.00');
    await page.keyboard.press('End');
    await expect(replay.belief).toHaveText('Now the bank knows that account 44 holds 320.00.');
  });
  await test.step('an entry is corrected, and nothing overwritten', async () => {
    await page.getByText('Correct an entry').click();
    await sum.getByLabel('Entry').selectOption({ label: '2 · MoneyDeposited 500.00' });
    await sum.getByLabel('Should have been').fill('510');
    await sum.getByRole('button', { name: 'Record the correction' }).click();
    await expect(replay.cards).toHaveCount(5);
    await expect(replay.state).toContainText('Event 2 should have been 510.00.');
    await expect(replay.belief).toHaveText('Now the bank knows that account 44 holds 330.00.');
  });
});

test('a bug in a read model is mended, replayed and compared', async ({ page, accessibilityProblems }) => {
  const replay = await Replay.start(page);
  const projections = replay.section('The same events, read in other ways');
  const verdict = projections.getByRole('status');
  await expect(verdict).toHaveText('1 row is not what its stream says.');
  await expect(projections.getByRole('row', { name: /^43/ })).toContainText('differs by +75.00');

  await test.step('built again with the bug in it, nothing is gained', async () => {
    await replay.press('Build balances');
    // It is held to a pace at which it can be watched.
    await expect(projections.getByRole('progressbar', { name: 'Events that build 2 has taken in' })).toBeVisible();
    await expect(projections.getByText('held to 50 so that it can be watched').first()).toBeVisible();
    await expect(verdict).toHaveText('Old and new agree in every row.', { timeout: 15_000 });
    await projections.getByLabel('A build begun here goes').selectOption('as fast as it can');
  });
  await test.step('with the fix, one row differs', async () => {
    await projections.getByRole('switch', { name: /distinct-by-event-id/ }).check({ force: true });
    await expect(projections.getByText('A new build of balances knows a repeat by the event’s own id.')).toBeVisible();
    await replay.press('Build balances');
    await expect(verdict).toHaveText('Old and new differ in 1 row.');
    await expect(projections.getByRole('row').nth(1)).toContainText(/^43.*differs by \+75\.00/);
    await expect(projections.getByText(/events a second, measured over/).first()).toBeVisible();
    expect(await accessibilityProblems(), 'the diff').toEqual([]);
  });
  await test.step('switched over, it is right', async () => {
    await replay.press('Switch balances');
    await expect(verdict).toHaveText('Every row is what the streams say.');
  });
  await test.step('another read model is added later, and catches up', async () => {
    await replay.press('Build monthly');
    await expect(projections.getByRole('table', { name: 'monthly: account 42' })).toContainText('300.00');
  });
});

test('the second of two writers is refused, reads again and succeeds', async ({ page, accessibilityProblems }) => {
  const replay = await Replay.start(page);
  const [ada, ben] = ['Ada', 'Ben'].map((name) => page.getByRole('form', { name }));
  await replay.press('Withdraw as Ada');
  await expect(ada.getByText('Has read the account up to event 5: 230.00.')).toBeVisible();
  await expect(ben.getByText('Has read the account up to event 4: 250.00.')).toBeVisible();
  await expect(ben.getByRole('status')).toContainText('Meanwhile the account is at event 5');
  await replay.press('Withdraw as Ben');
  await expect(ben.getByRole('alert')).toContainText('conflict: you have read account 42 up to event 4, and it is at 5.');
  expect(await accessibilityProblems(), 'the conflict').toEqual([]);
  await replay.press('Read again as Ben');
  await replay.press('Withdraw as Ben');
  await expect(ben.getByText('Has read the account up to event 6: 210.00.')).toBeVisible();
  await expect(replay.cards).toHaveCount(6);
});

test('without an upcaster a reader breaks where the page says', async ({ page, accessibilityProblems }) => {
  const replay = await Replay.start(page, '?account=43');
  const schemas = replay.section('Old events, new readers');
  const compare = () => replay.press('Let all three read account 43');
  await compare();
  const today = schemas.getByRole('row', { name: /^Balance at the end/ }).getByRole('cell').last();
  await expect(today).toHaveText('402.50');
  await schemas.getByRole('switch', { name: /upcast-v1/ }).uncheck({ force: true });
  await expect(schemas.getByText('Nobody lifts v1 events.')).toBeVisible();
  await compare();
  await expect(today).toHaveText(/none: breaks at event/);
  await expect(schemas.getByRole('row', { name: /^2 MoneyDeposited v1/ }).getByRole('cell').last()).toContainText('breaks');
  expect(await accessibilityProblems(), 'broken').toEqual([]);
});

test('the audit says who and why, leads to the command, and goes into a file', async ({ page }) => {
  const replay = await Replay.start(page);
  await replay.press('Withdraw as Ada');
  const audit = replay.section('Who did it, and why');
  await expect(audit.getByRole('row', { name: /^5/ })).toContainText('Ada');
  const [file] = await Promise.all([page.waitForEvent('download'), replay.press('Export as CSV')]);
  expect(file.suggestedFilename()).toBe('account-42.csv');
  const chunks: Buffer[] = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
  const lines = Buffer.concat(chunks).toString().split('\r\n');
  expect(lines).toHaveLength(6);
  expect(lines[5]).toMatch(/^"5","\d{4}-\d\d-\d\dT[\d:]+Z","MoneyWithdrawn","-20\.00","230\.00","Ada",/);
  await audit.getByRole('row', { name: /^5/ }).getByRole('link').click();
  await expect(page).toHaveURL(/\/playground\?run=[0-9a-f]+&view=trace&trace=[0-9a-f-]+/);
  // The trace is that of the command.
  await expect(page.getByRole('heading', { name: 'What caused what' })).toBeVisible();
});

test('a kept run shows the same and takes no commands; without a script it answers', async ({ page, browser, terrarium, complaints, accessibilityProblems }) => {
  const replay = await Replay.start(page);
  const sandbox = await replay.run();
  const kept = await page.request.post('/api/runs', { data: { sandbox, name: 'a life' } });
  const run = (await kept.json()).id as string;
  await replay.open(`?run=${run}&at_sequence=3`);
  await expect(page.getByText('This is a kept run').first()).toBeVisible();
  await expect(replay.state).toContainText('200.00 − 50.00 = 150.00');
  await expect(replay.cards).toHaveCount(4);
  for (const name of ['Deposit', 'Withdraw', 'Build balances', 'Withdraw as Ada', 'Record the correction']) {
    await expect(page.getByRole('button', { name, exact: true })).toHaveCount(0);
  }
  await replay.press('Step forward');
  await expect(replay.state).toContainText('250.00');
  expect(await accessibilityProblems(), 'a kept run').toEqual([]);

  const context = await browser.newContext({
    baseURL: terrarium.url,
    javaScriptEnabled: false,
    storageState: await page.context().storageState(),
  });
  complaints.watch(context, terrarium.url);
  const plain = new Replay(await context.newPage());
  for (const query of ['?account=42', `?run=${run}`]) {
    await plain.open(query);
    await expect(plain.cards).toHaveCount(4);
    await plain.press('Step back');
    await expect(plain.state).toContainText('200.00 − 50.00 = 150.00');
    await plain.page.getByRole('button', { name: /^At 3 p\.m\./ }).click();
    await expect(plain.held).toContainText('account 42 held 200.00.');
    await expect(plain.state).toContainText('150.00');
    // Nothing is offered that would not work.
    await expect(plain.page.getByRole('slider')).toHaveCount(0);
    await expect(plain.page.getByRole('switch', { disabled: false })).toHaveCount(0);
  }
  await context.close();
});

test('what is not there is named', async ({ page }) => {
  await Replay.start(page, '?account=99');
  await expect(page.getByText('There is no account 99 here. Below is account 42.')).toBeVisible();
  await page.goto('/replay?run=00000000000000000000000000000000');
  await expect(page.getByRole('status')).toContainText('There is no such run');
  await expect(page.getByRole('button', { name: 'Start an account' })).toBeVisible();
});

for (const [width, height] of [
  [1440, 900],
  [1024, 768],
  [390, 844],
] as const) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`an account fits ${width} px, ${colorScheme}`, async ({ page, accessibilityProblems }) => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      const replay = await Replay.start(page, '?account=44');
      await replay.press('Step back');
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      expect(await accessibilityProblems()).toEqual([]);
    });
  }
}
