import { describe, expect, it, vi } from 'vitest';
import { errorInfo, PreviewError } from '../../src/protocol/errors.js';
import { FakePeer } from './fakes.js';
import { stage } from './stage.js';

const on = stage();

/** The token that the newest channel was made with. */
const tokenOf = (channel: unknown) => (channel as { token: string | undefined }).token;

describe('a token provider', () => {
  it('is asked before the server is, and once', async () => {
    let give = (_: string) => {};
    const provider = vi.fn(() => new Promise<string>((resolve) => (give = resolve)));
    on.open({ token: provider });
    on.client.start();
    await on.pass(3_000);
    expect(on.channels, 'nothing to say without it').toHaveLength(0);
    expect(on.client.facts).toMatchObject({ state: 'connecting', signalling: 'connecting', problem: null });
    give('first');
    await on.pass(0);
    expect(tokenOf(on.channel)).toBe('first');
    on.channel.connect();
    await on.pass(0);
    await on.arrive();
    expect(on.client.facts.state).toBe('live');
    expect(provider).toHaveBeenCalledTimes(1);
  });

  it('is asked again before the token ends, and the picture goes on', async () => {
    const provider = vi.fn().mockReturnValueOnce('first').mockResolvedValueOnce('second');
    on.open({ token: provider });
    await on.pass(0);
    await on.goLive();
    on.channel.events.onTokenExpiring(Date.now() + 60_000);
    expect(on.client.facts.tokenExpiresAt).not.toBeNull();
    await on.play(500);
    expect(on.channel.tokens).toEqual(['second']);
    expect(on.client.facts).toMatchObject({ state: 'live', tokenExpiresAt: null, tokenProblem: null });
    expect(on.channels).toHaveLength(1);
  });

  it('is asked once after a refusal, and the picture comes by itself', async () => {
    const provider = vi.fn().mockReturnValueOnce('stale').mockResolvedValueOnce('fresh');
    on.open({ token: provider });
    on.client.start();
    await on.pass(0);
    on.channel.events.onSignalling('closed', errorInfo('unauthorized'));
    expect(on.client.facts, 'it is not over yet').toMatchObject({ state: 'connecting', problem: null });
    await on.pass(0);
    expect(on.channel.tokens).toEqual(['fresh']);
    on.channel.connect();
    await on.pass(0);
    await on.arrive();
    expect(on.client.facts.state).toBe('live');
  });

  it('that has nothing better ends it, with what the server said', async () => {
    const provider = vi.fn(async () => 'same');
    on.open({ token: provider });
    on.client.start();
    await on.pass(0);
    on.channel.events.onSignalling('closed', errorInfo('token_expired'));
    await on.pass(0);
    expect(provider).toHaveBeenCalledTimes(2);
    expect(on.client.facts).toMatchObject({ state: 'failed', problem: { code: 'token_expired', rung: 'server' } });
  });

  it('whose tokens are all refused is not asked for ever', async () => {
    let count = 0;
    const provider = vi.fn(() => {
      count += 1;
      return `token ${count}`;
    });
    on.open({ token: provider });
    on.client.start();
    await on.pass(0);
    for (let round = 0; round < 5; round += 1) {
      on.channel.events.onSignalling('closed', errorInfo('unauthorized'));
      await on.pass(1_000);
    }
    expect(provider).toHaveBeenCalledTimes(2);
    expect(on.client.facts).toMatchObject({ state: 'failed', problem: { code: 'unauthorized' } });
    on.client.retry();
    on.channel.events.onSignalling('closed', errorInfo('unauthorized'));
    await on.pass(0);
    expect(provider, 'a person may ask again').toHaveBeenCalledTimes(3);
  });

  it('comes back after a session that ended with its token', async () => {
    const provider = vi.fn().mockReturnValueOnce('first').mockResolvedValue('second');
    on.open({ token: provider });
    await on.pass(0);
    await on.goLive();
    on.channel.opened[0]?.events.onClosed('expired', errorInfo('token_expired'));
    on.channel.events.onSignalling('closed', errorInfo('token_expired'));
    await on.pass(0);
    on.channel.connect();
    await on.pass(0);
    await on.arrive();
    expect(on.client.facts).toMatchObject({ state: 'live', problem: null });
    expect(FakePeer.made).toHaveLength(2);
  });

  it.each([
    ['throws', () => Promise.reject(new Error('503 from /token'))],
    [
      'throws at once',
      () => {
        throw new Error('503 from /token');
      },
    ],
    ['never answers', () => new Promise<string>(() => {})],
  ])('that %s is named, and asked again later', async (_, fail) => {
    const provider = vi.fn<() => Promise<string>>(fail);
    on.open({ token: provider });
    on.client.start();
    await on.pass(10_500);
    expect(on.client.facts).toMatchObject({
      state: 'failed',
      problem: { code: 'token_provider_failed', rung: 'server' },
    });
    provider.mockImplementation(async () => 'good');
    await on.pass(60_000);
    on.channel.connect();
    await on.pass(0);
    await on.arrive();
    expect(on.client.facts).toMatchObject({ state: 'live', problem: null });
  });

  it('that fails while the picture is there ends nothing', async () => {
    const provider = vi.fn().mockReturnValueOnce('first').mockRejectedValueOnce(new Error('secret'));
    on.open({ token: provider });
    await on.pass(0);
    await on.goLive();
    on.channel.events.onTokenExpiring(Date.now() + 60_000);
    await on.play(500);
    expect(on.client.facts).toMatchObject({
      state: 'live',
      problem: null,
      tokenProblem: { code: 'token_provider_failed' },
    });
    expect(on.client.report()).toContain('token token_provider_failed');
    expect(on.client.report(), 'whatever it has thrown').not.toContain('secret');
  });

  it('that is only another function of the same page is not asked', async () => {
    const first = vi.fn(() => 'first');
    const second = vi.fn(() => 'second');
    on.open({ token: first });
    await on.pass(0);
    await on.goLive();
    on.client.setToken(second);
    await on.play(500);
    expect(second).not.toHaveBeenCalled();
    on.channel.events.onTokenExpiring(Date.now() + 60_000);
    await on.play(500);
    expect(on.channel.tokens).toEqual(['second']);
  });

  it('whose answer comes after a token that the page gave itself is not heard', async () => {
    let give = (_: string) => {};
    on.open({ token: () => new Promise<string>((resolve) => (give = resolve)) });
    on.client.setToken('given');
    await on.pass(0);
    give('late');
    await on.pass(0);
    expect(on.channels.map(tokenOf)).toEqual(['given']);
    expect(on.channel.tokens).toEqual([]);
  });

  it('is not heard any more after close()', async () => {
    let give = (_: string) => {};
    on.open({ token: () => new Promise<string>((resolve) => (give = resolve)) });
    on.client.close();
    give('late');
    await on.pass(0);
    expect(on.channels).toHaveLength(0);
  });
});

it('brings the token of a page that changes its mind from a function to a string, and back', async () => {
  on.open({ token: 'one' });
  await on.goLive();
  on.client.setToken(async () => 'two');
  await on.play(100);
  on.client.setToken('three');
  await on.play(100);
  expect(on.channel.tokens).toEqual(['two', 'three']);
  on.channel.authenticateReply = () => Promise.reject(new PreviewError('unauthorized'));
  on.client.setToken('four');
  await on.play(100);
  expect(on.client.facts).toMatchObject({ state: 'live', tokenProblem: { code: 'unauthorized' } });
});

describe.each([null, ''])('%j in place of a token', (none) => {
  it('is none: at first, from a provider, and later', async () => {
    on.open({ token: none });
    expect(tokenOf(on.channel)).toBeUndefined();
    on.client.close();
    on.open({ token: async () => none });
    await on.pass(0);
    expect(tokenOf(on.channel)).toBeUndefined();
    on.client.setToken('one');
    await on.pass(0);
    on.client.setToken(none);
    await on.pass(0);
    on.client.setToken(undefined);
    await on.pass(0);
    expect(on.channel.tokens).toEqual(['one', undefined]);
  });
});
