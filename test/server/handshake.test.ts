import { describe, expect, it } from 'vitest';
import { client, connected, listen, next } from './support.js';

describe('the handshake', () => {
  it.each([
    ['nothing', undefined, 'bad_request', 'The field "role" is missing.'],
    ['no version', { role: 'receiver' }, 'bad_request', 'The field "protocol" is missing.'],
    ['another version', { role: 'receiver', protocol: 2 }, 'unsupported_protocol', ''],
    [
      'a role that does not exist',
      { role: 'admin', protocol: 1 },
      'bad_request',
      'The field "role" has a value that is not allowed.',
    ],
    [
      'a field that does not exist',
      { role: 'receiver', protocol: 1, isAdmin: true },
      'bad_request',
      'There is no field "isAdmin".',
    ],
  ])('with %s is refused with a code', async (_name, auth, expected, message) => {
    const { url } = await listen();
    const socket = client(url, 'receiver', { auth: auth as never });
    const error = await next<Error & { data: object }>(socket, 'connect_error');
    expect(error.data).toMatchObject({ code: expected });
    expect(error.message).toContain(message);
  });

  it('on another namespace is refused', async () => {
    const { url } = await listen();
    const error = await next<Error>(client(`${url}/admin`, 'receiver'), 'connect_error');
    expect(error.message).toBe('Invalid namespace');
  });

  it.each([
    ['loopback', {}, 'loopback', true],
    ['loopback behind a proxy', { 'x-forwarded-for': '203.0.113.9' }, 'loopback', false],
    ['loopback behind a proxy that says it otherwise', { 'x-real-ip': '203.0.113.9' }, 'loopback', false],
    ['loopback behind a tunnel', { via: '1.1 tunnel.example' }, 'loopback', false],
    ['a page on loopback', { origin: 'http://127.0.0.1', host: '127.0.0.1' }, 'loopback', true],
    ['a page whose name was pointed here', { origin: 'http://evil.test', host: 'evil.test' }, 'loopback', false],
    ['any, behind a proxy', { 'x-forwarded-for': '203.0.113.9' }, 'any', true],
    ['a function that says yes', { 'x-key': 'right' }, 'function', true],
    ['a function that says no', { 'x-key': 'wrong' }, 'function', false],
  ])('of a sender: allowPublish %s', async (_name, extraHeaders, allow, allowed) => {
    const allowPublish =
      allow === 'function' ? (request: { headers: object }) => (request.headers as never)['x-key'] === 'right' : allow;
    const { url } = await listen({ allowPublish: allowPublish as 'any' });
    const socket = client(url, 'sender', { extraHeaders: extraHeaders as Record<string, string> });
    if (allowed) return void (await connected(socket));
    const error = await next<Error & { data: { code: string; next: string } }>(socket, 'connect_error');
    expect(error.data.code).toBe('forbidden');
    expect(error.data.next).toContain('"allowPublish"');
    // Viewers are not concerned.
    await connected(client(url, 'receiver', { extraHeaders: extraHeaders as Record<string, string> }));
  });

  it('whose allowPublish function fails is internal, and logged', async () => {
    const { url } = await listen({ allowPublish: () => Promise.reject(new Error('down')) });
    const error = await next<Error & { data: object }>(client(url, 'sender'), 'connect_error');
    expect(error.data).toMatchObject({ code: 'internal' });
  });
});
