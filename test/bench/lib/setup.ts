/** What of scripts/setup.mjs is used here; it is JavaScript, as it runs before anything is installed. */
interface Setup {
  ensureApt(groups: readonly string[]): Promise<{ reason: string; command?: string } | undefined>;
  findChrome(): string | undefined;
  isBuilt(): boolean;
}

const setup = (await import(new URL('../../../scripts/setup.mjs', import.meta.url).href)) as Setup;

export const { findChrome, isBuilt } = setup;

/** Installs what the framebuffer probe and the links need, or throws with the line to type. */
export const needBenchPackages = (): Promise<void> => needPackages('bench');

/** The same for a peer that comes from apt. */
export const needPeerPackages = (peer: 'janus'): Promise<void> => needPackages(peer);

async function needPackages(group: string): Promise<void> {
  const problem = await setup.ensureApt([group]);
  if (problem) throw new Error([problem.reason, problem.command].filter(Boolean).join('\n  '));
}
