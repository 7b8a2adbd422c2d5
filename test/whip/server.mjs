// Pion's example server for WHIP and WHEP, installed by Go.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findInPath, root } from '../../scripts/setup.mjs';

const MODULE = 'github.com/pion/webrtc/v4/examples/whip-whep';
const VERSION = 'v4.2.18';
const OLDEST_GO = [1, 24];
const FOLDER = join(root, '.cache/whip', VERSION);

/** The program, once `installServer` has put it there. */
export const SERVER = join(FOLDER, 'bin/whip-whep');

/** @returns {string | undefined} why it cannot be installed, for a person */
export function installServer() {
  if (existsSync(SERVER)) return undefined;
  const go = findGo();
  if (!go) return `no Go ${OLDEST_GO.join('.')} or newer, which installs the server`;
  console.log(`Installing ${MODULE}@${VERSION}.`);
  const { status, stderr, error } = spawnSync(go, ['install', `${MODULE}@${VERSION}`], {
    encoding: 'utf8',
    env: {
      ...process.env,
      GOBIN: join(FOLDER, 'bin'),
      GOMODCACHE: join(FOLDER, 'modules'),
      GOCACHE: join(FOLDER, 'build'),
      // Else nobody could delete the modules.
      GOFLAGS: '-modcacherw',
      // Never a download of another Go.
      GOTOOLCHAIN: 'local',
    },
  });
  if (status === 0) return undefined;
  return `go install failed: ${error?.message ?? stderr.trim().split('\n').at(-1)}`;
}

/** A Go that is new enough: from PATH, or where its own archive and Debian put it. */
function findGo() {
  const debian = existsSync('/usr/lib') ? readdirSync('/usr/lib').filter((name) => /^go-[\d.]+$/.test(name)) : [];
  const places = [findInPath(['go']), '/usr/local/go/bin/go', ...debian.map((name) => `/usr/lib/${name}/bin/go`)];
  return places.find((place) => place && existsSync(place) && isNewEnough(place));
}

function isNewEnough(go) {
  const { stdout } = spawnSync(go, ['env', 'GOVERSION'], {
    encoding: 'utf8',
    env: { ...process.env, GOTOOLCHAIN: 'local' },
  });
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(stdout ?? '') ?? [];
  return Number(major) > OLDEST_GO[0] || (Number(major) === OLDEST_GO[0] && Number(minor) >= OLDEST_GO[1]);
}
