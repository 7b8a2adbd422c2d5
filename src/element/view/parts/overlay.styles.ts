import { css } from 'lit';

/** What lies on the picture: the pill, the tools, the words in the middle and the note. Light on dark glass, always. */
export const overlayStyles = css`
  /* The pill, and beside it what else is true. */
  .top {
    position: absolute;
    inset-block-start: calc(var(--unit) * 3);
    inset-inline-start: calc(var(--unit) * 3);
    display: flex;
    flex-wrap: wrap;
    gap: var(--unit);
    pointer-events: none;
  }

  .pill {
    display: flex;
    align-items: center;
    gap: calc(var(--unit) * 2);
    block-size: calc(var(--unit) * 7);
    padding-inline: calc(var(--unit) * 2.5) calc(var(--unit) * 3);
    border-radius: calc(var(--unit) * 3.5);
    font-size: var(--small);
    white-space: nowrap;
    background: var(--glass);
  }

  .pill b {
    font-weight: var(--bold);
  }

  /* Figures are read from left to right in every page. */
  .number {
    direction: ltr;
    unicode-bidi: isolate;
  }

  /* Room for two digits, so that the pill does not breathe between 9 and 10. */
  .pill .number {
    min-inline-size: 4ch;
    color: #d3d8df;
  }

  .live .pill .number {
    min-inline-size: 5ch;
  }

  .picture :focus-visible {
    outline-color: #fff;
    box-shadow: 0 0 0 4px #000;
  }

  /* Before the first frame; the pill and the words lie on it. */
  ::slotted([slot='poster']) {
    position: absolute;
    inset: 0;
    inline-size: 100%;
    block-size: 100%;
    object-fit: cover;
    pointer-events: none;
  }

  ::slotted([slot='empty']) {
    pointer-events: auto;
  }

  .centre {
    position: absolute;
    inset: 0;
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    gap: calc(var(--unit) * 2);
    padding: calc(var(--unit) * 11) calc(var(--unit) * 4) calc(var(--unit) * 4);
    text-align: center;
    text-wrap: balance;
    color: #c3c9d2;
    pointer-events: none;
  }

  /* The middle is the picture's own while the pill leaves room above. */
  @container picture (height >= 200px) {
    .centre {
      padding-block: calc(var(--unit) * 4);
    }
  }

  .centre p {
    /* An empty line keeps its height: what is above it does not move when the words come. */
    min-block-size: 1.35em;
    max-inline-size: 44ch;
    /* For a poster: nobody knows what is on it. */
    text-shadow: 0 0 3px #000;
  }

  /* Where there is no bar to start from. */
  .start.alone {
    display: none;
  }

  .centre .title {
    font-weight: var(--bold);
    color: #fff;
  }

  .spinner {
    flex: none;
    inline-size: calc(var(--unit) * 8);
    block-size: calc(var(--unit) * 8);
    margin-block-end: var(--unit);
    border-width: 3px;
  }

  .start {
    display: flex;
    align-items: center;
    gap: calc(var(--unit) * 2);
    min-block-size: max(var(--size), calc(var(--unit) * 11));
    padding-inline: calc(var(--unit) * 4) calc(var(--unit) * 5);
    border-radius: calc(var(--unit) * 6);
    font-size: var(--large);
    font-weight: var(--bold);
    color: #101318;
    background: #fff;
    pointer-events: auto;
    transition: background var(--moment);
  }

  .start:hover {
    background: #e2e6ec;
  }

  .note {
    position: absolute;
    z-index: 1;
    inset-block-end: calc(var(--unit) * 3);
    inset-inline-end: calc(var(--unit) * 3);
    max-inline-size: min(300px, 100% - var(--unit) * 6);
    padding: calc(var(--unit) * 2) calc(var(--unit) * 3);
    border-radius: var(--control-radius);
    font-size: var(--small);
    background: rgb(12 14 18 / 0.92);
  }

  :host(:fullscreen) .live:not(.awake) {
    cursor: none;
  }

  :host(:fullscreen) .note {
    inset-block-end: calc(var(--size) + var(--unit) * 9);
  }

  @container webrtc-preview (width < 480px) {
    .top {
      inset-block-start: calc(var(--unit) * 2);
      inset-inline-start: calc(var(--unit) * 2);
    }

    .centre {
      font-size: var(--small);
    }

    .spinner {
      inline-size: calc(var(--unit) * 6);
      block-size: calc(var(--unit) * 6);
      margin-block-end: 0;
    }
  }

  @container webrtc-preview (width < 280px) {
    .start {
      min-block-size: var(--size);
      font-size: var(--normal);
    }

    .centre {
      gap: var(--unit);
      padding-inline: calc(var(--unit) * 3);
    }

    .centre .between {
      display: block;
      block-size: 0;
      overflow: hidden;
    }

    .centre.waiting .spinner,
    .centre.waiting p:not(.title) {
      display: none;
    }
  }

  /* A thumbnail: the picture and the pill. What remains is the way to start, as a sign alone. */
  @container webrtc-preview (width < 200px) {
    .note,
    .centre p,
    .start span {
      display: none;
    }

    .start,
    .start.alone {
      display: flex;
      inline-size: var(--size);
      justify-content: center;
      padding: 0;
    }

    .centre {
      padding-block-start: calc(var(--unit) * 9);
    }
  }
`;
