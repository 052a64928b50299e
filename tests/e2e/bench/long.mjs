// A record of 50,000 events: how soon it is open, and what scrubbing through it takes.
import { System, frames, measure, percentile, playground, say, sleep } from './common.mjs';

const events = 50_000;
const loads = 5;
const steps = 60;

/** Before anything of the page: when the picture stands, with all of the record under it. */
function watch(events) {
  const tasks = (window.tasks = []);
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) tasks.push({ at: startTime, ms: duration });
  }).observe({ type: 'longtask', buffered: true });
  const look = () => {
    const slider = document.querySelector('input.position');
    const painted = document.querySelector('.strata')?.childElementCount > 0;
    const drawn = document.querySelector('.stage svg [data-part^="node-"]')?.childElementCount > 0;
    if (Number(slider?.max) >= events && painted && drawn) {
      // What is in the document now is on the screen with the frame after.
      requestAnimationFrame(() => (window.openAfter = performance.now()));
    } else {
      requestAnimationFrame(look);
    }
  };
  requestAnimationFrame(look);
}

/** A system at rest with a record of so many events, or a few more. */
async function record(context) {
  const system = await System.start(context);
  let position = 0;
  // What was ordered goes on after the load: the last orders are given with care.
  for (const [rate, share] of [[300, 0.8], [100, 0.97], [20, 1]]) {
    await system.load(rate);
    await system.until((standing) => standing.position >= events * share);
    position = await system.rest();
  }
  say(`it has ${position}`);
  return system.id;
}

/** How long it takes until the picture stands where the slider was left. */
const arrival = () =>
  new Promise((done, failed) => {
    const begun = performance.now();
    const slider = document.querySelector('input.position');
    const look = () => {
      // The address names the position shown.
      const ms = performance.now() - begun;
      if (new URLSearchParams(location.search).get('at') === slider.value) done(ms);
      else if (ms > 10_000) failed(new Error(`asked for ${slider.value}, shown ${location.search}`));
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });

await measure(async (context) => {
  say(`recording ${events} events`);
  const run = await record(context);
  const opened = [];
  for (let i = 0; i < loads; i += 1) {
    const page = await context.newPage();
    await page.addInitScript(watch, events);
    await page.goto(playground(run));
    await page.waitForFunction(() => window.openAfter !== undefined);
    opened.push(await page.evaluate(() => window.openAfter));
    say(`open after ${Math.round(opened.at(-1))} ms; tasks over 50 ms: ${JSON.stringify(await page.evaluate(() => window.tasks))}`);
    await page.close();
  }

  const page = await context.newPage();
  await page.addInitScript(watch, events);
  await page.goto(playground(run));
  await page.waitForFunction(() => window.openAfter !== undefined);
  await sleep(1_000);
  const forget = () => page.evaluate(() => (window.tasks.length = 0));
  const longest = async () => Math.max(0, ...(await page.evaluate(() => window.tasks.map(({ ms }) => ms))));
  const slider = page.getByRole('slider', { name: 'Position' });
  await slider.scrollIntoViewIfNeeded();
  /** A place on it, which moves with what stands above. */
  const place = async (share) => {
    const { x, y, width, height } = await slider.boundingBox();
    return [x + width * share, y + height / 2];
  };

  say('dragging the slider from end to end');
  await forget();
  const gaps = frames(page, 3_000);
  const [from, y] = await place(0.97);
  const [to] = await place(0.03);
  await page.mouse.move(from, y);
  await page.mouse.down();
  for (let step = 1; step <= steps; step += 1) {
    await page.mouse.move(from + ((to - from) * step) / steps, y);
    await sleep(16);
  }
  await page.mouse.up();
  const shown = await page.evaluate(arrival);
  const dragging = await gaps;
  const drag = { task: await longest(), gap: Math.max(...dragging) };
  say(`tasks over 50 ms: ${JSON.stringify(await page.evaluate(() => window.tasks))}`);

  say('dropping it at places far apart');
  await forget();
  const drops = [shown];
  for (const share of [0.8, 0.2, 0.6, 0.1, 0.9, 0.4]) {
    await page.mouse.click(...(await place(share)));
    drops.push(await page.evaluate(arrival));
  }
  const drop = { task: await longest() };
  say(`shown after ${drops.map(Math.round).join(' ')} ms; tasks over 50 ms: ${JSON.stringify(await page.evaluate(() => window.tasks))}`);

  say('stepping with the keys');
  await forget();
  const stepping = frames(page, 3_000);
  await slider.focus();
  for (let i = 0; i < steps; i += 1) {
    await page.keyboard.press(i % 10 === 9 ? 'PageUp' : 'ArrowLeft');
    await sleep(16);
  }
  await page.evaluate(arrival);
  const keys = { gap: Math.max(...(await stepping)), task: await longest() };
  say(`tasks over 50 ms: ${JSON.stringify(await page.evaluate(() => window.tasks))}`);
  return {
    open_ms: percentile(opened, 50),
    open_slowest_ms: Math.max(...opened),
    drag_task_ms: drag.task,
    drag_gap_ms: drag.gap,
    drop_task_ms: drop.task,
    drop_shown_ms: percentile(drops, 50),
    key_task_ms: keys.task,
    key_gap_ms: keys.gap,
  };
});
