/*
 * What frameworks and editors are told of the element, made of custom-elements.json. A generator of our own: those on npm write
 * the types of events and properties out as text, which goes stale, and bring Prettier along; here they are taken from the class.
 */

/** Types that mean the same wherever they stand. */
const PLAIN = /^(?:\s*(?:'[^']*'|string|number|boolean|null|undefined|\d+)\s*(?:\||$))+$/;

const comment = (text, indent = '  ') => {
  const lines = text.trim().split('\n');
  return lines.length === 1
    ? `${indent}/** ${lines[0]} */\n`
    : `${indent}/**\n${lines.map((line) => `${indent} * ${line.trim()}`).join('\n')}\n${indent} */\n`;
};

const fields = (element) => element.members.filter(({ kind, readonly }) => kind === 'field' && !readonly);

function propsFile(element) {
  const own = fields(element).map(
    ({ name, description = '' }) => `${comment(description || name)}  ${name}?: Element['${name}'] | undefined;\n`,
  );
  const attributes = element.attributes
    .filter(({ name, fieldName }) => name !== fieldName)
    .map(({ name, fieldName, type, description = '' }) => {
      const text = PLAIN.test(type.text) ? type.text : `Element['${fieldName}']`;
      return `${comment(description || name)}  '${name}'?: ${text} | undefined;\n`;
    });
  const custom = element.cssProperties.map(
    ({ name, description = '' }) => `${comment(description || name)}  '${name}'?: string | number | undefined;\n`,
  );
  return `import type { WebRTCPreviewElement as Element, WebRTCPreviewEventMap } from '../types/element/index.js';

/** What can be set: by property where a framework does that, and by the attributes that have another name. */
export interface WebRTCPreviewProps {
${own.join('')}${attributes.join('')}}

/** The CSS custom properties. */
export interface WebRTCPreviewCustomProperties {
${custom.join('')}}

/** A listener for each event, under a name that begins with \`Prefix\`. */
export type WebRTCPreviewListeners<Prefix extends string, Capital extends boolean = false> = {
  [Name in keyof WebRTCPreviewEventMap as \`\${Prefix}\${Capital extends true ? Capitalize<Name> : Name}\`]?:
    | ((event: WebRTCPreviewEventMap[Name]) => void)
    | undefined;
};
`;
}

const FILES = {
  'jsx.d.ts': `import type { CSSProperties, DetailedHTMLProps, HTMLAttributes } from 'react';
import type { WebRTCPreviewElement } from '../types/element/index.js';
import type { WebRTCPreviewCustomProperties, WebRTCPreviewListeners, WebRTCPreviewProps } from './props.js';

type Own = WebRTCPreviewProps &
  WebRTCPreviewListeners<'on'> & { style?: (CSSProperties & WebRTCPreviewCustomProperties) | undefined };
type Html = DetailedHTMLProps<HTMLAttributes<WebRTCPreviewElement>, WebRTCPreviewElement>;

/** \`<webrtc-preview>\` in JSX. Listeners need React 19; for React 18 there is the component of \`webrtc-preview/react\`. */
export type WebRTCPreviewJSX = Own & Omit<Html, keyof Own>;

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'webrtc-preview': WebRTCPreviewJSX;
    }
  }
}
`,
  'vue.d.ts': `import type { HTMLAttributes, ReservedProps } from 'vue';
import type { WebRTCPreviewListeners, WebRTCPreviewProps } from './props.js';

type Own = WebRTCPreviewProps & WebRTCPreviewListeners<'on', true>;

/** \`<webrtc-preview>\` in a Vue template. */
export type WebRTCPreviewVue = new () => { $props: Own & Omit<HTMLAttributes, keyof Own> & ReservedProps };

declare module 'vue' {
  interface GlobalComponents {
    'webrtc-preview': WebRTCPreviewVue;
  }
}
`,
  'svelte.d.ts': `import type { HTMLAttributes } from 'svelte/elements';
import type { WebRTCPreviewElement } from '../types/element/index.js';
import type { WebRTCPreviewListeners, WebRTCPreviewProps } from './props.js';

type Own = WebRTCPreviewProps & WebRTCPreviewListeners<'on'> & WebRTCPreviewListeners<'on:'>;

/** \`<webrtc-preview>\` in a Svelte component. */
export type WebRTCPreviewSvelte = Own & Omit<HTMLAttributes<WebRTCPreviewElement>, keyof Own>;

declare module 'svelte/elements' {
  interface SvelteHTMLElements {
    'webrtc-preview': WebRTCPreviewSvelte;
  }
}
`,
};

/** Values that an editor can offer: the quoted ones of a union. */
const valuesOf = ({ type }) => [...(type?.text ?? '').matchAll(/'([^']*)'/g)].map(([, name]) => ({ name }));

/** https://github.com/microsoft/vscode-html-languageservice/blob/main/docs/customData.md */
function htmlData(element) {
  const listed = (title, items) =>
    items?.length
      ? [`**${title}**`, ...items.map(({ name, description = '' }) => `- \`${name}\`: ${description}`)]
      : [];
  const value = [
    element.summary ?? element.description,
    ...listed('Events', element.events),
    ...listed('Slots', element.slots),
    ...listed(
      'Methods',
      element.members.filter(({ kind }) => kind === 'method'),
    ),
  ].join('\n\n');
  const attributes = element.attributes.map((attribute) => ({
    name: attribute.name,
    description: attribute.description ?? '',
    ...(attribute.type?.text === 'boolean' && { valueSet: 'v' }),
    ...(valuesOf(attribute).length > 0 && { values: valuesOf(attribute) }),
  }));
  return { version: 1.1, tags: [{ name: element.tagName, description: { kind: 'markdown', value }, attributes }] };
}

/** https://github.com/microsoft/vscode-css-languageservice/blob/main/docs/customData.md */
function cssData(element) {
  const named = (items, nameOf) =>
    (items ?? []).map(({ name, description = '' }) => ({ name: nameOf(name), description }));
  return {
    version: 1.1,
    properties: named(element.cssProperties, (name) => name),
    pseudoClasses: named(element.cssStates, (name) => `:state(${name})`),
    pseudoElements: named(element.cssParts, (name) => `::part(${name})`),
  };
}

const json = (data) => `${JSON.stringify(data, null, 2)}\n`;

/** @returns {Record<string, string>} every file of dist/typings, by its name */
export function typings(element) {
  return {
    'props.d.ts': propsFile(element),
    ...FILES,
    // For a bundler that meets an import of one of them: there is nothing to run.
    ...Object.fromEntries(['props', 'jsx', 'vue', 'svelte'].map((name) => [`${name}.js`, 'export {};\n'])),
    'html-custom-data.json': json(htmlData(element)),
    'css-custom-data.json': json(cssData(element)),
  };
}
