import { css } from 'lit';

/** The tools at the top, and the marks beside the pill. They come with the tools. */
export const toolsStyles = css`
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

  /* What the pill and its marks leave them; the marks go below the pill before they come under a tool. */
  .top:has(~ .tools) {
    max-inline-size: calc(100% - var(--unit) * 8 - 5 * (var(--size) + var(--unit)));
  }

  .chip {
    position: relative;
    display: flex;
    align-items: center;
    gap: calc(var(--unit) * 1.5);
    block-size: calc(var(--unit) * 7);
    padding-inline: calc(var(--unit) * 2.5);
    border-radius: calc(var(--unit) * 3.5);
    font-size: var(--small);
    font-weight: var(--bold);
    white-space: nowrap;
    color: #fff;
    background: var(--glass);
    pointer-events: auto;
  }

  .chip:hover {
    background: rgb(52 57 66 / 0.92);
  }

  .rec {
    inline-size: 8px;
    block-size: 8px;
    border-radius: 50%;
    background: var(--bad);
  }

  /* Two fingers are ours, one still scrolls the page; of an enlarged picture it moves a part. */
  .zooms video {
    touch-action: pan-x pan-y;
  }

  .zoomed video {
    cursor: grab;
    touch-action: none;
  }

  .zoomed video:active {
    cursor: grabbing;
  }

  @container webrtc-preview (width < 480px) {
    .tools {
      inset-block-start: calc(var(--unit) * 2);
      inset-inline-end: calc(var(--unit) * 2);
    }
  }

  /* Side by side below the pill: beside it there is room for none. */
  @container webrtc-preview (280px <= width < 400px) {
    .top:has(~ .tools) {
      inline-size: calc(100% - var(--unit) * 4);
      max-inline-size: none;
    }

    .top:has(~ .tools) .pill {
      flex: none;
      margin-inline-end: 100%;
    }
  }

  /* Chrome writes there that the video is in a window of its own. */
  .base:not(.camera-lost) video:picture-in-picture ~ .top {
    inset-block: auto calc(var(--unit) * 3);
    inset-inline: auto calc(var(--unit) * 3);
  }

  /* No room beside the pill: large tools go below it. */
  @media (pointer: coarse) {
    .chip::after {
      content: '';
      position: absolute;
      inset: calc((var(--unit) * 7 - var(--size)) / 2) 0;
    }

    @container webrtc-preview (280px <= width < 360px) {
      .tools {
        inset-block-start: calc(var(--unit) * 11);
      }

      .top:has(~ .tools) .pill {
        margin-inline-end: 0;
      }
    }
  }

  /* They are in the menu of the bar's “…”. */
  @container webrtc-preview (width < 280px) {
    .tools {
      display: none;
    }

    .top:has(~ .tools) {
      max-inline-size: calc(100% - var(--unit) * 4);
    }
  }

  /* A thumbnail has no room for marks. */
  @container webrtc-preview (width < 200px) {
    .chip {
      display: none;
    }
  }
`;
