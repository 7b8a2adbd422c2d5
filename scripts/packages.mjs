/**
 * What comes from apt, by what it is for, each with its reason. The names are the same on Debian 12, 13 and Ubuntu 24.04,
 * but for the browsers: Ubuntu has no firefox-esr, and its `chromium` is only a door to a snap.
 *
 * @type {Record<string, Record<string, string>>}
 */
export const APT_PACKAGES = {
  sender: {
    'python3-gi': 'Python talks to GStreamer through it',
    'python3-gst-1.0': "GStreamer's own additions for Python",
    'gir1.2-gst-plugins-base-1.0': 'SDP, RTP and video types for Python',
    'gir1.2-gst-plugins-bad-1.0': 'WebRTC types for Python',
    'gstreamer1.0-plugins-base': 'app source and sink, video conversion, test pattern',
    'gstreamer1.0-plugins-good': 'V4L2 cameras, RTP payloaders, VP8',
    'gstreamer1.0-plugins-bad': 'webrtcbin, DTLS, SRTP, hardware encoders',
    'gstreamer1.0-plugins-ugly': 'x264enc, the H.264 encoder where no hardware has one',
    'gstreamer1.0-nice': 'ICE for webrtcbin',
    'python3-socketio': 'signalling',
    'python3-aiohttp': "signalling's WebSocket",
  },
  test: {
    chromium: 'the browser that the tests run in',
    'firefox-esr': 'the other browser that the tests run in',
    'fonts-dejavu-core': 'letters for those browsers',
    'python3-pytest': "runs the sender's tests",
    'python3-jsonschema': "checks the sender's messages against the protocol",
    iproute2: 'gives a test a network of its own',
    iptables: 'cuts that network, or a part of it',
    coturn: 'the TURN server that credentials are tried on',
    'redis-server': 'what several signalling servers share',
  },
  gst126: {
    debootstrap: 'makes the Debian 13 that has GStreamer 1.26',
    'debian-archive-keyring': "the archive's signatures",
  },
  camera: {
    'qemu-system-x86': 'a second machine, whose kernel has a camera',
    'busybox-static': "that machine's first programs",
    iproute2: 'the network between the two',
    'v4l-utils': 'tells the camera to fail, and is another program that uses it',
  },
  bench: {
    xvfb: 'a screen whose pixels can be timed',
    gcc: 'compiles the probe that reads that screen, and the viewers that decode nothing',
    'libc6-dev': 'headers for both',
    'libssl-dev': 'DTLS for those viewers',
    'libsrtp2-dev': 'SRTP for those viewers',
    'libusrsctp-dev': 'the data channel for those viewers',
    iproute2: 'networks of our own, and a link that can be made narrow',
    iptables: 'cuts one port of them',
    'redis-server': 'what several signalling servers share',
  },
  janus: {
    janus: 'another WebRTC server, to be compared with',
    'janus-demos': 'its own page',
  },
};

/** Where a Chrome or Chromium can be, best first. */
export const CHROME_NAMES = ['chromium', 'google-chrome', 'google-chrome-stable', 'chrome', 'chromium-browser'];

/** Ubuntu's `firefox` is a snap, which cannot see the folders of a test. */
export const FIREFOX_NAMES = ['firefox-esr'];

/** Where apt has none of these (Ubuntu), what needs them is left out. */
export const WELCOME = ['firefox-esr'];
