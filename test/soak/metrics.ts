const PREFIX = 'webrtc_preview_sender_';

/** Reads one of the sender's figures (`--metrics`). @throws when it is not there */
export async function readMetric(port: number, name: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, {
    headers: { connection: 'close' }, // a file of the sender's, which counts them
  });
  const match = new RegExp(`^${PREFIX}${name} (\\S+)$`, 'm').exec(await response.text());
  if (!match) throw new Error(`The sender has no metric ${name}`);
  return Number(match[1]);
}

/** Waits until a figure has this value. Resolves with how long that took, in ms. */
export async function untilMetric(port: number, name: string, value: number, patienceMs: number): Promise<number> {
  const begin = performance.now();
  for (;;) {
    const now = await readMetric(port, name);
    if (now === value) return performance.now() - begin;
    if (performance.now() - begin > patienceMs) {
      throw new Error(`${name} is ${now} and not ${value} after ${patienceMs / 1_000} s`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
