/** One thing that was looked at. */
export interface Check {
  /** What was looked at, in a word or two. */
  name: string;
  /** `fail`: it will not work like this. `warn`: it works, but perhaps not as meant. */
  status: 'ok' | 'warn' | 'fail';
  /** What was found, in a sentence. */
  message: string;
  /** What to do about it; empty when nothing is to be done. */
  next: string;
}

export const ok = (name: string, message: string): Check => ({ name, status: 'ok', message, next: '' });
export const warn = (name: string, message: string, next: string): Check => ({ name, status: 'warn', message, next });
export const fail = (name: string, message: string, next: string): Check => ({ name, status: 'fail', message, next });

/** A certificate that ends sooner than this, in days, should have been renewed: Let's Encrypt's are after 60 of 90. */
const RENEW_DAYS = 14;

/** How long a certificate is still good. */
export function certificateCheck(name: string, whose: string, endsAt: Date, now = Date.now()): Check {
  const days = Math.floor((endsAt.getTime() - now) / 86_400_000);
  const day = endsAt.toISOString().slice(0, 10);
  if (days < 0) return fail(name, `${whose} ended on ${day}.`, 'Renew it: no browser connects with this one.');
  if (days < RENEW_DAYS) return warn(name, `${whose} ends on ${day}, in ${days} days.`, 'See why it is not renewed.');
  return ok(name, `${whose} is good until ${day}.`);
}

/** What a difference of clocks means, in ms. */
export function clockCheck(than: string, aheadMs: number): Check {
  const seconds = Math.round(Math.abs(aheadMs) / 1_000);
  if (seconds <= 5) return ok('clock', `Within seconds of the clock of ${than}.`);
  return warn(
    'clock',
    `This machine's clock is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} that of ${than}.`,
    'Set both by NTP (“timedatectl set-ntp true”): tokens and TURN users begin and end by the clock.',
  );
}
