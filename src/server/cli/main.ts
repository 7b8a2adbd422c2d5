#!/usr/bin/env node
import { run } from './run.js';
import { processTerminal } from './terminal.js';

/** For what is still on its way to a pipe, in ms. */
const FLUSH_MS = 100;

process.exitCode = await run(process.argv.slice(2), processTerminal());
// A connection that does not end must not keep a server that was told to stop.
setTimeout(() => process.exit(), FLUSH_MS).unref();
