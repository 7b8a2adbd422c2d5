import { css } from 'lit';

/** What lies on the picture: the pill, the tools, the words in the middle and the note. Light on dark glass, always. */
export const overlayStyles = css`
  .pill {
    position: absolute;
    inset-block-start: calc(var(--unit) * 3);
    inset-inline-start: calc(var(--unit) * 3);
    display: flex;
    align-items: center;
    gap: calc(var(--unit) * 2);
    block-size: calc(var(--unit) * 7);
    padding-inline: calc(var(--unit) * 2.5) calc(var(--unit) * 3);
    border-radius: calc(var(--unit) * 3.5);
    font-size: var(--small);
    white-space: nowrap;
    background: var(--glass);
    pointer-events: none;
  }

  .pill b {
    font-weight: var(--bold);
  }

  /* Room for two digits, so that the pill does not breathe between 9 and 10. */
  .pill .number {
    min-inline-size: 4ch;
    color: #d3d8df;
  }

  .live .pill .number {
    min-inline-size: 5ch;
  }

  .tools {
    position: absolute;
    z-index: 1;
    inset-block-start: calc(var(--unit) * 3);
    inset-inline-end: calc(var(--unit) * 3);
    display: flex;
    gap: var(--unit);
    opacity: 0;
    pointer-events: none;
    transition: opacity var(--moment);
  }

  .awake .tools,
  .tools:has(:focus-visible) {
    opacity: 1;
    pointer-events: auto;
  }

  @media (hover: hover) {
    .tools:hover {
      opacity: 1;
      pointer-events: auto;
    }
  }

  .tool {
    display: grid;
    place-content: center;
    inline-size: var(--size);
    block-size: var(--size);
    padding: 0;
    border-radius: var(--control-radius);
    color: #fff;
    background: var(--glass);
    transition: background var(--moment);
  }

  .tool:hover:not(:disabled) {
    background: rgb(52 57 66 / 0.92);
  }

  .tool[aria-pressed='true'] {
    color: #101318;
    background: rgb(255 255 255 / 0.92);
  }

  .tool:disabled {
    color: #8b94a3;
  }

  .picture :focus-visible {
    outline-color: #fff;
    box-shadow: 0 0 0 4px #000;
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

  .note,
  .lost {
    position: absolute;
    inset-block-end: calc(var(--unit) * 3);
    inset-inline-end: calc(var(--unit) * 3);
    max-inline-size: min(300px, 100% - var(--unit) * 6);
    padding: calc(var(--unit) * 2) calc(var(--unit) * 3);
    border-radius: var(--control-radius);
    background: rgb(12 14 18 / 0.92);
  }

  .note {
    z-index: 1;
    font-size: var(--small);
  }

  /* Beside the statistics; without them, where they would be. */
  .lost {
    max-inline-size: min(300px, 50% - var(--unit) * 5);
    color: #c9cfd8;
    text-wrap: pretty;
  }

  .lost b {
    font-weight: var(--bold);
    color: #fff;
  }

  .picture:not(:has(.stats)) .lost {
    inset-inline-start: calc(var(--unit) * 3);
    inline-size: fit-content;
    max-inline-size: 60ch;
  }

  .picture:has(.note) .lost {
    visibility: hidden;
  }

  :host(:fullscreen) .live:not(.awake) {
    cursor: none;
  }

  :host(:fullscreen) :is(.note, .lost) {
    inset-block-end: calc(var(--size) + var(--unit) * 9);
  }

  @container webrtc-preview (width < 480px) {
    .pill {
      inset-block-start: calc(var(--unit) * 2);
      inset-inline-start: calc(var(--unit) * 2);
    }

    .tools {
      inset-block-start: calc(var(--unit) * 2);
      inset-inline-end: calc(var(--unit) * 2);
    }

    .centre {
      font-size: var(--small);
    }

    .picture:not(:has(.stats)) .lost {
      inset: auto calc(var(--unit) * 2) calc(var(--unit) * 2);
      font-size: var(--small);
    }

    .lost .returns,
    .picture:has(.stats) .lost {
      display: none;
    }

    .spinner {
      inline-size: calc(var(--unit) * 6);
      block-size: calc(var(--unit) * 6);
      margin-block-end: 0;
    }
  }

  /* No room beside the pill: large tools go below it. */
  @media (pointer: coarse) {
    @container webrtc-preview (280px <= width < 360px) {
      .tools {
        inset-block-start: calc(var(--unit) * 11);
      }
    }
  }

  /* The bar's “…” calls the tools, and they stand above it. */
  @container webrtc-preview (width < 280px) {
    .base .tools {
      inset-block: auto calc(var(--unit) * 2);
      display: none;
    }

    .base.more-open .tools {
      display: flex;
      opacity: 1;
      pointer-events: auto;
    }

    .base.more-open .tool {
      background: rgb(12 14 18 / 0.92);
    }

    .base.more-open .tool[aria-pressed='true'] {
      background: #fff;
    }

    .start {
      min-block-size: var(--size);
      font-size: var(--normal);
    }

    .lost .next {
      display: none;
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
    .base .tools,
    .base.more-open .tools,
    .note,
    .lost,
    .centre p,
    .start span {
      display: none;
    }

    .start {
      inline-size: var(--size);
      justify-content: center;
      padding: 0;
    }

    .centre {
      padding-block-start: calc(var(--unit) * 9);
    }
  }
`;
