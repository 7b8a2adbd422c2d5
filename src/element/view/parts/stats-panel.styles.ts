import { css } from 'lit';

/**
 * The statistics never reach the middle of the picture: at most half as wide, and below a certain height of the picture
 * they leave out what matters least; sooner where they also say that less is sent than the camera gives. Widths are fixed and figures tabular, so nothing moves while they run.
 */
export const statsPanelStyles = css`
  .stats {
    position: absolute;
    inset-block-end: calc(var(--unit) * 3);
    inset-inline-start: calc(var(--unit) * 3);
    display: flex;
    flex-direction: column;
    gap: calc(var(--unit) * 2);
    inline-size: min(288px, 50% - var(--unit) * 5);
    padding: calc(var(--unit) * 2) calc(var(--unit) * 3) calc(var(--unit) * 2.5);
    border-radius: var(--control-radius);
    font-size: var(--small);
    line-height: 16px;
    background: rgb(12 14 18 / 0.86);
  }

  .heading {
    display: flex;
    align-items: baseline;
    justify-content: space-between;
    gap: calc(var(--unit) * 2);
    white-space: nowrap;
  }

  .heading b {
    overflow: hidden;
    font-weight: var(--bold);
    text-overflow: ellipsis;
  }

  .total strong {
    font-size: 20px;
    font-weight: var(--bold);
    line-height: 24px;
  }

  .total abbr {
    font-size: var(--large);
    color: #c3c9d2;
    text-decoration: none;
  }

  .stats small {
    font-size: 11px;
    font-weight: 400;
    color: #b4bcc8;
  }

  .strip {
    display: block;
    inline-size: 100%;
    block-size: calc(var(--unit) * 1.5);
    overflow: hidden;
    border-radius: calc(var(--unit) * 0.75);
    background: rgb(255 255 255 / 0.1);
  }

  .stats :is(i, rect) {
    background: currentColor;
    fill: currentColor;
  }

  .stats .camera {
    color: #7aa2ff;
  }

  .stats .encode {
    color: #b69cff;
  }

  .stats .send {
    color: #e58bd6;
  }

  .stats .network {
    color: #6fd0f5;
  }

  .stats .buffer {
    color: #f0b45c;
  }

  .stats .decode {
    color: #8fdd72;
  }

  .stats .display {
    color: #ff7d8e;
  }

  .quality {
    color: #c3c9d2;
  }

  .quality :is(b, span) {
    display: block;
    white-space: nowrap;
  }

  .quality b {
    font-weight: var(--bold);
    color: #fff;
  }

  .legend {
    display: grid;
    grid-template-columns: repeat(3, 1fr);
    column-gap: calc(var(--unit) * 3);
    font-size: 11px;
    color: #c3c9d2;
  }

  .legend div,
  .row {
    display: flex;
    align-items: baseline;
    justify-content: space-between;
    gap: var(--unit);
    min-inline-size: 0;
    white-space: nowrap;
  }

  .legend i {
    display: inline-block;
    inline-size: 6px;
    block-size: 6px;
    margin-inline-end: var(--unit);
    border-radius: 1px;
    vertical-align: 1px;
  }

  .legend dd {
    color: #fff;
  }

  .minute {
    position: relative;
  }

  .graph {
    display: block;
    inline-size: 100%;
    block-size: calc(var(--unit) * 8);
    overflow: visible;
    fill: none;
  }

  .graph path {
    vector-effect: non-scaling-stroke;
  }

  .graph .axis {
    stroke: rgb(255 255 255 / 0.14);
  }

  .graph .line {
    stroke: #6fd0f5;
    stroke-width: 1.5;
    stroke-linecap: round;
    stroke-linejoin: round;
  }

  .scale {
    position: absolute;
    inset-block-start: 1px;
    inset-inline-end: 0;
    font-size: 10px;
    line-height: 12px;
    color: #b4bcc8;
  }

  .rows {
    display: grid;
    grid-template-columns: 1fr 1fr;
    column-gap: calc(var(--unit) * 4);
  }

  .row dt {
    color: #b4bcc8;
  }

  .row dd {
    font-weight: var(--bold);
  }

  :host(:fullscreen) .stats {
    inset-block-end: calc(var(--size) + var(--unit) * 9);
  }

  /* Half of this is less than two columns need. */
  @container webrtc-preview (width < 616px) {
    .stats {
      gap: calc(var(--unit) * 1.5);
      padding-inline: calc(var(--unit) * 2);
    }

    .heading {
      gap: var(--unit);
    }

    .total strong {
      font-size: 18px;
    }

    .total abbr {
      font-size: var(--normal);
    }

    .legend {
      display: none;
    }

    .rows {
      grid-template-columns: 1fr;
    }
  }

  @container webrtc-preview (width < 860px) {
    /* The words in the middle would lie half below the panel; the pill says the same. */
    .picture:has(.stats) .centre.waiting {
      visibility: hidden;
    }
  }

  @container picture (height < 320px) {
    .quality ~ .minute,
    .quality ~ .rows .row:is(.frames, .dropped) {
      display: none;
    }
  }

  @container picture (height < 300px) {
    .minute {
      display: none;
    }
  }

  @container picture (height < 250px) {
    .row:is(.frames, .dropped),
    .quality ~ .rows .row:is(.codec, .path) {
      display: none;
    }
  }

  @container picture (height < 210px) {
    .row:is(.codec, .path),
    .quality .link,
    .quality ~ .rows .row:is(.loss, .rtt) {
      display: none;
    }
  }

  @container webrtc-preview (width < 480px) {
    .stats {
      inset-block-end: calc(var(--unit) * 2);
      inset-inline-start: calc(var(--unit) * 2);
      inline-size: max(156px, 50% - var(--unit) * 4);
    }

    .stats:has(.quality) {
      inline-size: max(172px, 50% - var(--unit) * 4);
    }

    .quality {
      font-size: 11px;
    }

    /* The figure alone says what it is. */
    .heading {
      justify-content: end;
    }

    .heading b {
      display: none;
    }
  }

  @container picture (height < 170px) {
    .stats {
      gap: 0;
      padding-block: var(--unit);
    }

    .strip,
    .row:is(.loss, .rtt) {
      display: none;
    }
  }

  @container webrtc-preview (width < 200px) {
    .stats {
      display: none;
    }
  }
`;
