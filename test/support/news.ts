import { type Camera, errorInfo, type Mode, type Quality, type StreamInfo } from '../../src/protocol/index.js';

/* What a server says of a stream, and a sender of what it sends, as the tests have it. */

export const MODES: Mode[] = [
  { width: 640, height: 480, fps: 30 },
  { width: 1280, height: 720, fps: 60 },
  { width: 1280, height: 720, fps: 30 },
  { width: 1920, height: 1080, fps: 30 },
  { width: 1920, height: 1080, fps: 15 },
];

export const ONLINE: StreamInfo = {
  stream: 'camera',
  online: true,
  instance: 'a',
  camera: { label: 'Bench camera', modes: MODES, mode: { width: 1280, height: 720, fps: 30 } },
};

/** While the sender has lost the camera. */
export const CAMERA_LOST: StreamInfo = {
  ...ONLINE,
  camera: { ...(ONLINE.camera as Camera), error: errorInfo('camera_missing') },
};

/** What a viewer is sent whose link carries no more. */
export const REDUCED: Quality = {
  type: 'quality',
  level: 1,
  levels: 3,
  width: 640,
  height: 360,
  fps: 30,
  kbps: 700,
  linkKbps: 800,
  reason: 'link',
};
