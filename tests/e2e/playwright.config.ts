import { defineConfig } from '@playwright/test';

/** What Chromium needs in a small machine or container, and nothing that talks to the outside. */
const chromiumFlags = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const isRoot = process.getuid?.() === 0;

export default defineConfig({
  testDir: 'specs',
  outputDir: 'test-results',
  fullyParallel: true,
  forbidOnly: true,
  // A second try is reported as flaky, not hidden: two cores are shared with the server under test.
  retries: 1,
  workers: process.env.WORKERS ? Number(process.env.WORKERS) : 2,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    headless: true,
    viewport: { width: 1280, height: 800 },
    screenshot: 'only-on-failure',
    // Without a film of it, which takes longer than the tests.
    trace: { mode: 'retain-on-failure', screenshots: false },
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: isRoot ? [...chromiumFlags, '--no-sandbox'] : chromiumFlags,
    },
  },
});
