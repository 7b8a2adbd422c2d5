import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { ROOT, type SenderProcess } from '../../e2e/support/stack.js';

/** How the two machines are called in the namespace (namespace.sh, machine/start.sh). */
export const HOST_ADDRESS = '10.99.0.1';
const GUEST_ADDRESS = '10.99.0.2';
const COMMAND_PORT = 2000;
const BOOT_TIMEOUT_MS = 60_000;
/** Without the kernel's protections, which cost a fifth of an emulated processor, and with what it says on the console. */
const KERNEL_OPTIONS = 'console=ttyS0 quiet panic=-1 mitigations=off init_on_alloc=0 apparmor=0 audit=0 norandmaps';

/** The files that test/camera/run.mjs has made (machine/build.mjs), and the emulator for them. */
interface MachineFiles {
  kernel: string;
  initramfs: string;
  packages: string;
  registry: string;
  emulator: string;
}

/** A second machine with a camera: Debian's kernel in qemu, on this machine's own file system. */
export class Guest {
  /** What its kernel and its start scripts have said. */
  readonly console: string[];
  readonly #qemu: ChildProcess;
  readonly #registry: string;

  private constructor(qemu: ChildProcess, console: string[], registry: string) {
    this.#qemu = qemu;
    this.console = console;
    this.#registry = registry;
  }

  /** Resolves when the machine takes commands and its camera is there; rejects with its console when that never comes. */
  static boot(): Promise<Guest> {
    const files = machineFiles();
    const qemu = spawn(files.emulator, emulatorArguments(files), { stdio: ['ignore', 'pipe', 'pipe'] });
    const lines: string[] = [];
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        clearTimeout(timer);
        qemu.kill('SIGKILL');
        reject(new Error(`the test machine ${why}:\n${lines.join('\n')}`));
      };
      const timer = setTimeout(() => fail('did not start in time'), BOOT_TIMEOUT_MS);
      qemu.once('error', ({ message }) => fail(`could not be started: ${message}`));
      qemu.once('exit', (code, signal) => fail(`ended (${signal ?? code})`));
      for (const output of [qemu.stdout, qemu.stderr]) {
        createInterface({ input: output }).on('line', (line) => {
          lines.push(line);
          if (!line.startsWith('machine: up')) return;
          const guest = new Guest(qemu, lines, files.registry);
          guest.#untilItListens().then(() => {
            clearTimeout(timer);
            resolve(guest);
          });
        });
      }
    });
  }

  /** The start script can say that it is there only before it listens. */
  async #untilItListens(): Promise<void> {
    while (this.#qemu.exitCode === null) {
      const answered = await this.run('true').then(
        () => true,
        () => false,
      );
      if (answered) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Runs a line of shell as root and resolves with what it printed; rejects when it fails. */
  async run(line: string): Promise<string> {
    const command = new GuestProcess(this, line);
    const chunks: Buffer[] = [];
    command.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    const [code] = await once(command, 'exit');
    const output = Buffer.concat(chunks).toString();
    if (code !== 0) throw new Error(`"${line}" ended with ${code} in the test machine:\n${output}`);
    return output;
  }

  /** Starts a program in `folder`, for as long as it wants. */
  spawn(program: string, args: string[], { user = 'root', folder = ROOT } = {}): SenderProcess {
    const as = user === 'root' ? [] : ['setpriv', `--reuid=${user}`, '--regid=nogroup', '--clear-groups'];
    const registry = [`GST_REGISTRY=${this.#registry}`, 'GST_REGISTRY_UPDATE=no'];
    const words = ['exec', ...as, 'env', ...registry, program, ...args];
    return new GuestProcess(this, `cd ${quoted(folder)} && ${words.map(quoted).join(' ')}`);
  }

  async stop(): Promise<void> {
    if (this.#qemu.exitCode !== null || this.#qemu.signalCode !== null) return;
    const ended = once(this.#qemu, 'exit');
    this.#qemu.kill('SIGKILL');
    await ended;
  }
}

/**
 * A command in the test machine. The connection's first line is the process id, its last one the exit code
 * (machine/command.sh); what is between them is the output, standard error included.
 */
class GuestProcess extends EventEmitter {
  readonly stdout = new PassThrough();
  readonly stderr = null;
  readonly #guest: Guest;
  readonly #socket: Socket;
  #pid: string | undefined;

  constructor(guest: Guest, line: string) {
    super();
    this.#guest = guest;
    this.#socket = connect(COMMAND_PORT, GUEST_ADDRESS, () => this.#socket.write(`${line}\n`));
    let exit: string | undefined;
    // A connection that fails is one that closes: without an exit code.
    this.#socket.on('error', () => {});
    const lines = createInterface({ input: this.#socket }).on('error', () => {});
    lines.on('line', (text) => {
      if (this.#pid === undefined) {
        this.#pid = text.slice('pid '.length);
        return;
      }
      // What looks like the end is output all the same when more comes.
      if (exit !== undefined) this.stdout.write(`${exit}\n`);
      exit = /^exit \d+$/.test(text) ? text : undefined;
      if (exit === undefined) this.stdout.write(`${text}\n`);
    });
    this.#socket.on('close', () => {
      this.stdout.end();
      this.emit('exit', exit === undefined ? null : Number(exit.slice('exit '.length)));
    });
  }

  kill(signal: NodeJS.Signals | number = 'SIGTERM'): boolean {
    if (this.#pid === undefined) return false;
    const name = String(signal).replace('SIG', '');
    this.#guest.run(`kill -${name} ${this.#pid}`).catch(() => {});
    return true;
  }
}

function emulatorArguments({ kernel, initramfs, packages }: MachineFiles): string[] {
  const share = (tag: string, path: string) =>
    `local,mount_tag=${tag},path=${path.replaceAll(',', ',,')},security_model=none,readonly=on,multidevs=remap`;
  return [
    // Always emulated, never KVM: the same on every machine. One processor: two cost half as much again in waiting for each
    // other, and more still on a busy machine.
    ...['-accel', 'tcg', '-cpu', 'max', '-smp', '1', '-m', '1024'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'stdio'],
    ...['-kernel', kernel, '-initrd', initramfs, '-append', KERNEL_OPTIONS],
    ...['-virtfs', share('root', '/'), '-virtfs', share('packages', packages)],
    ...['-netdev', 'tap,id=cable,ifname=machine0,script=no,downscript=no', '-device', 'virtio-net-pci,netdev=cable'],
  ];
}

function machineFiles(): MachineFiles {
  const given = process.env.TEST_MACHINE;
  if (!given) throw new Error('These tests need their own network and machine: run them by npm run test:camera.');
  return JSON.parse(given);
}

/** One word for the shell, whatever it contains. */
const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
