import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers } from '../../../src/server/access/access.js';
import { allowsRole, readGrant } from '../../../src/server/access/grants.js';

const NAME = fc.stringMatching(/^[A-Za-z0-9_-]{0,12}$/);
const PATTERN = fc.array(fc.constantFrom('a', 'b', '-', '*'), { maxLength: 10 }).map((letters) => letters.join(''));
const TEXT = fc.array(fc.constantFrom('a', 'b', '-'), { maxLength: 14 }).map((letters) => letters.join(''));

describe('covers', () => {
  it('is what a regular expression with .* for each * says', () => {
    fc.assert(
      fc.property(PATTERN, TEXT, (pattern, text) => {
        const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text);
        expect(covers([pattern], text)).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is equality without a *, whatever the characters', () => {
    const anything = fc.string({ unit: 'binary' }).filter((text) => !text.includes('*'));
    fc.assert(
      fc.property(anything, anything, (name, text) => {
        expect(covers([name], text)).toBe(name === text);
      }),
    );
    fc.assert(
      fc.property(anything, (name) => {
        expect(covers([name], name)).toBe(true);
      }),
    );
  });

  it('finds a name wherever the pattern was made of it', () => {
    fc.assert(
      fc.property(fc.array(NAME, { minLength: 1, maxLength: 5 }), NAME, (parts, filler) => {
        expect(covers([parts.join('*')], parts.join(filler))).toBe(true);
      }),
    );
  });

  it('of nothing is false, and of all is true', () => {
    fc.assert(
      fc.property(NAME, (name) => {
        expect([covers(undefined, name), covers([], name), covers(true, name)]).toEqual([false, false, true]);
      }),
    );
  });

  // A backtracking matcher would need ages for a single one.
  it('is quick for the worst pattern', () => {
    const pattern = `${'a*'.repeat(31)}b`;
    for (let n = 0; n < 1_000; n += 1) expect(covers([pattern], 'a'.repeat(64))).toBe(false);
  });
});

describe('a grant of the app', () => {
  it('is copied, so that nobody changes it afterwards', () => {
    const watch = ['cam'];
    const grant = readGrant({ subject: 'bob', watch, manage: false, expiresAtMs: 1_000.9 });
    watch.push('other');
    expect(grant).toEqual({ subject: 'bob', watch: ['cam'], manage: false, expiresAtMs: 1_000 });
    expect(Object.isFrozen(grant) && Object.isFrozen(grant.watch)).toBe(true);
  });

  it.each<[unknown, string]>([
    [true, 'must be an object'],
    [['cam'], 'must be an object'],
    [{ wacth: true }, 'no field "wacth"'],
    [{ watch: 'cam' }, '"watch" must be a list'],
    [{ watch: false }, '"watch" must be a list'],
    [{ publish: [''] }, '"publish" must be a list'],
    [{ publish: ['a b'] }, '"publish" must be a list'],
    [{ control: [7] }, '"control" must be a list'],
    [{ manage: 1 }, '"manage" must be true or false'],
    [{ subject: '' }, '"subject" must be text'],
    [{ subject: 'x'.repeat(201) }, '"subject" must be text'],
    [{ expiresAtMs: Number.NaN }, '"expiresAtMs" must be a time'],
    [{ expiresAtMs: Number.POSITIVE_INFINITY }, '"expiresAtMs" must be a time'],
    [{ expiresAtMs: new Date() }, '"expiresAtMs" must be a time'],
  ])('%o is refused with a sentence', (value, problem) => {
    expect(() => readGrant(value)).toThrow(problem);
  });

  it('allows a role when it covers any stream', () => {
    expect(allowsRole({ publish: ['a'] }, 'sender')).toBe(true);
    expect(allowsRole({ publish: [] }, 'sender')).toBe(false);
    expect(allowsRole({ publish: true, manage: true, control: true }, 'receiver')).toBe(false);
    expect(allowsRole({ watch: true }, 'receiver')).toBe(true);
  });
});
