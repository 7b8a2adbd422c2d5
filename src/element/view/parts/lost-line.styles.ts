import { css } from 'lit';

/** A line on a picture that is shown. */
export const lostLineStyles = css`
  /* Beside the statistics; without them, where they would be. */
  .lost {
    position: absolute;
    inset-block-end: calc(var(--unit) * 3);
    inset-inline-end: calc(var(--unit) * 3);
    max-inline-size: min(300px, 50% - var(--unit) * 5);
    padding: calc(var(--unit) * 2) calc(var(--unit) * 3);
    border-radius: var(--control-radius);
    color: #c9cfd8;
    text-wrap: pretty;
    background: rgb(12 14 18 / 0.92);
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

  :host(:fullscreen) .lost {
    inset-block-end: calc(var(--size) + var(--unit) * 9);
  }

  @container webrtc-preview (width < 480px) {
    .picture:not(:has(.stats)) .lost {
      inset: auto calc(var(--unit) * 2) calc(var(--unit) * 2);
      font-size: var(--small);
    }

    .lost .returns,
    .picture:has(.stats) .lost {
      display: none;
    }
  }

  @container webrtc-preview (width < 280px) {
    .lost .next {
      display: none;
    }
  }

  @container webrtc-preview (width < 200px) {
    .lost {
      display: none;
    }
  }
`;
