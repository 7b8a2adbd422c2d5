import { css } from 'lit';

/** Always light on dark glass, like all that may lie on the picture. */
export const menuStyles = css`
  .menu {
    position: fixed;
    inset: auto;
    min-inline-size: 200px;
    max-inline-size: calc(100vw - var(--unit) * 4);
    margin: 0;
    padding: var(--unit);
    overflow: auto;
    overscroll-behavior: contain;
    border: 1px solid rgb(255 255 255 / 0.14);
    border-radius: var(--control-radius);
    color: #eef1f5;
    background: #15181d;
    box-shadow: 0 4px 16px rgb(0 0 0 / 0.35);
    color-scheme: dark;
  }

  .menu hr {
    margin: var(--unit) calc(var(--unit) * 2);
    border: 0;
    border-block-start: 1px solid rgb(255 255 255 / 0.14);
  }

  .menu .item {
    display: flex;
    align-items: center;
    gap: calc(var(--unit) * 2);
    inline-size: 100%;
    min-block-size: var(--size);
    padding: 0 calc(var(--unit) * 2);
    border-radius: calc(var(--control-radius) - 2px);
    text-align: start;
    background: none;
  }

  .menu .item:is(:hover, :focus):enabled {
    background: rgb(255 255 255 / 0.12);
  }

  .menu .item:focus-visible {
    outline-color: #fff;
    outline-offset: -2px;
  }

  .menu .item:disabled {
    color: #8b94a3;
  }

  .menu .tick {
    flex: none;
    inline-size: 10px;
    block-size: 5px;
  }

  .menu [aria-checked='true'] .tick {
    border: solid;
    border-width: 0 0 2px 2px;
    transform: translateY(-2px) rotate(-45deg);
  }

  .menu kbd {
    margin-inline-start: auto;
    padding-inline-start: calc(var(--unit) * 4);
    font: inherit;
    font-size: var(--small);
    color: #a6afbc;
  }

  .menu .narrow {
    display: none;
  }

  @container webrtc-preview (width < 280px) {
    .menu .narrow:not([hidden]) {
      display: block;
    }
  }
`;
