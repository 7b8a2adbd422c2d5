import { CLOCK_COLUMNS, clockBlockSize, encodePictureClock, type PictureClock } from '../../src/protocol/index.js';

const FONT = 'system-ui, sans-serif';

/** Paints one frame: the time for people, a hand that turns once a second, and the blocks that programs read. */
export function paintClock(context: CanvasRenderingContext2D, clock: PictureClock): void {
  const { width, height } = context.canvas;
  const now = new Date();
  const turn = (clock.micros / 1_000_000) % 1;
  const unit = height / 100;

  const sky = context.createLinearGradient(0, 0, width, height);
  sky.addColorStop(0, '#101a33');
  sky.addColorStop(0.6, '#3a2c52');
  sky.addColorStop(1, '#b8643f');
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);

  const x = width / 2;
  const y = height / 2 + 3 * unit;
  paintDial(context, { x, y, radius: 34 * unit, unit, turn });

  context.fillStyle = '#fff';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = `650 ${11 * unit}px ${FONT}`;
  context.fillText(now.toLocaleTimeString('en-GB'), x, y - 2 * unit);
  context.globalAlpha = 0.75;
  context.font = `500 ${4.5 * unit}px ${FONT}`;
  context.fillText(`.${String(Math.floor(turn * 1_000)).padStart(3, '0')}`, x, y + 9 * unit);
  context.globalAlpha = 1;

  paintBlocks(context, clock);
}

interface Dial {
  x: number;
  y: number;
  radius: number;
  unit: number;
  turn: number;
}

function paintDial(context: CanvasRenderingContext2D, { x, y, radius, unit, turn }: Dial): void {
  const angle = turn * 2 * Math.PI - Math.PI / 2;
  context.lineWidth = 1.2 * unit;
  context.lineCap = 'round';
  context.strokeStyle = 'rgb(255 255 255 / 0.16)';
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
  context.strokeStyle = '#ffc48a';
  context.beginPath();
  context.arc(x, y, radius, -Math.PI / 2, angle);
  context.stroke();
  context.fillStyle = '#fff';
  context.beginPath();
  context.arc(x + radius * Math.cos(angle), y + radius * Math.sin(angle), 2 * unit, 0, 2 * Math.PI);
  context.fill();
}

function paintBlocks(context: CanvasRenderingContext2D, clock: PictureClock): void {
  const size = clockBlockSize(context.canvas.width);
  for (const [index, bit] of encodePictureClock(clock).entries()) {
    context.fillStyle = bit ? '#fff' : '#000';
    context.fillRect((index % CLOCK_COLUMNS) * size, Math.floor(index / CLOCK_COLUMNS) * size, size, size);
  }
}
