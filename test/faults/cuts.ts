import { execFileSync } from 'node:child_process';
import { MIDDLE } from '../turn/support.js';

/** The viewer's address, as test/support/three-networks.sh gives it. */
const VIEWER_ADDRESS = '10.97.2.2';

type Rule = readonly string[];

const iptables = (...words: string[]) => execFileSync('iptables', ['-w', ...words]);

/** Everything that comes from the viewer or goes to it. */
export const ALL: readonly Rule[] = [
  ['INPUT', '-s', VIEWER_ADDRESS, '-j', 'DROP'],
  ['OUTPUT', '-d', VIEWER_ADDRESS, '-j', 'DROP'],
  ['FORWARD', '-s', VIEWER_ADDRESS, '-j', 'DROP'],
  ['FORWARD', '-d', VIEWER_ADDRESS, '-j', 'DROP'],
];

/** As a firewall that lets TCP to servers through and nothing else: the camera itself cannot be reached by ICE over TCP either. */
export const ONLY_TCP_TO_SERVERS: readonly Rule[] = ALL.map(([chain = '', ...words]) =>
  chain === 'FORWARD' ? [chain, ...words] : [chain, '-p', 'udp', ...words],
);

/** New connections to the server, refused at once; those that there are have to be closed by the server. */
export const signalling = (port: number): readonly Rule[] => [
  [
    'INPUT',
    '-s',
    VIEWER_ADDRESS,
    '-d',
    MIDDLE,
    '-p',
    'tcp',
    '--dport',
    `${port}`,
    '-j',
    'REJECT',
    '--reject-with',
    'tcp-reset',
  ],
];

export function cut(rules: readonly Rule[]): void {
  for (const [chain = '', ...words] of rules) iptables('-I', chain, ...words);
}

export function mend(rules: readonly Rule[]): void {
  for (const [chain = '', ...words] of rules) iptables('-D', chain, ...words);
}
