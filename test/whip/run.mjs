// npm run test:whip: the sender publishes to a WHIP server that nobody here wrote, and Chromium plays it from there.
//
// test/run.mjs has installed what is needed, but for the server, which Go installs.
// The server listens on every address, so it, the sender and Chromium run in a network namespace without a way out.
import { runInNetworks } from '../support/networks.mjs';
import { installServer, SERVER } from './server.mjs';

runInNetworks('whip', { script: 'test/whip/namespace.sh', whyNot: installServer, env: { WHIP_SERVER: SERVER } });
