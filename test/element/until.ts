/** Waits until `condition` gives something: parts of the element come when they are first needed. The test's own deadline ends it. */
export async function until<Found>(condition: () => Found | null | undefined | false): Promise<Found> {
  for (;;) {
    const found = condition();
    if (found) return found;
    await new Promise(requestAnimationFrame);
  }
}
