import type { FromSender } from '../../protocol/data-channel.js';

const LONGEST = 1_000;

/** Reads a message of the data channel. It is the sender's word: checked field by field, anything else is `undefined`. */
export function readFromSender(data: unknown): FromSender | undefined {
  if (typeof data !== 'string' || data.length > LONGEST) return undefined;
  let message: Record<string, unknown>;
  try {
    message = JSON.parse(data);
  } catch {
    return undefined;
  }
  const fits = (check: (value: unknown) => boolean, ...fields: string[]) =>
    fields.every((field) => check(message[field]));
  switch (message?.type) {
    case 'pong':
      return fits(Number.isFinite, 't', 'received', 'sent') ? (message as FromSender) : undefined;
    case 'clock':
      return fits(Number.isFinite, 'rtp', 'captureMs') && fits(isAmountIfAny, 'encodeMs', 'sendMs')
        ? (message as FromSender)
        : undefined;
    case 'quality':
      return fits(isAmount, 'level', 'levels', 'width', 'height', 'fps', 'kbps') && fits(isAmountIfAny, 'linkKbps')
        ? (message as FromSender)
        : undefined;
    case 'paused':
      return fits((value) => typeof value === 'boolean', 'paused') ? (message as FromSender) : undefined;
    default:
      return undefined;
  }
}

const isAmount = (value: unknown): boolean => Number.isFinite(value) && (value as number) >= 0;
const isAmountIfAny = (value: unknown): boolean => value === undefined || isAmount(value);
