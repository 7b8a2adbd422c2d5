// How custom-elements.json is made: by the analyzer, from the class and the JSDoc above it.

const TAG = 'webrtc-preview';
const SOURCE = 'src/element/view/webrtc-preview.ts';
/** Where apps import the class from, and where the tag is registered. */
const CLASS_MODULE = 'dist/element/index.js';
const TAG_MODULE = 'dist/element/define.js';

/** Called by Lit and by browsers, not by pages. */
const LIFECYCLE = new Set(['connectedMoveCallback', 'properties', 'styles']);

/** A part with names of its own beside the common one is described once: "Each of them; also `a-button` and `b-button`." */
const withOwnNames = (part) => {
  const [, also = ''] = /\balso ([^.:]*)/.exec(part.description ?? '') ?? [];
  const names = [...also.matchAll(/`([\w-]+)`/g)].map(([, name]) => name);
  return [part, ...names.map((name) => ({ name, description: `One of those with the part \`${part.name}\`.` }))];
};

/** What the analyzer cannot know: what is public, and under which names the package offers it. */
const published = {
  name: 'published',
  packageLinkPhase({ customElementsManifest }) {
    const source = customElementsManifest.modules.find(({ path }) => path === SOURCE);
    const element = source.declarations.find(({ customElement }) => customElement);
    const isPublic = ({ name, privacy = 'public' }) =>
      privacy === 'public' && !name.startsWith('#') && !LIFECYCLE.has(name);
    element.tagName = TAG;
    element.members = element.members.filter(isPublic).map(({ privacy, ...member }) => member);
    element.superclass = { name: 'LitElement', package: 'lit' };
    const attributes = new Map(element.attributes.map((attribute) => [attribute.fieldName, attribute]));
    for (const member of element.members) member.description ??= attributes.get(member.name)?.description;
    element.cssParts = element.cssParts.flatMap(withOwnNames);
    for (const event of element.events) {
      event.type = { text: `WebRTCPreviewEventMap['${event.name}']` };
    }
    const declaration = { name: element.name, module: CLASS_MODULE };
    customElementsManifest.modules = [
      {
        kind: 'javascript-module',
        path: CLASS_MODULE,
        declarations: [element],
        exports: [{ kind: 'js', name: element.name, declaration }],
      },
      {
        kind: 'javascript-module',
        path: TAG_MODULE,
        declarations: [],
        exports: [{ kind: 'custom-element-definition', name: TAG, declaration }],
      },
    ];
  },
};

export default {
  globs: [SOURCE],
  outdir: 'dist',
  litelement: true,
  packagejson: false,
  quiet: true,
  plugins: [published],
};
