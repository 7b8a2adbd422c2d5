/** Two signals within this time are one Ctrl-C: the terminal sends one to everybody, and npx passes on its own. */
const SAME_KEYPRESS_MS = 300;

/** Exit codes of programs that a signal ended: 128 and its number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

interface Surroundings {
  /** Where signals arrive. */
  process: Pick<NodeJS.Process, 'on' | 'exit' | 'ppid' | 'env'>;
  now: () => number;
}

/**
 * The first SIGINT or SIGTERM stops in order, a second one ends the process at once.
 *
 * @param stop is given at most `deadlineMs`; after it, or after that, the promise resolves
 */
export function stopped(
  stop: () => Promise<void>,
  deadlineMs: number,
  { process: self, now }: Surroundings = { process, now: Date.now },
): Promise<void> {
  return new Promise((resolve, reject) => {
    let since: number | undefined;
    const end = (code: number) => {
      if (since !== undefined) {
        if (now() - since >= SAME_KEYPRESS_MS) self.exit(code);
        return;
      }
      since = now();
      setTimeout(resolve, deadlineMs).unref();
      stop().then(resolve, reject);
    };
    for (const [signal, code] of Object.entries(SIGNALS)) self.on(signal as NodeJS.Signals, () => end(code));
    if (self.env.npm_lifecycle_event === 'npx') whenParentGoes(self, () => since ?? end(SIGNALS.SIGTERM));
  });
}

/** Between npx and this process is a shell that a signal to npx ends without passing it on. */
function whenParentGoes(self: Surroundings['process'], gone: () => void): void {
  const parent = self.ppid;
  const watch = setInterval(() => {
    if (self.ppid === parent) return;
    clearInterval(watch);
    gone();
  }, 500);
  watch.unref();
}
