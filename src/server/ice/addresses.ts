import { BlockList, isIP } from 'node:net';

/** Addresses that nobody outside can reach: RFC 1918, 3927, 4193, 4291, 6598, and loopback. */
const PRIVATE = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv4');
}
for (const [network, bits] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv6');
}

/** True for an address of a private network, with or without a port; a host name counts as one that may be public. */
export function isPrivate(addressAndPort: string): boolean {
  const address = addressAndPort.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const family = isIP(address);
  if (family === 0) return addressAndPort === 'localhost';
  return PRIVATE.check(address, family === 6 ? 'ipv6' : 'ipv4');
}
