import { test as base, expect, type BrowserContext } from '@playwright/test';
import axe from 'axe-core';

import { Terrarium } from './terrarium.ts';

export { expect };
export { Terrarium };

/** What the pages did that no page should do. */
export class Complaints {
  private readonly seen: string[] = [];
  private readonly forgiven: RegExp[] = [];

  /** For tests that break things on purpose: `forgive(/ERR_CONNECTION_REFUSED/)`. */
  forgive(pattern: RegExp): void {
    this.forgiven.push(pattern);
  }

  /** Listens to every page of a context; contexts a test opens itself are to be given to this. */
  watch(context: BrowserContext, origin: string): void {
    context.on('console', (message) => {
      this.seen.push(`console.${message.type()}: ${message.text()} (${message.location().url})`);
    });
    context.on('weberror', (error) => this.seen.push(`uncaught: ${error.error().stack ?? error.error()}`));
    context.on('request', (request) => {
      const url = new URL(request.url());
      const local = ['data:', 'blob:', 'about:'].includes(url.protocol) || url.origin === origin;
      if (!local) this.seen.push(`request to another origin: ${url}`);
    });
  }

  get unforgiven(): string[] {
    return this.seen.filter((text) => !this.forgiven.some((pattern) => pattern.test(text)));
  }
}

interface Fixtures {
  /** Variables for the server, set with `test.use({ serverEnv: … })` */
  serverEnv: Record<string, string>;
  terrarium: Terrarium;
  complaints: Complaints;
  /** What axe finds wrong with the page as it stands, one line each */
  accessibilityProblems: () => Promise<string[]>;
}

export const test = base.extend<Fixtures>({
  serverEnv: [{}, { option: true }],

  terrarium: async ({ serverEnv }, use, testInfo) => {
    const terrarium = await Terrarium.start(serverEnv);
    await use(terrarium);
    try {
      await terrarium.stop();
    } finally {
      if (testInfo.status !== testInfo.expectedStatus) {
        await testInfo.attach('server.log', { body: terrarium.log, contentType: 'text/plain' });
      }
    }
  },

  baseURL: async ({ terrarium }, use) => use(terrarium.url),

  complaints: [
    async ({ context, terrarium }, use) => {
      const complaints = new Complaints();
      complaints.watch(context, terrarium.url);
      await use(complaints);
      expect(complaints.unforgiven, 'the console stays clean and no other origin is asked').toEqual([]);
    },
    { auto: true },
  ],

  accessibilityProblems: async ({ page }, use) =>
    use(async () => {
      // Evaluated, not added as a script, which the page's own CSP would refuse.
      if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() =>
        (window as unknown as { axe: typeof axe }).axe.run({
          resultTypes: ['violations'],
          // WCAG 2.2's smallest size of what one presses, which axe leaves off
          rules: { 'target-size': { enabled: true } },
        }),
      );
      return violations.flatMap((found) => found.nodes.map((node) => `${found.id}: ${found.help}: ${node.html}`));
    }),
});
