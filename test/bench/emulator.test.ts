import { type ChildProcess, execFileSync } from 'node:child_process';
import { accessSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type EmulatedPlace, layEmulatedLinks } from './lib/emulator.js';
import { Lab } from './lib/lab.js';
import { inside } from './lib/namespaces.js';

/** Says what it hears back, and is told to send so many packets of 1,000 bytes (IP) to an address in a given time. */
const MIDDLE = `
import select, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('0.0.0.0', 7))
print('ready', flush=True)
while True:
    for ready in select.select([s, sys.stdin], [], [])[0]:
        if ready is s:
            data, sender = s.recvfrom(2000)
            s.sendto(data, sender)
        else:
            address, count, seconds = sys.stdin.readline().split()
            begin = time.monotonic()
            for number in range(int(count)):
                s.sendto(bytes(972), (address, 9))
                time.sleep(max(0, begin + number * float(seconds) / int(count) - time.monotonic()))
            print('sent', flush=True)
`;
/** Sends so many packets, one after the other's answer or 0.3 s; prints how long each answer took, in ms, or "lost". */
const ASK = `
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.3)
for number in range(int(sys.argv[2])):
    begin = time.monotonic()
    try:
        s.sendto(b'%d' % number, (sys.argv[1], 7))
        while s.recv(100) != b'%d' % number:
            pass
        print((time.monotonic() - begin) * 1000)
    except OSError:
        print('lost')
`;

function canRun(): boolean {
  try {
    for (const program of ['gcc', 'python3', 'nsenter', 'unshare', 'ip']) execFileSync('which', [program]);
    accessSync('/dev/net/tun');
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

describe.runIf(canRun())('an emulated link', () => {
  let lab: Lab;
  let place: EmulatedPlace;
  let middle: ChildProcess;
  let answers: AsyncIterator<string>;

  beforeAll(async () => {
    lab = new Lab();
    const { enterMiddle, others } = await layEmulatedLinks(lab, 1);
    place = others[0] as EmulatedPlace;
    const [command = '', ...words] = [...enterMiddle, 'python3', '-c', MIDDLE];
    middle = await lab.start('emulator-test', command, words, { stdin: 'pipe' });
    if (!middle.stdout) throw new Error('no output');
    answers = createInterface({ input: middle.stdout })[Symbol.asyncIterator]();
    expect((await answers.next()).value).toBe('ready');
  });
  afterAll(() => lab.close());
  beforeEach(() => place.link.reset());

  const ask = async (count: number) => {
    const output = await inside(place.enter, 'python3', '-c', ASK, place.middle, String(count));
    return output.trim().split('\n').map(Number);
  };
  const flood = async (count: number, seconds: number) => {
    const { down: before } = await place.link.counters();
    middle.stdin?.write(`${place.address} ${count} ${seconds}\n`);
    await answers.next();
    const { down: after } = await place.link.counters();
    return {
      passed: after.passed - before.passed,
      lost: after.lost - before.lost,
      queueDropped: after.queueDropped - before.queueDropped,
      bytes: after.bytes - before.bytes,
    };
  };

  it('delays each way by itself', async () => {
    await place.link.set('down', { delayMs: 30 });
    for (const ms of await ask(3)) expect(ms).toBeGreaterThanOrEqual(30);
    await place.link.set('both', { delayMs: 40 });
    for (const ms of await ask(3)) expect(ms).toBeGreaterThanOrEqual(80);
  });

  it('says when an order took effect', async () => {
    const before = Date.now();
    const at = await place.link.set('up', { delayMs: 1 });
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Date.now() + 1);
  });

  it('loses the share that it is told, and counts what it lost', async () => {
    await place.link.set('down', { loss: 0.1 });
    const { passed, lost } = await flood(5_000, 0.5);
    expect(passed + lost).toBe(5_000);
    expect(lost / 5_000).toBeGreaterThan(0.08);
    expect(lost / 5_000).toBeLessThan(0.12);
    await place.link.set('down', { loss: 1 });
    expect((await ask(1))[0]).toBeNaN();
  });

  it('lets no more through than its rate, and drops what would wait too long', async () => {
    await place.link.set('down', { kbps: 8_000, queueMs: 50 });
    const begin = performance.now();
    const { bytes, queueDropped } = await flood(2_000, 0.5);
    const mostBits = 8_000 * (performance.now() - begin);
    expect(bytes * 8).toBeLessThanOrEqual(mostBits);
    expect(bytes * 8).toBeGreaterThan(8_000 * 500 * 0.8);
    expect(queueDropped).toBeGreaterThan(0);
    await place.link.set('down', { kbps: null });
    expect((await flood(500, 0.1)).queueDropped).toBe(0);
  });

  it('carries nothing while it is down, and nothing of before when it is up again', async () => {
    await place.link.set('both', { delayMs: 100 });
    const answer = ask(1);
    // On its way by now, or not yet sent: lost either way.
    await place.link.set('both', { up: false, delayMs: 0 });
    expect((await answer)[0]).toBeNaN();
    await place.link.set('both', { up: true });
    expect((await ask(1))[0]).not.toBeNaN();
  });

  it('is reached under another address after a move, and no longer under the old one', async () => {
    const old = place.address;
    await place.moveTo('10.77.1.9');
    expect((await ask(1))[0]).not.toBeNaN();
    const addresses = await inside(place.enter, 'ip', '-brief', 'address', 'show', 'dev', 'cable');
    expect(addresses).toContain('10.77.1.9/24');
    expect(addresses).not.toContain(`${old}/`);
    await place.moveTo(old);
  });

  it('says no to what it does not know', async () => {
    await expect(place.link.set('down', { loss: Number.NaN } as never)).rejects.toThrow(/does not understand/);
  });
});
