import { CLOCK_COLUMNS, clockBlockSize, encodePictureClock } from '../../../src/protocol/picture-clock.js';

/* Draws the picture clock at the rate of ?fps= and skips every ?skip=th number, so that the probe can be tried without a camera. */

const query = new URLSearchParams(location.search);
const periodMs = 1_000 / Number(query.get('fps') ?? 29.3);
const skip = Number(query.get('skip') ?? 0);
const canvas = document.querySelector('canvas');
const context = canvas?.getContext('2d', { alpha: false });
const block = clockBlockSize(canvas?.width ?? 0);
const begin = performance.now();
let sequence = 65_500; // wraps round soon
let drawn = 0;

function draw(): void {
  if (!context) return;
  sequence = (sequence + (skip > 0 && drawn % skip === skip - 1 ? 2 : 1)) % 2 ** 16;
  const micros = Math.round((performance.timeOrigin + performance.now()) * 1_000);
  encodePictureClock({ micros, sequence }).forEach((light, bit) => {
    context.fillStyle = light ? '#ebebeb' : '#101010';
    context.fillRect((bit % CLOCK_COLUMNS) * block, Math.floor(bit / CLOCK_COLUMNS) * block, block, block);
  });
  drawn += 1;
  setTimeout(draw, begin + drawn * periodMs - performance.now());
}

draw();
