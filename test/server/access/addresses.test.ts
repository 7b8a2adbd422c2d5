import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AddressOptions,
  ClientAddresses,
  canonicalAddress,
  hopsIn,
  limitKey,
  readAddressOptions,
} from '../../../src/server/access/addresses.js';
import { keepLog, requestFrom } from './support.js';

function open(options: AddressOptions = {}) {
  const { log, lines } = keepLog();
  const addresses = new ClientAddresses(readAddressOptions(options), log);
  return { lines, of: (peer: string | undefined, headers = {}) => addresses.of(requestFrom(peer, headers)) };
}

const behind = (forwarded: string) => ({ 'x-forwarded-for': forwarded });

const ipv6 = fc.ipV6().filter((text) => isIP(text) === 6);
const address = fc.oneof(fc.ipV4(), ipv6);

describe('an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:c000:0201', '192.0.2.1'],
    ['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::', '::'],
  ])('%s is %s', (text, canonical) => expect(canonicalAddress(text)).toBe(canonical));

  it.each([
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4 ',
    '[::1]',
    '1.2.3.4/8',
    '127.1',
    '0x7f000001',
    ':::',
    '::g',
  ])('%o is none', (text) => expect(canonicalAddress(text)).toBeUndefined());

  it('has one form, whatever the way it is written', () => {
    fc.assert(
      fc.property(address, (text) => {
        const canonical = canonicalAddress(text);
        expect(canonical).toBeDefined();
        expect(canonicalAddress(canonical ?? '')).toBe(canonical);
        expect(canonicalAddress(text.toUpperCase())).toBe(canonical);
      }),
    );
  });

  it('that is no address is never one', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(canonicalAddress(text) !== undefined).toBe(isIP(text) !== 0);
      }),
    );
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:1:2:3:4:5', '2001:db8:0:1::/64'],
    ['2001:db8:0:1::', '2001:db8:0:1::/64'],
    ['::1', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['', ''],
  ])('%s counts as %s', (text, key) => expect(limitKey(text)).toBe(key));

  it('of IPv6 counts with its /64, and with no other', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    const groups = fc.array(group, { minLength: 4, maxLength: 4 });
    const key = (all: number[]) => limitKey(canonicalAddress(all.map((one) => one.toString(16)).join(':')) ?? '');
    fc.assert(
      fc.property(groups, groups, groups, groups, (network, host, otherNetwork, otherHost) => {
        fc.pre(network.slice(0, 3).some((one) => one !== 0) && otherNetwork.slice(0, 3).some((one) => one !== 0));
        expect(key([...network, ...host])).toBe(key([...network, ...otherHost]));
        const same = network.every((one, index) => one === otherNetwork[index]);
        expect(key([...network, ...host]) === key([...otherNetwork, ...otherHost])).toBe(same);
      }),
    );
  });
});

describe('attack 30: a forged header', () => {
  it('is not believed without a trusted proxy', () => {
    const { of } = open();
    expect(of('203.0.113.9', behind('127.0.0.1'))).toBe('203.0.113.9');
    expect(of('::ffff:203.0.113.9', { forwarded: 'for=127.0.0.1' })).toBe('203.0.113.9');
  });

  it('is not believed from elsewhere than the proxy, and the log says so once', () => {
    const { of, lines } = open({ trustProxy: ['10.0.0.1'] });
    expect(of('10.0.0.2', behind('198.51.100.7'))).toBe('10.0.0.2');
    expect(of('203.0.113.9', { forwarded: 'for=198.51.100.7' })).toBe('203.0.113.9');
    expect(lines).toMatchObject([
      {
        level: 'warn',
        details: { peer: '10.0.0.2', header: 'x-forwarded-for' },
        text: expect.stringContaining('"trustProxy"'),
      },
    ]);
  });

  it('before what the proxy wrote is not believed', () => {
    const { of } = open({ trustProxy: ['10.0.0.1'] });
    expect(of('10.0.0.1', behind('127.0.0.1, 10.0.0.1, 203.0.113.9'))).toBe('203.0.113.9');
    expect(of('10.0.0.1', behind(`${'127.0.0.1, '.repeat(1_000)}203.0.113.9`))).toBe('203.0.113.9');
  });

  it('of the kind that the proxy does not write is not believed', () => {
    const headers = { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=127.0.0.1' };
    expect(open({ trustProxy: ['10.0.0.1'] }).of('10.0.0.1', headers)).toBe('203.0.113.9');
    expect(open({ trustProxy: ['10.0.0.1'], proxyHeader: 'forwarded' }).of('10.0.0.1', headers)).toBe('127.0.0.1');
    expect(open({ trustProxy: ['10.0.0.1'] }).of('10.0.0.1', { forwarded: 'for=127.0.0.1' })).toBe('10.0.0.1');
  });

  it('that leaves a quote open does not swallow what the proxy wrote', () => {
    const { of } = open({ trustProxy: ['10.0.0.1'], proxyHeader: 'forwarded' });
    expect(of('10.0.0.1', { forwarded: 'for="127.0.0.1, for=203.0.113.9' })).toBe('203.0.113.9');
    expect(of('10.0.0.1', { forwarded: 'for=127.0.0.1;for=127.0.0.2' })).toBe('10.0.0.1');
  });

  it('of any form changes nothing: what the last trusted proxy wrote is the client', () => {
    const { of } = open({ trustProxy: ['10.0.0.0/8'] });
    const client = fc.ipV4().filter((text) => !text.startsWith('10.'));
    const proxies = fc.array(
      fc.ipV4().map((text) => text.replace(/^\d+/, '10')),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(fc.string(), client, proxies, (forged, real, hops) => {
        expect(of('10.0.0.1', behind([forged, real, ...hops].join(', ')))).toBe(real);
      }),
    );
  });
});

describe('behind trusted proxies', () => {
  const { of } = open({ trustProxy: ['10.0.0.0/8', '127.0.0.1', 'fd00::/8', '2001:db8::1'] });

  it.each([
    ['one', '10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['one that IPv6 shows', '::ffff:10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['three', '127.0.0.1', '203.0.113.9, 10.1.1.1, fd00::5', '203.0.113.9'],
    ['one for IPv6', 'fd12::1', '2001:DB8:0::2', '2001:db8::2'],
    ['one that writes ports', '10.0.0.1', '203.0.113.9:5060', '203.0.113.9'],
    ['one that writes brackets', '10.0.0.1', '[2001:db8::2]:5060', '2001:db8::2'],
    ['one that writes IPv4 as IPv6', '10.0.0.1', '::ffff:203.0.113.9', '203.0.113.9'],
    ['only proxies', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['one that does not know', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['one that does not know, behind another', '10.0.0.1', '203.0.113.9, unknown, 10.0.0.7', '10.0.0.7'],
    ['one that writes nothing', '10.0.0.1', '', '10.0.0.1'],
  ])('%s', (_name, peer, forwarded, client) => expect(of(peer, behind(forwarded))).toBe(client));

  it('without a header it is the proxy that asks', () => {
    expect(of('10.0.0.1')).toBe('10.0.0.1');
    expect(of('2001:db8::1', behind('203.0.113.9'))).toBe('203.0.113.9');
    expect(of('2001:db8::2', behind('203.0.113.9'))).toBe('2001:db8::2');
    expect(of(undefined, behind('203.0.113.9'))).toBe('');
  });

  it('by RFC 7239', () => {
    expect(
      hopsIn('forwarded', 'for=192.0.2.43, for="[2001:db8:cafe::17]:4711";proto=http, FOR = "192.0.2.60:80" ;by=x'),
    ).toEqual(['192.0.2.43', '2001:db8:cafe::17', '192.0.2.60']);
    expect(hopsIn('forwarded', 'for=unknown, for=_hidden, proto=https, "", for=, ;')).toEqual(Array(6).fill(undefined));
    expect(hopsIn('forwarded', '')).toEqual([]);
  });

  it('whatever is written, there is an address or none', () => {
    fc.assert(
      fc.property(fc.constantFrom('forwarded', 'x-forwarded-for'), fc.string(), (header, value) => {
        for (const hop of hopsIn(header, value)) expect(hop === undefined || isIP(hop) !== 0).toBe(true);
      }),
    );
    fc.assert(
      fc.property(address, (text) => {
        expect(hopsIn('x-forwarded-for', text)).toEqual([canonicalAddress(text)]);
      }),
    );
    fc.assert(
      fc.property(ipv6, (text) => {
        expect(hopsIn('forwarded', `for="[${text}]:1"`)).toEqual([canonicalAddress(text)]);
      }),
    );
  });
});

describe('the function "clientAddress"', () => {
  it('says the address', () => {
    const { of } = open({ clientAddress: ({ headers }) => String(headers['cf-connecting-ip']) });
    expect(of('10.0.0.1', { 'cf-connecting-ip': '2001:DB8::7' })).toBe('2001:db8::7');
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('down');
      },
    ],
    ['returns nothing', () => undefined],
    ['returns a name', () => 'client.example'],
    ['returns a promise', () => Promise.resolve('192.0.2.1')],
  ])('that %s is logged once, and the connection’s own address used', (_name, clientAddress) => {
    const { of, lines } = open({ clientAddress: clientAddress as () => string });
    expect([of('10.0.0.1'), of('10.0.0.2')]).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(lines).toMatchObject([{ level: 'error', text: expect.stringContaining('"clientAddress"') }]);
  });
});

it.each<[unknown, string]>([
  [{ trustProxy: true }, '"trustProxy" must be a list'],
  [{ trustProxy: 1 }, '"trustProxy" must be a list'],
  [{ trustProxy: 'loopback' }, '"trustProxy" must be a list'],
  [{ trustProxy: ['loopback'] }, '"loopback" in it'],
  [{ trustProxy: [7] }, 'neither an address'],
  [{ trustProxy: ['10.0.0.0/33'] }, 'neither an address'],
  [{ trustProxy: ['10.0.0.0/8/8'] }, 'neither an address'],
  [{ trustProxy: ['10.0.0.0/'] }, 'neither an address'],
  [{ trustProxy: ['10.0.0.0/-1'] }, 'neither an address'],
  [{ trustProxy: ['fe80::1%eth0'] }, 'neither an address'],
  [{ trustProxy: ['0.0.0.0/0'] }, 'trusts everybody'],
  [{ trustProxy: ['::/0'] }, 'trusts everybody'],
  [{ trustProxy: ['::ffff:10.0.0.0/104'] }, 'as an IPv4 address'],
  [{ proxyHeader: 'X-Real-IP' }, '"proxyHeader" must be'],
  [{ clientAddress: 'x' }, '"clientAddress" must be a function'],
  [{ clientAddress: () => '', trustProxy: [] }, 'choose one'],
])('the options %o are refused with a sentence', (options, problem) => {
  expect(() => readAddressOptions(options as AddressOptions)).toThrow(TypeError);
  expect(() => readAddressOptions(options as AddressOptions)).toThrow(problem);
});

it('the limits are told whether somebody says the address', () => {
  expect(readAddressOptions({}).told).toBe(false);
  expect(readAddressOptions({ trustProxy: [] }).told).toBe(false);
  expect(readAddressOptions({ trustProxy: ['127.0.0.1'] }).told).toBe(true);
  expect(readAddressOptions({ clientAddress: () => '' }).told).toBe(true);
});
