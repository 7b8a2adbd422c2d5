import { render } from 'lit';

/** As the element does it: the part is fetched when it is first needed. */
async function show(): Promise<void> {
  const { sheet, view } = await import('./part.js');
  document.adoptedStyleSheets = [sheet.styleSheet as CSSStyleSheet];
  render(view('later', show), document.body);
}

addEventListener('click', () => void show());
