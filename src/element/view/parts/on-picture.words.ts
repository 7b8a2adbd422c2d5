import type { ControlWords } from '../words.js';

/** English. */
export const controlWords: ControlWords = {
  snapshot: 'Save a snapshot',
  pictureInPicture: 'Picture in picture',
  fullscreen: 'Fullscreen',
  leaveFullscreen: 'Leave fullscreen',
  mute: 'Mute',
  unmute: 'Turn sound on',
  soundRefused: 'The browser allows sound only after a click: press the loudspeaker.',
  record: 'Record',
  stopRecording: 'Stop recording',
  noPictureToRecord: 'There is no picture to record yet.',
  cannotRecord: 'This browser cannot record video.',
  fill: 'Fill the frame',
  mirror: 'Mirror',
  rotate: 'Rotate',
  wholePicture: 'Show the whole picture',

  shortcuts: 'Keys and gestures',
  close: 'Close',
  keys: { space: 'Space', arrows: 'Arrow keys', escape: 'Esc' },
  gestures: { wheel: 'Wheel', doubleClick: 'Double click', drag: 'Drag', pinch: 'Two fingers' },
  keyActions: {
    startOrStop: 'Start or stop',
    zoomIn: 'Zoom in',
    zoomOut: 'Zoom out',
    zoom: 'Zoom in or out',
    enlarge: 'Enlarge, or show the whole picture',
    pan: 'Move the enlarged picture',
    close: 'Close what is open',
  },
};
