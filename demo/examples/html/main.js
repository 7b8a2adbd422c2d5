const camera = document.querySelector('webrtc-preview');
const output = document.querySelector('output');
const size = document.querySelector('#size');

// What is seen, in one word; “live” only while new frames are shown.
camera.addEventListener('statechange', ({ detail }) => {
  output.value = detail.state;
  output.dataset.state = detail.state;
});

camera.addEventListener('firstframe', ({ detail }) => {
  size.textContent = `${detail.size.width} × ${detail.size.height}`;
});

// The element follows the page's colours.
document.querySelector('select').addEventListener('change', ({ target }) => {
  document.documentElement.dataset.colours = target.value;
});
