import { css, html, nothing, svg } from 'lit';

const red = css`
  #later {
    color: rgb(255 0 0);
  }
`;

export const sheet = css`
  ${red}
  p {
    margin: 0;
  }
`;

/** All that a part may take of Lit, and a part of its own. */
export const view = (word: string, again: () => void) => html`<p id="later" title=${word} @dblclick=${again}>
    ${word} ${nothing}
    <svg viewBox="0 0 1 1">${svg`<circle r="1" />`}</svg>
  </p>
  <button @click=${() => void import('./deep/deeper.js').then(({ mark }) => mark())}>more</button>`;
