/** Exit codes of the program. */
export const EXIT = {
  ok: 0,
  /** What was asked for could not be done. */
  failed: 1,
  /** What was asked for was not understood. */
  usage: 2,
} as const;

/** Something that a person must mend: what happened, and what to do next. */
export class Problem extends Error {
  readonly next: string;
  readonly exitCode: number;

  constructor(message: string, next = '', exitCode: number = EXIT.failed) {
    super(message);
    this.name = 'Problem';
    this.next = next;
    this.exitCode = exitCode;
  }
}

/** A {@link Problem} with what was typed. */
export function usage(message: string, next = ''): Problem {
  return new Problem(message, next, EXIT.usage);
}

/** The sentence of whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
