import type { CSSResultOrNative } from 'lit';

/**
 * Puts styles on a root, beside those that it has. A sheet can be used only in the document that it was made in, so those for
 * any other document, as that of an iframe, are made there.
 */
export function dress(root: ShadowRoot, styles: readonly CSSResultOrNative[]): void {
  const { defaultView } = root.ownerDocument;
  // Nothing is seen without a window, and nothing can be made.
  if (!defaultView) return;
  const sheets = styles.flatMap((style) => {
    const ours = style instanceof CSSStyleSheet ? style : style.styleSheet;
    if (defaultView === window || !ours) return ours ?? [];
    const theirs = new defaultView.CSSStyleSheet();
    theirs.replaceSync(Array.from(ours.cssRules, ({ cssText }) => cssText).join('\n'));
    return theirs;
  });
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, ...sheets];
}
