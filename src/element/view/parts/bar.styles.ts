import { css } from 'lit';

/** The bar belongs to the page: its scheme, its colours. */
export const barStyles = css`
  .bar {
    display: flex;
    flex: none;
    align-items: center;
    gap: calc(var(--unit) * 2);
    padding: calc(var(--unit) * 2);
    color: var(--ink);
    background: var(--bar);
  }

  .control {
    block-size: var(--size);
    padding-inline: calc(var(--unit) * 3);
    border-radius: var(--control-radius);
    color: var(--ink);
    background: var(--control);
    transition: background var(--moment);
  }

  .control:hover:not(:disabled) {
    background: var(--control-over);
  }

  .control:disabled {
    color: var(--quiet);
    opacity: 1;
  }

  .toggle {
    display: grid;
    flex: none;
    place-items: center;
    padding-inline-end: calc(var(--unit) * 4);
  }

  .face {
    display: flex;
    grid-area: 1 / 1;
    align-items: center;
    gap: calc(var(--unit) * 2);
    white-space: nowrap;
  }

  .face.ghost {
    visibility: hidden;
  }

  .face .short {
    display: none;
  }

  .toggle.primary {
    color: #fff;
    background: var(--accent);
  }

  .toggle.primary:hover {
    background: color-mix(in srgb, var(--accent), #000 14%);
  }

  .ghost,
  .primary {
    font-weight: var(--bold);
  }

  .selector {
    position: relative;
    display: block;
    min-inline-size: 0;
  }

  .selector.mode {
    display: none;
  }

  .selector select {
    appearance: none;
    padding-inline-end: calc(var(--unit) * 8);
    max-inline-size: 100%;
    /* A select would take its own idea of a line. */
    line-height: 1;
    text-overflow: ellipsis;
  }

  .selector.resolution select {
    min-inline-size: 120px;
  }

  .selector.fps select {
    min-inline-size: 88px;
  }

  /* From left to right in every page: else a size would be read as its height by its width. */
  .selector option {
    direction: ltr;
    unicode-bidi: isolate;
  }

  .selector :is(option, optgroup) {
    color: FieldText;
    background: Field;
  }

  .selector optgroup {
    color: GrayText;
    font-weight: var(--medium);
  }

  .selector optgroup option {
    color: GrayText;
  }

  .selector > :is(.icon, .busy-mark) {
    position: absolute;
    inset-block-start: calc(50% - 8px);
    inset-inline-end: calc(var(--unit) * 2.5);
    pointer-events: none;
    color: var(--quiet);
  }

  .selector > .busy-mark {
    inline-size: 14px;
    block-size: 14px;
    margin: 1px;
    color: var(--busy);
  }

  .indicators {
    display: flex;
    gap: calc(var(--unit) * 4);
    /* Room that a page's own controls need is taken from here, before the selectors come one upon the other. */
    flex-shrink: 9999;
    min-inline-size: 0;
    overflow: clip;
    margin-inline-start: auto;
    padding-inline: calc(var(--unit) * 2);
    font-size: var(--small);
    line-height: 16px;
    white-space: nowrap;
  }

  .indicator {
    display: flex;
    align-items: center;
    gap: calc(var(--unit) * 1.5);
  }

  .indicator .label {
    color: var(--quiet);
  }

  .indicator .word {
    font-weight: var(--bold);
  }

  .more {
    display: grid;
    flex: none;
    inline-size: var(--size);
    padding: 0;
    place-content: center;
  }

  /* On a fullscreen picture the bar is one more thing on the picture. */
  :host(:fullscreen) .bar {
    position: absolute;
    inset: auto calc(var(--unit) * 3) calc(var(--unit) * 3);
    border-radius: var(--radius);
    color-scheme: dark;
    background: rgb(12 14 18 / 0.86);
    opacity: 0;
    pointer-events: none;
    transition: opacity var(--moment);
  }

  :host(:fullscreen) :is(.bar:hover, .bar:has(:focus-visible), .awake .bar, :not(.live) > .bar) {
    opacity: 1;
    pointer-events: auto;
  }

  /* Two lines of 16 px in the height of one control: even “disconnected” fits. */
  @container webrtc-preview (width < 760px) {
    .indicators {
      display: grid;
      grid-template-columns: auto auto auto;
      gap: 0 calc(var(--unit) * 1.5);
    }

    .indicator {
      display: grid;
      grid-template-columns: subgrid;
      grid-column: 1 / -1;
    }

    /* As wide as most of its words, so that the labels stay where they are. */
    .indicator .word {
      min-inline-size: 6.2em;
      text-align: end;
    }
  }

  @container webrtc-preview (width < 600px) {
    .face .long {
      display: none;
    }

    .face .short {
      display: inline;
    }

    .selector.resolution select {
      min-inline-size: 112px;
    }

    .selector.fps select {
      min-inline-size: 76px;
    }

    .selector:is(.resolution, .fps) select {
      padding-inline: calc(var(--unit) * 2.5) calc(var(--unit) * 6.5);
    }

    .selector > :is(.icon, .busy-mark) {
      inset-inline-end: calc(var(--unit) * 1.5);
    }

    .indicators {
      padding-inline: 0 var(--unit);
    }
  }

  @container webrtc-preview (width < 520px) {
    .bar {
      gap: var(--unit);
    }

    .toggle {
      padding-inline: calc(var(--unit) * 2.5);
    }

    .indicators {
      display: flex;
      gap: calc(var(--unit) * 2);
    }

    .indicator {
      display: flex;
    }

    /* Gone for the eye; the mark has a shape, a tooltip and still its words for a screen reader. */
    .indicator :is(.label, .word) {
      position: absolute;
      inline-size: 1px;
      min-inline-size: 0;
      block-size: 1px;
      overflow: hidden;
      clip-path: inset(50%);
    }
  }

  @container webrtc-preview (width < 480px) {
    .bar {
      gap: calc(var(--unit) * 2);
    }

    .toggle {
      justify-content: center;
      inline-size: var(--size);
      padding: 0;
    }

    .base .face span,
    .selector:is(.resolution, .fps) {
      display: none;
    }

    .selector.mode {
      display: block;
    }

    .selector.mode select {
      min-inline-size: 96px;
    }
  }

  @container webrtc-preview (width < 280px) {
    .bar {
      gap: var(--unit);
    }
  }

  @container webrtc-preview (width < 200px) {
    .bar {
      display: none;
    }
  }
`;
