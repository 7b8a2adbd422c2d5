// Lets everything on the reference page be tried. Its entries are written by scripts/element-docs.ts; what there is to try follows
// from what they are, so that a new entry needs nothing here.
import { watchCopyButtons } from './copy.js';

/** Where a server keeps its plugin elsewhere, it writes so into the page. */
const SOURCE = document.body.dataset.src ?? '';
const STREAM = new URLSearchParams(location.search).get('stream') ?? 'camera';
const TOKEN = new URLSearchParams(location.hash.slice(1)).get('token') ?? undefined;
const REFRESH_MS = 500;

/** What the methods that want something are called with. */
const ARGUMENTS = {
  zoomTo: () => [2, 0.7, 0.3],
  setMode: ({ facts }) => {
    const { modes = [], mode } = facts.stream?.camera ?? {};
    return [modes.find(({ width }) => width !== mode?.width) ?? mode];
  },
};

/** Properties that no attribute has, and that cannot be guessed. */
const WISHES = {
  words: {
    'Other words': (preview) => {
      preview.words = { start: 'Go', stop: 'Halt', snapshot: 'Keep this frame' };
    },
    'Its own': (preview) => {
      preview.words = undefined;
    },
  },
  retryPolicy: {
    'Never again': (preview) => {
      preview.retryPolicy = { nextDelayMs: () => undefined };
    },
    'The default': (preview) => {
      preview.retryPolicy = undefined;
    },
  },
};

/** What is put into each slot, and how to come to see it. */
const SLOTS = {
  poster: { content: () => make('img', { src: 'icon.svg', alt: '' }), show: (preview) => preview.stop() },
  empty: {
    content: () => make('p', { textContent: 'The camera sleeps until eight.' }),
    show: (preview) => preview.setAttribute('stream', 'nobody-here'),
  },
  error: {
    content: () => make('a', { href: '#slots', textContent: 'Tell the workshop' }),
    show: (preview) => preview.setAttribute('src', 'nowhere:'),
  },
  controls: { content: () => make('button', { type: 'button', textContent: 'Horn' }) },
  tools: { content: () => make('button', { type: 'button', textContent: 'Lamp' }) },
};

/** How each section is brought to life. */
const SECTIONS = {
  attributes: attributesOf,
  properties: (article, preview) => {
    const { name } = article.dataset;
    for (const [words, wish] of Object.entries(WISHES[name] ?? {})) {
      tryOut(
        article,
        button(words, () => wish(preview)),
      );
    }
    if ('readonly' in article.dataset) return follow(article, preview, () => written(preview[name]));
  },
  methods: (article, preview) => {
    const { name } = article.dataset;
    const output = make('output');
    const call = async () => {
      try {
        output.replaceChildren(...shown(await preview[name](...(ARGUMENTS[name]?.(preview) ?? []))));
      } catch (error) {
        output.textContent = `${error.name}: ${error.message}`;
      }
    };
    tryOut(article, button(`${name}(${ARGUMENTS[name] ? '…' : ''})`, call), output);
  },
  events: (article, preview) => {
    const output = make('output', { textContent: 'not yet' });
    let times = 0;
    preview.addEventListener(article.dataset.name, ({ detail }) => {
      times += 1;
      output.textContent = `${times} × ${written(detail)}`;
    });
    tryOut(article, output);
  },
  slots: (article, preview) => {
    const { name } = article.dataset;
    const slot = SLOTS[name];
    if (!slot) return;
    const content = slot.content();
    content.slot = name;
    const box = make('input', { type: 'checkbox' });
    box.addEventListener('change', () => (box.checked ? preview.append(content) : content.remove()));
    tryOut(article, labelled(box, 'Fill it'));
    if (slot.show)
      tryOut(
        article,
        button('Show where', () => slot.show(preview)),
        button('Back to live', () => back(preview)),
      );
  },
  states: (article, preview) => {
    const mark = make('span', { className: 'holds' });
    tryOut(article, mark);
    return () => {
      const holds = preview.matches(`:state(${article.dataset.name})`);
      mark.dataset.holds = holds;
      mark.textContent = holds ? 'holds now' : 'not now';
    };
  },
  'custom-properties': customPropertiesOf,
  parts: partsOf,
};

watchCopyButtons();
const visible = new Map();
const sight = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      const { stage, preview, refresh } = sections.get(target);
      if (isIntersecting) stage.append(preview);
      else preview.remove();
      if (isIntersecting) visible.set(target, refresh);
      else visible.delete(target);
    }
  },
  { rootMargin: '100px 0px' },
);
const sections = new Map();
for (const [id, revive] of Object.entries(SECTIONS)) {
  const section = document.getElementById(id);
  const preview = make('webrtc-preview');
  if (SOURCE !== '') preview.setAttribute('src', SOURCE);
  preview.setAttribute('stream', STREAM);
  preview.setAttribute('autostart', '');
  preview.token = TOKEN;
  const refreshes = [...section.querySelectorAll('article')].map((article) => revive(article, preview)).filter(Boolean);
  const refresh = () => {
    for (const each of refreshes) each();
  };
  sections.set(section, { stage: section.querySelector('.stage'), preview, refresh });
  for (const choice of section.querySelectorAll('aside [data-stream], aside [data-src]')) {
    choice.addEventListener('click', () => {
      preview.setAttribute('src', choice.dataset.src ?? SOURCE);
      preview.setAttribute('stream', choice.dataset.stream === 'camera' ? STREAM : (choice.dataset.stream ?? STREAM));
      preview.start();
    });
  }
  sight.observe(section);
}
const playground = sections.get(document.getElementById('attributes')).preview;
new MutationObserver(showMarkup).observe(playground, { attributes: true });
showMarkup();
setInterval(() => {
  for (const refresh of visible.values()) refresh();
}, REFRESH_MS);
openTarget();
addEventListener('hashchange', openTarget);

// ---- what there is to try ------------------------------------------------------------------------------------------

/** A switch, a choice or a field, which also follows what the element changes by itself. */
function attributesOf(article, preview) {
  const { name, choices, type, default: preset = '' } = article.dataset;
  const set = (value) => (value === null ? preview.removeAttribute(name) : preview.setAttribute(name, value));
  if (type === 'boolean') {
    const box = make('input', { type: 'checkbox' });
    box.addEventListener('change', () => preview.toggleAttribute(name, box.checked));
    tryOut(article, labelled(box, 'On'));
    return () => {
      box.checked = preview.hasAttribute(name);
    };
  }
  const field = choices
    ? make('select')
    : make('input', { placeholder: preset, inputMode: type === 'number' ? 'numeric' : 'text', spellcheck: false });
  for (const choice of choices?.split(' ') ?? []) field.append(make('option', { textContent: choice }));
  field.ariaLabel = name;
  field.addEventListener('change', () =>
    set(field.value === '' || (choices && field.value === preset) ? null : field.value),
  );
  tryOut(article, field);
  return () => {
    if (document.activeElement !== field) field.value = preview.getAttribute(name) ?? (choices ? preset : '');
  };
}

/** Lengths by a slider, colours by a colour; what is neither by its text. */
function customPropertiesOf(article, preview) {
  const { name, default: preset = '' } = article.dataset;
  const pixels = /^(\d+)px$/.exec(preset);
  const isColour = preset === '' || preset.startsWith('#');
  const field = pixels
    ? make('input', { type: 'range', min: '0', max: String(Math.max(48, pixels[1] * 2)), value: pixels[1] })
    : make('input', isColour ? { type: 'color', value: preset || '#7c3aed' } : { type: 'text', placeholder: preset });
  field.ariaLabel = name;
  const output = make('output');
  field.addEventListener(isColour || pixels ? 'input' : 'change', () => {
    const value = pixels ? `${field.value}px` : field.value;
    preview.style.setProperty(name, value);
    output.textContent = value;
  });
  const reset = button('Default', () => {
    preview.style.removeProperty(name);
    output.textContent = '';
  });
  tryOut(article, field, output, reset);
}

/** Outlines a part, and says when it is not there to be outlined. */
function partsOf(article, preview) {
  const { name } = article.dataset;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`#parts webrtc-preview::part(${name}) { outline: 2px solid #e11d8f; outline-offset: -2px; }`);
  const box = make('input', { type: 'checkbox' });
  box.addEventListener('change', () => {
    const others = document.adoptedStyleSheets.filter((each) => each !== sheet);
    document.adoptedStyleSheets = box.checked ? [...others, sheet] : others;
  });
  const absent = make('span');
  tryOut(article, labelled(box, 'Outline it'), absent);
  return () => {
    absent.textContent = preview.shadowRoot?.querySelector(`[part~="${name}"]`) ? '' : 'not there right now';
  };
}

function follow(article, _preview, read) {
  const output = make('output');
  tryOut(article, output);
  return () => {
    output.textContent = read();
  };
}

function back(preview) {
  preview.setAttribute('src', SOURCE);
  preview.setAttribute('stream', STREAM);
  preview.start();
}

// ---- how it is shown -----------------------------------------------------------------------------------------------

/** The tag as it stands, coloured as the other code is. */
function showMarkup() {
  const words = [...playground.attributes]
    .filter(({ name }) => !['class', 'style', 'slot'].includes(name))
    .flatMap(({ name, value }) =>
      value === '' ? [` ${name}`] : [` ${name}=`, make('i', { textContent: JSON.stringify(value) })],
    );
  const tag = () => make('b', { textContent: 'webrtc-preview' });
  document.querySelector('.markup').replaceChildren('<', tag(), ...words, '></', tag(), '>');
}

/** What a method gave: a picture, a file, a text. */
function shown(result) {
  if (!(result instanceof Blob)) return [result === undefined ? 'done' : written(result)];
  const url = URL.createObjectURL(result);
  if (result.type.startsWith('image/')) return [make('img', { src: url, alt: 'The frame' })];
  const size = `${(result.size / 1e6).toFixed(1)} MB, ${result.type}`;
  return [make('a', { href: url, download: 'recording', textContent: size })];
}

/** JSON for people: no long numbers, no long lists. */
function written(value) {
  if (typeof value === 'string') return value;
  const short = (_key, each) => {
    if (each instanceof MediaStream) return 'MediaStream';
    if (each instanceof Blob) return `Blob, ${each.size} bytes`;
    if (typeof each === 'number') return Math.round(each * 10) / 10;
    return Array.isArray(each) && each.length > 10 ? `${each.length} values` : each;
  };
  return JSON.stringify(value, short, typeof value === 'object' && Object.keys(value ?? {}).length > 3 ? 1 : 0);
}

function tryOut(article, ...things) {
  const row = article.querySelector('.try') ?? make('div', { className: 'try' });
  article.append(row);
  row.append(...things);
}

function button(words, onClick) {
  const made = make('button', { type: 'button', textContent: words });
  made.addEventListener('click', onClick);
  return made;
}

function labelled(box, words) {
  const label = make('label');
  label.append(box, words);
  return label;
}

function make(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}

/** A link to an example opens it. */
function openTarget() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
}
