// npm run test:faults: what the element says, and when, of everything that can happen to a live picture; printed as a table.
//
// The server and coturn in the middle, the camera and the viewer each in a network of its own that can be cut. `--all` has the long
// ones too (a socket cut for 60 s, a network for 30 s, a page frozen for 30 s).
import { runInNetworks } from '../support/networks.mjs';

runInNetworks('faults', {
  script: 'test/support/three-networks.sh',
  programs: { '/usr/bin/turnserver': 'apt install coturn', '/usr/sbin/iptables': 'apt install iptables' },
  words: process.argv.includes('-t') ? process.argv.slice(process.argv.indexOf('-t')) : [],
  env: { FORWARD: '1', FAULTS: process.argv.includes('--all') ? 'all' : 'short' },
});
