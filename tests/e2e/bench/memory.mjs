// The page's memory while orders come at a steady rate: JavaScript's heap after a forced
// collection, and the wasm's memory, which holds the record's end and never gives anything back.
import { System, frames, mean, measure, playground, say, sleep } from './common.mjs';

const minutes = Number(process.env.MINUTES ?? 10);
const orders = 20;
const every = 5_000;
/** Until then the page fills what it keeps of the record. */
const settled = Math.min(2, minutes / 3) * 60_000;

/** Before anything of the page: keeps hold of the wasm's memory. */
function keepHold() {
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const real = WebAssembly[name].bind(WebAssembly);
    WebAssembly[name] = async (...args) => {
      const made = await real(...args);
      const exports = (made.instance ?? made).exports;
      if (exports.memory) window.wasm = exports.memory;
      return made;
    };
  }
}

/** By how much a straight line through the samples rises, from the first of them to the last. */
function rise(samples) {
  const [x, y] = [mean(samples.map(({ at }) => at)), mean(samples.map(({ bytes }) => bytes))];
  const over = samples.reduce((sum, { at, bytes }) => sum + (at - x) * (bytes - y), 0);
  const under = samples.reduce((sum, { at }) => sum + (at - x) ** 2, 0);
  return (over / under) * (samples.at(-1).at - samples[0].at);
}

await measure(async (context) => {
  const system = await System.start(context);
  const page = await context.newPage();
  await page.addInitScript(keepHold);
  const cdp = await context.newCDPSession(page);
  await cdp.send('Performance.enable');
  await page.goto(playground(system.id));
  await page.waitForFunction(() => window.wasm);
  say(`${orders} orders a second for ${minutes} minutes`);
  await system.load(orders);
  const begun = performance.now();
  const samples = [];
  let told = 0;
  while (performance.now() - begun < minutes * 60_000) {
    await sleep(every);
    await cdp.send('HeapProfiler.collectGarbage');
    const { metrics } = await cdp.send('Performance.getMetrics');
    const metric = (name) => metrics.find((metric) => metric.name === name)?.value ?? 0;
    const wasm = await page.evaluate(() => window.wasm.buffer.byteLength);
    const heap = metric('JSHeapUsedSize');
    const at = performance.now() - begun;
    samples.push({ at, bytes: heap + wasm, heap, wasm, nodes: metric('Nodes') });
    if (at >= told * 60_000) {
      told += 1;
      const mb = (bytes) => (bytes / 1e6).toFixed(2);
      say(`${(at / 60_000).toFixed(1)} min: heap ${mb(heap)} MB, wasm ${mb(wasm)} MB, ${metric('Nodes')} nodes`);
    }
  }
  const { position } = await system.standing();
  const shown = await page.getByRole('slider', { name: 'Position' }).getAttribute('max');
  const steady = samples.filter(({ at }) => at >= settled);
  const level = mean(steady.map(({ bytes }) => bytes));
  const line = (name) => steady.map((sample) => ({ at: sample.at, bytes: sample[name] }));
  const gaps = await frames(page, 5_000);
  await system.rest();
  return {
    minutes,
    events: position,
    behind: position - Number(shown),
    memory_mb: level / 1e6,
    rise_percent: (rise(steady) / level) * 100,
    rise_mb: rise(steady) / 1e6,
    heap_rise_mb: rise(line('heap')) / 1e6,
    nodes_rise: rise(line('nodes')),
    fps: 1000 / mean(gaps),
  };
});
