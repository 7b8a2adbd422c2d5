import { css } from 'lit';

/**
 * The statistics never reach the middle of the picture: at most half as wide. Where the picture is low, the last rows go,
 * whole ones. Lengths are in em, so that on a wall all of it grows with its
 * letters. Widths are fixed and figures tabular, so nothing moves while they run.
 */
export const statsPanelStyles = css`
  .picture {
    --stats-letters: clamp(12px, 7.5px + 0.45cqi, 30px);
  }

  .stats {
    position: absolute;
    inset-block-end: calc(var(--unit) * 3);
    inset-inline-start: calc(var(--unit) * 3);
    display: flex;
    flex-direction: column;
    gap: 0.6em;
    inline-size: min(24em, 50% - var(--unit) * 5);
    /* The pill is above. */
    max-block-size: calc(100% - var(--unit) * 15);
    padding: 0.7em 1em 0.8em;
    overflow: clip;
    border-radius: var(--control-radius);
    font-size: var(--stats-letters);
    line-height: 1.35;
    background: rgb(12 14 18 / 0.86);
  }

  /* What is being waited for stands in the room beside the panel. */
  .picture:has(.stats) .centre.waiting {
    inset-inline-start: calc(var(--unit) * 3 + min(24 * var(--stats-letters), 50% - var(--unit) * 5));
  }

  .stats > * {
    flex: none;
  }

  .stats > .rows {
    flex: 0 1 auto;
  }

  .stats .heading {
    display: flex;
    align-items: baseline;
    justify-content: space-between;
    gap: 0.6em;
    white-space: nowrap;
  }

  .heading b {
    overflow: hidden;
    font-weight: var(--bold);
    text-overflow: ellipsis;
  }

  .total strong {
    font-size: 1.7em;
    font-weight: var(--bold);
    line-height: 1.2;
  }

  .total abbr {
    font-size: 1.25em;
    color: #c3c9d2;
    text-decoration: none;
  }

  .stats .over {
    color: #ffc05c;
  }

  .stats small {
    font-size: 0.92em;
    font-weight: 400;
    color: #b4bcc8;
  }

  .stats .hint {
    margin-block-start: -0.5em;
    color: #b4bcc8;
  }

  .stats .hint.over {
    font-weight: var(--bold);
    color: #ffc05c;
  }

  .strip {
    display: block;
    inline-size: 100%;
    block-size: 0.5em;
    overflow: hidden;
    border-radius: 0.25em;
    background: rgb(255 255 255 / 0.1);
  }

  .stats :is(i, rect) {
    background: currentColor;
    fill: currentColor;
    forced-color-adjust: none;
  }

  .stats :is(i, rect).camera {
    color: #7aa2ff;
  }

  .stats :is(i, rect).encode {
    color: #b69cff;
  }

  .stats :is(i, rect).send {
    color: #e58bd6;
  }

  .stats :is(i, rect).network {
    color: #6fd0f5;
  }

  .stats :is(i, rect).buffer {
    color: #f0b45c;
  }

  .stats :is(i, rect).decode {
    color: #8fdd72;
  }

  .stats :is(i, rect).display {
    color: #ff7d8e;
  }

  .quality {
    color: #c3c9d2;
  }

  .quality :is(b, span) {
    display: block;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }

  .quality b {
    font-weight: var(--bold);
    color: #fff;
  }

  .legend {
    display: grid;
    grid-template-columns: repeat(3, 1fr);
    column-gap: 0.7em;
    font-size: 0.92em;
    color: #c3c9d2;
  }

  .legend div {
    display: flex;
    align-items: baseline;
    justify-content: space-between;
    gap: 0.4em;
    min-inline-size: 0;
    white-space: nowrap;
  }

  .legend dt {
    overflow: hidden;
    text-overflow: ellipsis;
  }

  .legend i {
    display: inline-block;
    inline-size: 0.55em;
    block-size: 0.55em;
    margin-inline-end: 0.4em;
    border-radius: 1px;
    vertical-align: 0.08em;
  }

  .legend dd {
    color: #fff;
  }

  .graph {
    display: block;
    inline-size: 100%;
    block-size: 2.7em;
    overflow: visible;
    fill: none;
    forced-color-adjust: none;
  }

  .graph path {
    vector-effect: non-scaling-stroke;
  }

  .graph .axis {
    stroke: rgb(255 255 255 / 0.14);
  }

  .graph .line {
    stroke: #6fd0f5;
    stroke-width: 0.125em;
    stroke-linecap: round;
    stroke-linejoin: round;
  }

  .graph .limit {
    stroke: #ffc05c;
    stroke-dasharray: 4 3;
  }

  .graph .gaps {
    stroke: #ff8a80;
    stroke-width: 0.25em;
  }

  .minute .caption {
    display: flex;
    justify-content: space-between;
    margin-block-start: 0.15em;
    font-size: 0.88em;
    line-height: 1.2;
    color: #b4bcc8;
  }

  /* Whole rows or none: those that have no room wrap into a column beside the box, where they are not seen. */
  .rows {
    display: flex;
    flex-flow: column wrap;
    column-gap: 1.2em;
    min-block-size: 0;
    overflow: hidden;
  }

  .row {
    display: flex;
    justify-content: space-between;
    gap: 0.4em;
    inline-size: 100%;
    white-space: nowrap;
  }

  .row dt {
    overflow: hidden;
    text-overflow: ellipsis;
    color: #b4bcc8;
  }

  .row dd {
    font-weight: var(--bold);
  }

  :host(:fullscreen) .stats {
    inset-block-end: calc(var(--size) + var(--unit) * 9);
    max-block-size: calc(100% - var(--size) - var(--unit) * 21);
  }

  /* Thirteen figures are seven lines, and no line more. */
  @container webrtc-preview (width >= 616px) {
    .rows {
      max-block-size: calc(7 * 1.35em + 2px);
    }

    .row {
      inline-size: calc(50% - 0.6em);
    }
  }

  /* Half of this is less than two columns need. */
  @container webrtc-preview (width < 616px) {
    .legend {
      display: none;
    }
  }

  /* Words before the line, where there is not room for both. */
  @container picture (height < 310px) {
    .stats:has(.quality):has(.hint) .minute {
      display: none;
    }
  }

  @container picture (height < 250px) {
    .minute,
    .quality .link {
      display: none;
    }
  }

  @container picture (height < 200px) {
    .missing,
    .budget:not(.over) {
      display: none;
    }
  }

  @container webrtc-preview (width < 480px) {
    /* No room beside it; the pill says the same. */
    .picture:has(.stats) .centre.waiting {
      visibility: hidden;
    }

    .stats {
      inset-block-end: calc(var(--unit) * 2);
      inset-inline-start: calc(var(--unit) * 2);
      inline-size: max(13em, 50% - var(--unit) * 4);
      max-block-size: calc(100% - var(--unit) * 12);
      gap: 0.4em;
      padding: 0.4em 0.7em 0.6em;
    }

    .stats .hint {
      margin-block-start: -0.4em;
      font-size: 0.92em;
    }

    /* The figure alone says what it is. */
    .heading b {
      display: none;
    }

    .total strong {
      font-size: 1.5em;
    }
  }

  /* Too little for a table: the figure, and the sign at it. */
  @container webrtc-preview (width < 280px) {
    .stats {
      inline-size: fit-content;
      padding-block: 0.2em;
    }

    .stats > :not(.heading) {
      display: none;
    }
  }

  @container webrtc-preview (width < 200px) {
    .stats {
      display: none;
    }
  }

  @media (forced-colors: active) {
    .stats {
      border: 1px solid;
      background: Canvas;
    }
  }
`;
