import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyPluginAsync } from 'fastify';
import { outputFolder, projectFolder } from './paths.js';

/*
 * The server of the benchmarks, in a process of its own as in real life: the built plugin as shipped, the built element
 * under /dist/ and the pages of test/bench/page. Listens on the host and the port (0: any) that the first words name, and
 * prints its address.
 */

const server = Fastify({ forceCloseConnections: true });
const benchPages = `${outputFolder}page`;
await server.register(fastifyStatic, { root: benchPages });
await server.register(fastifyStatic, { root: `${projectFolder}dist`, prefix: '/dist/', decorateReply: false });
if (!process.argv.includes('--pages-only')) {
  const plugin = (await import(new URL('../../../dist/server/index.js', import.meta.url).href)) as {
    default: FastifyPluginAsync;
  };
  await server.register(plugin.default);
}
console.log(await server.listen({ host: process.argv[2] ?? '127.0.0.1', port: Number(process.argv[3] ?? 0) }));
process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
