import { expect, type APIRequestContext, type Locator, type Page } from '@playwright/test';

export const pages = ['/lessons/sagas', '/', '/playground'] as const;

/** What Chromium says on the console when a server goes away under an open stream. */
export const serverGone = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE/;

/** One line of the record; of the observation only what tests ask for. */
export interface Recorded {
  position: number;
  service: string;
  observation: {
    kind: string;
    entity?: string;
    id?: number;
    to?: string;
    step?: string;
    pid?: number;
    envelope?: { type: string; subject: string; commandordinal: number };
    source_position?: number;
    group?: string;
    rows?: { table: string }[];
  };
  correlation_id?: string;
  code?: { file: string; line: number };
}

/** The looks at one moment, by the names of their tabs. */
export const views = ['Diagram', 'Story', 'Saga', 'Space-time', 'Trace', 'Data', 'Code'] as const;
export type View = (typeof views)[number];

/** What is folded away around the glass, by its title. */
export type Sheet = 'Steady load' | 'Keep and export' | 'Stop at' | 'Faults' | 'Protections' | 'Promises';

/** The picture at a position, as the API folds it; of it what tests ask for. */
export interface State {
  position: number;
  nodes: { name: string; health: string; tables: { name: string; rows: { row: Record<string, unknown> }[] }[] }[];
  sagas: { latest: { order_id: number; order: string; reservation?: string; payment?: string }[] };
  /** Promises that were broken for a while, in microseconds. */
  mended: { name: string; since: number; until: number; lasted: number }[];
}

/** A page's terrarium, as a person finds their way around it. */
export class Glass {
  readonly vessel: Locator;
  /** The drawing: its name says the state of every service, what is written in it the rest */
  readonly picture: Locator;
  readonly history: Locator;
  readonly notice: Locator;
  readonly trouble: Locator;
  readonly quantity: Locator;
  /** Where one is in time */
  readonly slider: Locator;
  readonly speed: Locator;
  /** Everything in the picture, as a list: there for whoever has its focus */
  readonly outline: Locator;
  /** What explains one moment or one service */
  readonly inspector: Locator;
  private readonly orders: Locator;

  constructor(readonly page: Page) {
    this.vessel = page.getByRole('region', { name: 'Terrarium' });
    this.picture = this.vessel.getByRole('img', { name: /orders: / });
    this.history = this.vessel.getByRole('img', { name: 'History' });
    this.notice = this.vessel.getByRole('status');
    this.trouble = this.vessel.getByRole('alert');
    this.quantity = this.vessel.getByLabel('Quantity');
    this.slider = this.vessel.getByRole('slider', { name: 'Position' });
    this.speed = this.vessel.getByRole('combobox', { name: 'Speed' });
    this.outline = this.vessel.getByRole('listbox', { name: 'Everything in the picture' });
    this.inspector = this.vessel.getByRole('region', { name: 'Explained' });
    // A line of orders under the picture, or the playground's table.
    this.orders = this.vessel
      .getByRole('list', { name: 'Orders' })
      .or(this.vessel.getByRole('region', { name: 'Orders' }));
  }

  /** Opens a page and waits until its system runs. */
  static async open(page: Page, path: string): Promise<Glass> {
    await page.goto(path);
    const glass = new Glass(page);
    await expect(glass.picture).toHaveAccessibleName(/orders: up.*inventory: up.*payments: up.*notifications: up/);
    // A phone has no room to say it in words.
    if ((page.viewportSize()?.width ?? 1280) >= 640) await expect(glass.saying('4 services up')).toBeVisible();
    return glass;
  }

  button(name: string): Locator {
    return this.vessel.getByRole('button', { name, exact: true });
  }

  async press(name: string): Promise<void> {
    await this.button(name).click();
  }

  /** What stands somewhere in or around the glass. */
  saying(text: string | RegExp): Locator {
    return this.vessel.getByText(text).filter({ visible: true }).first();
  }

  /** What stands in the drawing. */
  drawn(text: string | RegExp): Locator {
    return this.picture.getByText(text).first();
  }

  order(id: number, status: string): Locator {
    const lines = this.orders.getByRole('listitem').or(this.orders.getByRole('row'));
    return lines.filter({ hasText: new RegExp(`^${id}\\s*${status}`) });
  }

  get noOrders(): Locator {
    return this.orders.getByText('No orders yet.');
  }

  tab(view: View): Locator {
    return this.vessel.getByRole('tab', { name: view, exact: true });
  }

  /** The view that is open. */
  get view(): Locator {
    return this.vessel.getByRole('tabpanel');
  }

  async open(view: View): Promise<void> {
    await this.tab(view).click();
    await this.stands(view);
  }

  /** Waits until a view is open and shows what it has to. */
  async stands(view: View): Promise<void> {
    await expect(this.tab(view)).toHaveAttribute('aria-selected', 'true');
    await expect(this.vessel.getByRole('tabpanel', { name: view, exact: true })).toBeVisible();
    await expect(this.view.getByText(/^(Loading …|Reading the tables)/)).toBeHidden();
    await expect(this.view.locator('[aria-busy="true"]')).toHaveCount(0);
  }

  /** The sentences of the story: what happened up to the position shown, in the story's own tab. */
  async story(): Promise<string> {
    const before = (await this.openTab()) as View;
    await this.open('Story');
    const told = this.view.getByRole('listitem').filter({ hasNotText: 'Still to come:' });
    const sentences = await told.getByRole('link').filter({ hasNotText: 'Explain this moment' }).allTextContents();
    await this.open(before);
    return sentences.join('\n');
  }

  /** Where the story stands: its last sentence that has happened. */
  get told(): Locator {
    return this.view.getByRole('listitem').locator('[aria-current="step"]').first();
  }

  private async openTab(): Promise<string> {
    return this.vessel.getByRole('tab', { selected: true }).innerText();
  }

  /** The position shown. */
  async position(): Promise<number> {
    return Number(await this.slider.inputValue());
  }

  /** The last position there is. */
  async end(): Promise<number> {
    return Number(await this.slider.getAttribute('max'));
  }

  /** Draws the slider to a position, and waits until the picture is there. */
  async seek(position: number): Promise<void> {
    await this.slider.fill(String(position));
    await this.at(position);
  }

  /** Waits until the picture stands at a position. */
  async at(position: number): Promise<void> {
    await expect(this.slider).toHaveValue(String(position));
    await expect(this.vessel.getByText('Looking that far back …')).toBeHidden();
    await expect(this.button('Play')).toBeVisible();
  }

  /** Presses a step's button and waits until the picture has moved. Gives where it is. */
  async step(name: 'Step back' | 'Step forward' | 'Previous moment' | 'Next moment'): Promise<number> {
    const before = await this.position();
    await this.press(name);
    await expect(this.slider).not.toHaveValue(String(before));
    return this.position();
  }

  /** The sentence under the picture. */
  get sentence(): Locator {
    return this.vessel.locator('.telling > p');
  }

  /** An entry of the list behind the picture. */
  listed(name: string | RegExp): Locator {
    return this.outline.getByRole('option', { name }).first();
  }

  /** Presses Tab until a control has the focus. */
  async tabTo(control: Locator): Promise<void> {
    for (let presses = 0; presses < 120; presses++) {
      await this.page.keyboard.press('Tab');
      if (await control.evaluate((element) => element === document.activeElement)) return;
    }
    throw new Error(`120 times Tab did not come to ${control}`);
  }

  /** A sheet around the glass, whether it is unfolded or not. */
  folded(title: Sheet): Locator {
    return this.vessel.getByRole('group').filter({ has: this.page.getByText(title, { exact: true }) }).first();
  }

  /** A sheet under the glass, unfolded. */
  async sheet(title: Sheet): Promise<Locator> {
    const sheet = this.folded(title);
    if ((await sheet.getAttribute('open')) === null) await sheet.getByText(title, { exact: true }).first().click();
    return sheet;
  }

  /** Asks the picture to stop by itself. */
  async stopAt(what: string): Promise<void> {
    const sheet = await this.sheet('Stop at');
    await sheet.getByRole('checkbox', { name: what, exact: true }).check();
    await sheet.getByText('Stop at', { exact: true }).first().click();
  }

  /** Marks of what was taken back, in the soil. They have a shape and a colour, and no name. */
  get compensations(): Locator {
    return this.history.locator('.compensation');
  }

  /** Everything the picture shows and tells, to be compared. */
  async everything(): Promise<Record<string, unknown>> {
    return {
      summary: await this.picture.getAttribute('aria-label'),
      drawn: await this.picture.locator('text').allTextContents(),
      orders: await this.orders.innerText(),
      soil: await this.history.innerHTML(),
      story: await this.story(),
    };
  }
}

/** The API with the cookies of a page's browser. */
export class Api {
  constructor(
    readonly request: APIRequestContext,
    private readonly origin: string,
  ) {}

  static of(page: Page, origin: string): Api {
    return new Api(page.context().request, origin);
  }

  /** The session's only sandbox. */
  async sandbox(): Promise<string> {
    const answer = await this.request.get(`${this.origin}/api/sandboxes`);
    const ids = ((await answer.json()) as { id: string }[]).map(({ id }) => id);
    expect(ids).toHaveLength(1);
    return `${this.origin}/api/sandboxes/${ids[0]}`;
  }

  async record(): Promise<Recorded[]> {
    const headers = { accept: 'application/x-ndjson' };
    const answer = await this.request.get(`${await this.sandbox()}/events`, { headers });
    expect(answer.ok()).toBe(true);
    const lines = (await answer.text()).split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line));
  }

  /** `order 101 CONFIRMED`, each as often as it happened. */
  async changes(): Promise<string[]> {
    const record = await this.record();
    return record.flatMap(({ observation: { kind, entity, id, to } }) =>
      kind === 'StateChanged' ? [`${entity} ${id} ${to}`] : [],
    );
  }

  async placeOrder(quantity = 1): Promise<void> {
    const command = { id: crypto.randomUUID(), type: 'PlaceOrder', data: { item_id: 42, quantity, user_id: 1 } };
    const answer = await this.request.post(`${await this.sandbox()}/commands`, { data: command });
    expect(answer.status()).toBe(202);
  }

  /** The picture at a position, or now. */
  async state(at?: number): Promise<State> {
    const query = at === undefined ? '' : `?at=${at}`;
    return (await this.request.get(`${await this.sandbox()}/state${query}`)).json();
  }

  /** A service's table at a position. */
  async table(service: string, table: string, at: number): Promise<{ columns: string[]; rows: unknown[][] }> {
    return (await this.request.get(`${await this.sandbox()}/services/${service}/tables/${table}?at=${at}`)).json();
  }

  /** Declines each n-th charge from now on. */
  async decline(every = 1): Promise<void> {
    const fault = { kind: 'decline-payments', target: 'payments', ttl_ms: null, params: { every } };
    const answer = await this.request.put(`${await this.sandbox()}/faults/decline-payments`, { data: fault });
    expect(answer.status()).toBe(200);
  }

  /** Has a service stand still until it is resumed, so that what waits for it can be looked at. */
  async pause(service: string): Promise<void> {
    const fault = { kind: 'pause', target: service, ttl_ms: null };
    const answer = await this.request.put(`${await this.sandbox()}/faults/looked-at`, { data: fault });
    expect(answer.status()).toBe(200);
  }

  /** Has the service that was paused go on. */
  async resume(): Promise<void> {
    const answer = await this.request.delete(`${await this.sandbox()}/faults/looked-at`);
    expect(answer.status()).toBe(204);
  }

  /** Which charges are declined as things stand: each n-th, or none. */
  async declines(): Promise<number | undefined> {
    const faults = await (await this.request.get(`${await this.sandbox()}/faults`)).json();
    const fault = (faults as { kind: string; params?: { every?: number } }[]).find(({ kind }) => kind === 'decline-payments');
    return fault && (fault.params?.every ?? 1);
  }

  /** Where a message of a kind about an order was published. */
  async published(type: string, order: number): Promise<Recorded> {
    const found = (await this.record()).find(
      ({ observation: { envelope } }) => envelope?.type === type && envelope.subject === `order/${order}`,
    );
    expect(found, `${type} of order ${order}`).toBeDefined();
    return found as Recorded;
  }

  /** Waits for something to be in the record. */
  async until(change: string): Promise<void> {
    await expect.poll(() => this.changes(), { message: change }).toContain(change);
  }

  /** Waits until something of a kind is in the record. */
  async happened(kind: string): Promise<void> {
    const kinds = async () => (await this.record()).map(({ observation }) => observation.kind);
    await expect.poll(kinds, { message: kind }).toContain(kind);
  }

  /** The process a service runs as, or ran as last. */
  async pid(service: string): Promise<number> {
    const starts = (await this.record()).filter(
      (event) => event.service === service && event.observation.kind === 'ServiceStarted',
    );
    return starts.at(-1)?.observation.pid ?? 0;
  }
}
