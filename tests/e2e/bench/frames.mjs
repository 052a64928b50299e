// Frames a second with 500 and with 2,000 tokens in flight, beside what the same Chromium does
// with an empty page.
//
// Under load the picture shows a message as a dot that is 400 ms on its way at leisure, and as
// many times longer as one looks slower: so there are in flight, at any speed, as many as the
// record has messages in 0.4 s. A place in a record is looked for where that is the number wanted.
import { System, frames, mean, measure, playground, rate, say, sleep } from './common.mjs';

const slow = '0.1×';
const hop = 0.4;
const seconds = Number(process.env.SECONDS ?? 12);
/** How much of the record is looked at, in µs. */
const span = (seconds + 3) * 0.1e6;
/** After the load has gone on for so long, all that flows does. */
const settled = 1.5e6;
/** Kinds of events because of which a token moves. */
const moving = new Set(['RequestReceived', 'ResponseSent', 'MessagePublished', 'MessageDelivered', 'MessageRedelivered']);

/** Where the record comes nearest to that many messages a second for long enough. */
function stretch(record, wanted) {
  const moves = record.filter(({ observation }) => moving.has(observation.kind));
  let best = { rate: 0, off: Infinity };
  for (let from = 0, to = 0; from < moves.length; from += 1) {
    while (to < moves.length && moves[to].at - moves[from].at < span) to += 1;
    if (to === moves.length) break;
    if (moves[from].at < moves[0].at + settled) continue;
    const rate = ((to - from) / span) * 1e6;
    const off = Math.abs(rate - wanted) / wanted;
    if (off < best.off) best = { position: moves[from].position, rate, off };
  }
  return best;
}

/** A record with that many messages a second, at as many orders a second as it takes. */
async function busy(context, wanted) {
  let orders = wanted / 12;
  let best;
  for (let tries = 0; tries < 8 && !(best?.off < 0.05); tries += 1) {
    const system = await System.start(context);
    await system.load(Math.round(orders));
    await sleep(settled / 1_000 + 3_000);
    await system.rest();
    const found = { ...stretch(await system.record(), wanted), system };
    say(`${Math.round(orders)} orders a second are ${Math.round(found.rate)} messages a second of ${Math.round(wanted)}`);
    const worse = best && best.off <= found.off ? found : best;
    if (worse !== found) best = found;
    await worse?.system.delete();
    orders *= Math.min(1.5, Math.max(0.6, wanted / found.rate));
  }
  return { id: best.system.id, position: best.position };
}

await measure(async (context) => {
  const page = await context.newPage();
  await page.goto('about:blank');
  const empty = rate(await frames(page, 5_000));
  const figures = { display_fps: empty.fps, display_late: empty.late };
  for (const tokens of JSON.parse(process.env.TOKENS ?? '[500,2000]')) {
    const { id, position } = await busy(context, tokens / hop);
    say(`${tokens} in flight, for ${seconds} s`);
    await page.goto(playground(id, position));
    const glass = page.getByRole('region', { name: 'Terrarium' });
    // The record behind the picture is known.
    await page.waitForFunction((at) => Number(document.querySelector('input.position').max) > at, position);
    await sleep(1_000);
    await glass.getByLabel('Speed').selectOption({ label: slow });
    await glass.getByRole('button', { name: 'Play', exact: true }).click();
    await sleep(2_500);
    const counted = page.evaluate(
      (ms) =>
        new Promise((done) => {
          const canvas = document.querySelector('canvas.tokens');
          const counts = [];
          const seen = new MutationObserver(() => counts.push(Number(canvas.dataset.tokens)));
          seen.observe(canvas, { attributeFilter: ['data-tokens'] });
          setTimeout(() => done(counts), ms);
        }),
      seconds * 1_000,
    );
    const { fps, late } = rate(await frames(page, seconds * 1_000));
    const counts = await counted;
    if (process.env.SHOT) await page.screenshot({ path: `${process.env.SHOT}-${tokens}.png` });
    say(`in flight: ${counts.join(' ')}`);
    Object.assign(figures, { [`tokens_${tokens}`]: mean(counts), [`fps_${tokens}`]: fps, [`late_${tokens}`]: late });
  }
  await page.close();
  return figures;
});
