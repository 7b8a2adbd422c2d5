import { css } from 'lit';

export const shortcutsStyles = css`
  .shortcuts {
    inline-size: min(360px, 100vw - var(--unit) * 8);
    max-block-size: calc(100vh - var(--unit) * 8);
    margin: auto;
    padding: calc(var(--unit) * 4);
    overflow: auto;
    overscroll-behavior: contain;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    color: var(--ink);
    background: var(--bar);
    box-shadow: 0 8px 32px rgb(0 0 0 / 0.35);
  }

  .shortcuts::backdrop {
    background: rgb(0 0 0 / 0.4);
  }

  .shortcuts .head {
    display: flex;
    align-items: center;
    justify-content: space-between;
    margin-block-end: calc(var(--unit) * 2);
  }

  .shortcuts h2 {
    margin: 0;
    font-size: var(--large);
    font-weight: var(--bold);
  }

  .shortcuts .head .control {
    display: grid;
    place-content: center;
    inline-size: var(--size);
    padding: 0;
  }

  .shortcuts dl {
    display: grid;
    grid-template-columns: max-content 1fr;
    gap: calc(var(--unit) * 2) calc(var(--unit) * 4);
  }

  .shortcuts dl div {
    display: grid;
    grid-template-columns: subgrid;
    grid-column: 1 / -1;
    align-items: baseline;
  }

  .shortcuts kbd {
    display: inline-block;
    min-inline-size: 24px;
    padding: 1px calc(var(--unit) * 1.5);
    border-radius: calc(var(--unit));
    font: inherit;
    font-size: var(--small);
    text-align: center;
    background: var(--control);
    box-shadow: inset 0 0 0 1px var(--line);
  }
`;
