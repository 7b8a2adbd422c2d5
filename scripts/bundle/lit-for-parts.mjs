/*
 * What a part that is loaded later takes of Lit. Such a part only describes what is to be seen, and the element's own Lit
 * makes it so: in the script-tag build this file stands for the package there, and no part brings a second Lit along.
 * The names with `$` are those by which versions of Lit know each other's templates and sheets.
 */
const template =
  (type) =>
  (strings, ...values) => ({ _$litType$: type, strings, values });

export const html = template(1);
export const svg = template(2);
export const nothing = Symbol.for('lit-nothing');

/** Pieces in a sheet are other sheets or numbers, as Lit has it. */
export function css(strings, ...values) {
  const textOf = (value) => (typeof value === 'object' ? value.cssText : (value ?? ''));
  const cssText = strings.map((string, at) => string + textOf(values[at])).join('');
  let styleSheet;
  return {
    _$cssResult$: true,
    cssText,
    get styleSheet() {
      if (!styleSheet) {
        styleSheet = new CSSStyleSheet();
        styleSheet.replaceSync(cssText);
      }
      return styleSheet;
    },
  };
}
