import { describe, expect, it } from 'vitest';
import { type Trustworthiness, untilTrusted } from './lib/trust.js';

const good: Trustworthiness = { readable: 0.95, others: 10 };
const unreadable: Trustworthiness = { readable: 0.2, others: 10 };
const busy: Trustworthiness = { readable: 1, others: 80 };

async function given(...readings: Trustworthiness[]) {
  const heard: string[] = [];
  const left = [...readings];
  const reading = await untilTrusted(
    async () => left.shift() as Trustworthiness,
    (doubts) => heard.push(...doubts),
  );
  return { reading, heard, left };
}

describe('what proves nothing is measured again', () => {
  it('takes what it can believe at once', async () => {
    expect(await given(good, busy)).toEqual({ reading: good, heard: [], left: [busy] });
  });

  it('says why it measures again', async () => {
    const { reading, heard } = await given(unreadable, busy, good);
    expect(reading).toBe(good);
    expect(heard).toEqual(['the clock was readable 20 % of the time', 'other programs used 80 % of a core meanwhile']);
  });

  it('gives the last back after three tries, and who asked must judge it', async () => {
    const { reading, heard } = await given(busy, busy, unreadable, good);
    expect(reading).toBe(unreadable);
    expect(heard).toHaveLength(2);
  });
});
