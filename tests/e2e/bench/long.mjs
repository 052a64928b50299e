// A record of 50,000 events: how soon it is open, and what scrubbing through it takes.
import { System, frames, measure, percentile, playground, say, sleep } from './common.mjs';

const events = 50_000;
const loads = 5;
const steps = 60;

/** Before anything of the page: when the picture stands, with all of the record under it. */
function watch(events) {
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

/** Runs something and gives the longest task, in ms, of the page's main thread meanwhile. */
async function longestTask(browser, page, run) {
  await browser.startTracing(page, { categories: ['toplevel', '__metadata'] });
  await run();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const main = traceEvents.find(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const tasks = traceEvents.filter(({ name, pid, tid }) => pid === main.pid && tid === main.tid && name.endsWith('RunTask'));
  const took = tasks.map(({ dur = 0 }) => dur / 1_000).toSorted((a, b) => b - a);
  say(`the longest of ${took.length} tasks: ${took.slice(0, 5).map((ms) => ms.toFixed(1)).join(', ')} ms`);
  return took[0];
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

await measure(async (context, browser) => {
  say(`recording ${events} events`);
  const id = await record(context);
  const open = async () => {
    const page = await context.newPage();
    await page.addInitScript(watch, events);
    await page.goto(playground(id));
    await page.waitForFunction(() => window.openAfter !== undefined);
    return page;
  };
  const opened = [];
  for (let i = 0; i < loads; i += 1) {
    const page = await open();
    opened.push(await page.evaluate(() => window.openAfter));
    await page.close();
  }
  say(`open after ${opened.map(Math.round).join(', ')} ms`);

  const page = await open();
  await sleep(1_000);
  const slider = page.getByRole('slider', { name: 'Position' });
  await slider.scrollIntoViewIfNeeded();
  /** A place on it, which moves with what stands above. */
  const place = async (share) => {
    const { x, y, width, height } = await slider.boundingBox();
    return [x + width * share, y + height / 2];
  };
  const shown = [];
  let gaps;

  say('dragging the slider from end to end');
  const drag_task_ms = await longestTask(browser, page, async () => {
    const [from, y] = await place(0.97);
    const [to] = await place(0.03);
    const counted = frames(page, 2_000);
    await page.mouse.move(from, y);
    await page.mouse.down();
    for (let step = 1; step <= steps; step += 1) {
      await page.mouse.move(from + ((to - from) * step) / steps, y);
      await sleep(16);
    }
    await page.mouse.up();
    shown.push(await page.evaluate(arrival));
    gaps = await counted;
  });

  say('dropping it at places far apart');
  const drop_task_ms = await longestTask(browser, page, async () => {
    for (const share of [0.8, 0.2, 0.6, 0.1, 0.9, 0.4]) {
      await page.mouse.click(...(await place(share)));
      shown.push(await page.evaluate(arrival));
    }
  });
  say(`shown after ${shown.map(Math.round).join(', ')} ms`);

  say('stepping with the keys');
  const key_task_ms = await longestTask(browser, page, async () => {
    await slider.focus();
    for (let i = 0; i < steps; i += 1) {
      await page.keyboard.press(i % 10 === 9 ? 'PageUp' : 'ArrowLeft');
      await sleep(16);
    }
    await page.evaluate(arrival);
  });
  return {
    open_ms: percentile(opened, 50),
    drag_task_ms,
    drop_task_ms,
    key_task_ms,
    drag_gap_ms: Math.max(...gaps),
    shown_ms: percentile(shown, 50),
  };
});
