import type {} from 'webrtc-preview/jsx';

export const cameras = [
  <webrtc-preview key="1" source="https://robot.example" />,
  <webrtc-preview key="2" autostart="yes" />,
  <webrtc-preview key="3" icePolicy="direct" />,
  <webrtc-preview key="4" onstatechange={({ detail }) => detail.speed} />,
  <webrtc-preview key="5" state="live" />,
];
