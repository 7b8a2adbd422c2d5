import type {} from 'webrtc-preview/jsx';

export const camera = (
  <webrtc-preview
    src="https://robot.example"
    stream="front"
    autostart
    no-controls
    noControls={true}
    icePolicy="relay"
    ice-policy="all"
    token={undefined}
    className="camera"
    aria-label="Front"
    style={{ '--webrtc-preview-radius': '4px', width: 320 }}
    ref={(element) => element?.start()}
    onClick={() => {}}
    onstatechange={({ detail, currentTarget }) => console.log(detail.state === 'live', detail.previous, currentTarget)}
    onfirstframe={({ detail }) => console.log(detail.size?.width)}
  >
    <p slot="empty">Nothing here</p>
  </webrtc-preview>
);
