import { css } from 'lit';
import { barStyles } from './parts/bar.styles.js';
import { overlayStyles } from './parts/overlay.styles.js';

/*
 * Public names are --webrtc-preview-…; the short ones are what the rest of the sheet uses.
 * light-dark() is resolved where a colour is used: by the page's scheme in the bar, always dark on the picture.
 */
const tokens = css`
  :host {
    --unit: var(--webrtc-preview-unit, 4px);
    --size: var(--webrtc-preview-control-size, 32px);
    --radius: var(--webrtc-preview-radius, 12px);
    --control-radius: var(--webrtc-preview-control-radius, 8px);
    --font: var(--webrtc-preview-font, system-ui, sans-serif);
    --small: 12px;
    --normal: 13px;
    --large: 15px;
    --medium: 500;
    --bold: 650;
    --moment: 120ms;

    --ground: var(--webrtc-preview-ground, #0a0c10);
    --glass: var(--webrtc-preview-glass, rgb(12 14 18 / 0.8));
    --accent: var(--webrtc-preview-accent, #2563eb);
    --ring: var(--webrtc-preview-accent, light-dark(#2563eb, #7aa7ff));
    --bar: var(--webrtc-preview-bar, light-dark(#fff, #15181d));
    --ink: var(--webrtc-preview-ink, light-dark(#14171c, #eef1f5));
    --quiet: var(--webrtc-preview-quiet, light-dark(#566070, #a6afbc));
    --control: var(--webrtc-preview-control, light-dark(#f0f2f5, #23272e));
    --control-over: color-mix(in srgb, var(--control), var(--ink) 7%);
    --line: var(--webrtc-preview-line, light-dark(rgb(15 20 30 / 0.14), rgb(255 255 255 / 0.1)));
    --good: var(--webrtc-preview-good, light-dark(#15803d, #3ddc84));
    --busy: var(--webrtc-preview-busy, light-dark(#b45309, #ffb03a));
    --bad: var(--webrtc-preview-bad, light-dark(#d32f2f, #ff6b6b));
    --dim: light-dark(#7d8796, #8b94a3);
  }

  @media (pointer: coarse) {
    :host {
      --size: var(--webrtc-preview-control-size, 44px);
    }
  }

  @media (prefers-reduced-motion: reduce) {
    :host {
      --moment: 0s;
    }
  }
`;

const frame = css`
  :host {
    display: block;
    container: webrtc-preview / inline-size;
    /* A size container has no width of its own; in a row of flex items it would vanish. */
    contain-intrinsic-inline-size: 640px;
    min-inline-size: 0;
    font: var(--medium) var(--normal) / 1.35 var(--font);
    font-variant-numeric: tabular-nums;
    -webkit-text-size-adjust: none;
    text-size-adjust: none;
  }

  :host([hidden]) {
    display: none;
  }

  *,
  ::before,
  ::after {
    box-sizing: border-box;
  }

  p,
  dl,
  dd,
  ol {
    margin: 0;
    padding: 0;
  }

  button,
  select {
    margin: 0;
    border: 0;
    font: inherit;
    color: inherit;
    cursor: pointer;
  }

  button:disabled,
  select:disabled {
    cursor: default;
  }

  :focus-visible {
    outline: 2px solid var(--ring);
    outline-offset: 2px;
  }

  .icon {
    display: block;
    flex: none;
  }

  .unseen {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  .base {
    position: relative;
    display: flex;
    flex-direction: column;
    block-size: 100%;
    /* Not hidden: a hidden box still scrolls when something in it takes the focus. */
    overflow: clip;
    border-radius: var(--radius);
    color: var(--ink);
    background: var(--bar);
    -webkit-tap-highlight-color: transparent;
  }

  /* A line over the picture, not around it: the picture goes from edge to edge. */
  .base::after {
    content: '';
    position: absolute;
    inset: 0;
    border: 1px solid var(--line);
    border-radius: inherit;
    pointer-events: none;
  }

  .picture {
    position: relative;
    flex: 1 1 auto;
    min-block-size: 0;
    aspect-ratio: var(--webrtc-preview-aspect-ratio, 16 / 9);
    container: picture / size;
    overflow: clip;
    color: #fff;
    background: var(--ground);
    color-scheme: dark;
  }

  video {
    display: block;
    inline-size: 100%;
    block-size: 100%;
    object-fit: contain;
    transition: filter var(--moment);
  }

  :host([fit='cover']) video {
    object-fit: cover;
  }

  /* Turned first and then mirrored, so that a mirror always swaps left and right. Zoom is apart: translate and scale. */
  :host([mirror]) {
    --mirror: scaleX(-1);
  }

  :host([rotate='90']) {
    --turn: rotate(90deg);
  }

  :host([rotate='180']) {
    --turn: rotate(180deg);
  }

  :host([rotate='270']) {
    --turn: rotate(270deg);
  }

  :host(:is([mirror], [rotate])) video {
    transform: var(--mirror, scale(1)) var(--turn, scale(1));
  }

  /* As wide as the box is high, and the other way round; centred. */
  :host(:is([rotate='90'], [rotate='270'])) video {
    position: absolute;
    inset: calc(50cqh - 50cqw) auto auto calc(50cqw - 50cqh);
    inline-size: 100cqh;
    block-size: 100cqw;
  }

  /* Nobody must take an old frame for a live one. */
  :is(.stalled, .paused, .reconnecting, .failed, .offline) video {
    filter: grayscale(1) brightness(0.42);
  }

  .mark {
    flex: none;
    inline-size: 8px;
    block-size: 8px;
    border-radius: 50%;
    background: var(--dim);
  }

  /* By shape as well as by colour: a disc, a ring, a diamond; a smaller disc for nothing. */
  .mark.none {
    transform: scale(0.75);
  }

  .mark.good {
    background: var(--good);
  }

  .mark.busy {
    border: 2px solid var(--busy);
    background: none;
  }

  .mark.bad {
    border-radius: 1px;
    background: var(--bad);
    transform: rotate(45deg) scale(0.9);
  }

  .spinner,
  .busy-mark {
    border: 2px solid color-mix(in srgb, currentColor 25%, transparent);
    border-block-start-color: currentColor;
    border-radius: 50%;
    animation: turn 0.9s linear infinite;
  }

  @keyframes turn {
    to {
      rotate: 1turn;
    }
  }

  @media (prefers-reduced-motion: reduce) {
    .spinner,
    .busy-mark {
      animation: none;
    }
  }

  :host(:fullscreen) .base {
    border-radius: 0;
  }

  :host(:fullscreen) .base::after {
    display: none;
  }

  :host(:fullscreen) .picture {
    aspect-ratio: auto;
  }
`;

export const styles = [tokens, frame, overlayStyles, barStyles];
