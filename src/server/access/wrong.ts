/** @throws {TypeError} a sentence that names the plugin and the option */
export function wrong(option: string, problem: string): never {
  throw new TypeError(`webrtc-preview: the option "${option}" ${problem}.`);
}

/** The value as a plain object, or a refusal; a list is none. */
export function objectOf(option: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) wrong(option, 'must be an object');
  return value as Record<string, unknown>;
}

/** Refuses what nobody reads: a mistyped option would leave a door open in silence. */
export function refuseUnknown(option: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) wrong(`${option}.${key}`, `does not exist; there are ${known.join(', ')}`);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
