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
    pid?: number;
    envelope?: { type: string; subject: string };
  };
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
  private readonly orders: Locator;

  constructor(readonly page: Page) {
    this.vessel = page.getByRole('region', { name: 'Terrarium' });
    this.picture = this.vessel.getByRole('img', { name: /orders: / });
    this.history = this.vessel.getByRole('img', { name: 'History' });
    this.notice = this.vessel.getByRole('status');
    this.trouble = this.vessel.getByRole('alert');
    this.quantity = this.vessel.getByLabel('Quantity');
    // A line of orders under the picture, or the playground's table.
    this.orders = this.vessel
      .getByRole('list', { name: 'Orders' })
      .or(this.vessel.getByRole('region', { name: 'Orders' }));
  }

  /** Opens a page and waits until its system runs. */
  static async open(page: Page, path: string): Promise<Glass> {
    await page.goto(path);
    const glass = new Glass(page);
    await expect(glass.saying('4 services up')).toBeVisible();
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

  /** The sentences of the story so far, unfolding it. */
  async story(): Promise<string> {
    const story = this.vessel.getByRole('group').filter({ hasText: 'Story so far' });
    if ((await story.getAttribute('open')) === null) await story.getByText('Story so far').click();
    return (await story.getByRole('listitem').allTextContents()).join('\n');
  }

  /** Marks of what was taken back, in the soil. They have a shape and a colour, and no name. */
  get compensations(): Locator {
    return this.history.locator('.compensation');
  }

  /** Everything the picture shows and tells, to be compared. */
  async everything(): Promise<unknown> {
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

  /** Waits for something to be in the record. */
  async until(change: string): Promise<void> {
    await expect.poll(() => this.changes(), { message: change }).toContain(change);
  }

  /** The process a service runs as, or ran as last. */
  async pid(service: string): Promise<number> {
    const starts = (await this.record()).filter(
      (event) => event.service === service && event.observation.kind === 'ServiceStarted',
    );
    return starts.at(-1)?.observation.pid ?? 0;
  }
}
