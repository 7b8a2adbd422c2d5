/**
 * Runs the app's own function, and waits no longer than this.
 *
 * @throws what the function throws, or an error that says that it took too long
 */
export async function within<T>(timeoutMs: number, work: () => T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not answer within ${timeoutMs / 1_000} s`)), timeoutMs);
  });
  try {
    // A rejection that comes after the time is over is handled by the race, too.
    return await Promise.race([Promise.resolve().then(work), late]);
  } finally {
    clearTimeout(timer);
  }
}
