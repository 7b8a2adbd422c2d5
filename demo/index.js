import { watchCopyButtons } from './copy.js';

watchCopyButtons();
document.querySelector('#origin').textContent = location.origin;

// The publish page links here with the stream that it publishes.
const preview = document.querySelector('webrtc-preview');
const stream = new URLSearchParams(location.search).get('stream');
// Where the server wants a token: behind “#token=”, which browsers send to nobody.
preview.token = new URLSearchParams(location.hash.slice(1)).get('token') ?? undefined;
if (stream) {
  preview.setAttribute('stream', stream);
  for (const name of document.querySelectorAll('.stream')) name.textContent = stream;
}

// A stream has one sender: where this one has its own, the browser publishes under another name and shows it there.
for (const link of document.querySelectorAll('a.publish')) {
  link.addEventListener('click', () => {
    const name = preview.facts?.stream?.online ? 'browser' : preview.getAttribute('stream');
    link.href = `publish.html?stream=${encodeURIComponent(name)}`;
  });
}
