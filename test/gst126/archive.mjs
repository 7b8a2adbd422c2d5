// What this machine's apt says about the way to Debian's archive, for a Debian of another release. Pure.

/** @typedef {{ uri: string, release: string }} Source one line of a sources.list, component main */

/** For `apt-get indextargets --format`: what `archiveSources` reads. */
export const INDEX_TARGETS_FORMAT = '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)';

/**
 * Where apt gets Debian from, for `codename` in place of the release that it has: the base first, then updates and security.
 *
 * @param {string} indexTargets apt-get's output in the format above; the origin is there only after an `apt-get update`
 * @param {string} codename of the release wanted, such as `trixie`
 * @returns {Source[]}
 */
export function archiveSources(indexTargets, codename) {
  /** @type {Map<string, Source>} */
  const sources = new Map();
  for (const line of indexTargets.split('\n')) {
    const [uri, release = '', component, origin] = line.split(' ');
    const [, suffix] = /^[a-z]+((?:-updates|-security)?)$/.exec(release) ?? [];
    if (!uri || suffix === undefined || component !== 'main' || origin !== 'Debian') continue;
    if (!sources.has(suffix)) sources.set(suffix, { uri, release: codename + suffix });
  }
  return sources.has('') ? ['', '-updates', '-security'].flatMap((suffix) => sources.get(suffix) ?? []) : [];
}

/**
 * How apt reaches its archives (proxies, certificates, retries), as lines for a file in apt.conf.d.
 *
 * @param {string} dump `apt-config dump`
 */
export function acquireSettings(dump) {
  const wanted = /^Acquire::(?:https?::|Retries|ForceIPv)/i;
  // A program that finds the proxy is not there in a chroot; debootstrap has asked it already.
  const lines = dump.split('\n').filter((line) => wanted.test(line) && !/Proxy-?Auto-?Detect/i.test(line));
  return lines.map((line) => `${line}\n`).join('');
}
