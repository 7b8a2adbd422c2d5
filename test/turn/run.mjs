// npm run test:turn: a viewer and a camera that reach each other through a real TURN server (coturn) only.
//
// test/run.mjs has installed what is needed. Each of the three is in a network of its own, without a way out.
import { runInNetworks } from '../support/networks.mjs';

runInNetworks('turn', {
  script: 'test/support/three-networks.sh',
  programs: { '/usr/bin/turnserver': 'apt install coturn' },
});
