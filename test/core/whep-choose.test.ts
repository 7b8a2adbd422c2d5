import { describe, expect, it } from 'vitest';
import { chooseTransport } from '../../src/element/signalling/choose.js';

describe('which transport an address is spoken to by', () => {
  it.each([
    ['our own server', ''],
    ['its origin', 'https://robot.local'],
    ['its path', 'https://robot.local:3000/webrtc-signaling'],
    ['a WebSocket address', 'wss://robot.local/webrtc-signaling'],
    ['a path of its own', '/cameras'],
    ['a host that only sounds like it', 'https://whep.example.org/'],
    ['a host of that name', 'http://whep/'],
    ['a name that only begins like it', 'https://example.org/whepper'],
    ['whep in a parameter that says nothing', '/webrtc-signaling?next=/cam/whep'],
    ["go2rtc's address without a source", 'http://nas:1984/api/webrtc'],
  ])('by Socket.IO: %s', (_, src) => {
    expect(chooseTransport('auto', src)).toEqual({ way: 'socket.io', src });
  });

  it.each([
    ['our own server', 'https://robot.local/webrtc-signaling/whep/camera'],
    ['on this page', '/webrtc-signaling/whep/camera'],
    ['MediaMTX', 'http://nas:8889/cam/whep'],
    ['MediaMTX, a path of several parts', 'https://nas:8889/yard/cam/whep?user=a'],
    ['go2rtc', 'http://nas:1984/api/webrtc?src=cam'],
    ['go2rtc, under a prefix', '/go2rtc/api/webrtc?media=video&src=cam'],
    ['SRS', 'http://host:1985/rtc/v1/whep/?app=live&stream=a'],
    ['Millicast', 'https://director.millicast.com/api/whep/account/name'],
    ['Cloudflare', 'https://customer-a.cloudflarestream.com/b/webRTC/play'],
    ['OvenMediaEngine', 'http://host:3333/app/stream?direction=whep'],
    ['Nimble', 'https://host:8443/live/cam/whep.stream'],
    ['in capitals', 'https://host/live/WHEP'],
  ])('by WHEP: %s', (_, src) => {
    expect(chooseTransport('auto', src)).toEqual({ way: 'whep', src });
  });

  it.each([
    ['whep://nas/cam', 'http://nas/cam'],
    ['wheps://nas/cam', 'https://nas/cam'],
    ['whep+http://nas/cam', 'http://nas/cam'],
    ['whep+https://nas/cam', 'https://nas/cam'],
  ])('by WHEP, as its scheme says: %s', (src, address) => {
    expect(chooseTransport('auto', src)).toEqual({ way: 'whep', src: address });
  });

  it('by the one that is named, whatever the address looks like', () => {
    expect(chooseTransport('whep', 'https://host/live').way).toBe('whep');
    expect(chooseTransport('socket.io', 'https://host/webrtc/whep').way).toBe('socket.io');
  });
});
