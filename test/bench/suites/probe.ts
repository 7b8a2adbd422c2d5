import { buildProbe } from '../lib/framebuffer-probe.js';
import { startScreen } from '../lib/screen.js';
import { startServer } from '../lib/server.js';
import { summarise } from '../lib/statistics.js';
import { countOption, type Suite } from '../lib/suite.js';
import { openOnScreen } from '../lib/viewing.js';

const FPS = 29.3;
const SKIP = 10;

/** Tries the framebuffer probe on a page that draws the clock itself and leaves out every tenth number. */
const suite: Suite = {
  about: 'checks the framebuffer probe without a camera: drawn by the page → pixels on the screen',
  options: { seconds: { type: 'string', default: '5' } },
  async run(lab, options) {
    const seconds = countOption(options, 'seconds');
    const screen = await startScreen(lab);
    const probe = await buildProbe(lab);
    const address = await startServer(lab, { pagesOnly: true });
    const { page } = await openOnScreen(lab, screen);
    await page.goto(`${address}/clock.html?fps=${FPS}&skip=${SKIP}`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const reading = await probe(screen, seconds);
    const { count, p50, p95, p99, max } = summarise(reading.agesMs);
    const expected = (seconds * FPS) / SKIP;
    const failures: string[] = [];
    if (Math.abs(reading.missed - expected) > 2) {
      failures.push(`${reading.missed} frames were missed, where ${expected.toFixed(0)} numbers were left out`);
    }
    if (!(reading.readable >= 0.9))
      failures.push(`the clock was readable at ${(reading.readable * 100).toFixed(0)} % of the polls`);
    return {
      title: 'A clock drawn on a canvas → pixels on the screen, ms',
      columns: ['', 'p50', 'p95', 'p99', 'max', 'frames', 'missed', 'readable'],
      rows: [
        [
          'canvas',
          ...[p50, p95, p99, max].map((value) => value.toFixed(1)),
          String(count),
          `${reading.missed} (${expected.toFixed(0)} left out)`,
          `${(reading.readable * 100).toFixed(1)} %`,
        ],
      ],
      aims: [],
      notes: ['No video is in this figure: it is what the browser and the probe add.'],
      failures,
      raw: reading,
    };
  },
};

export default suite;
