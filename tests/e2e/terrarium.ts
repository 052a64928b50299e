import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const binary = process.env.TERRARIUM ?? resolve(import.meta.dirname, '../../target/debug/terrarium');
const startWithin = 30_000;
const stopWithin = 10_000;

/** A server of its own, on a free port and an empty data folder, for one test. */
export class Terrarium {
  /** `http://127.0.0.1:PORT`, the same after a restart */
  url = '';
  /** Everything the server wrote, for the report of a failed test */
  log = '';

  private child?: ChildProcess;

  private constructor(
    readonly dataDir: string,
    private readonly env: Record<string, string>,
  ) {}

  static async start(env: Record<string, string> = {}): Promise<Terrarium> {
    const terrarium = new Terrarium(await mkdtemp(join(tmpdir(), 'terrarium-e2e-')), env);
    await terrarium.spawn('127.0.0.1:0');
    return terrarium;
  }

  /** As a power cut would: no handler runs, nothing is flushed. */
  async kill9(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** The same port and the same data; kills the server first if it still runs. */
  async restart(): Promise<void> {
    await this.kill9();
    await this.spawn(new URL(this.url).host);
  }

  /** Asks the server to end, and insists that it does so in time. */
  async stop(): Promise<void> {
    const inTime = await this.end('SIGTERM');
    await rm(this.dataDir, { recursive: true, force: true });
    if (!inTime) throw new Error(`the server did not end within ${stopWithin} ms of SIGTERM`);
  }

  private async spawn(addr: string): Promise<void> {
    const child = spawn(binary, ['serve', '--addr', addr, '--data-dir', this.dataDir], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.env },
    });
    this.child = child;
    child.stderr.on('data', (chunk) => (this.log += chunk));
    this.url = await new Promise((found, failed) => {
      const late = setTimeout(() => fail(`said nothing within ${startWithin} ms`), startWithin);
      const fail = (why: string) => {
        clearTimeout(late);
        failed(new Error(`${binary} ${why}\n${this.log}`));
      };
      child.once('error', (error) => fail(`can't be started: ${error.message}`));
      child.once('exit', (code, signal) => fail(`ended at once (${signal ?? code})`));
      createInterface({ input: child.stdout }).on('line', (line) => {
        this.log += `${line}\n`;
        const listening = /listening on (http:\/\/\S+)/.exec(line);
        if (!listening) return;
        clearTimeout(late);
        found(listening[1]);
      });
    });
  }

  private async end(signal: NodeJS.Signals): Promise<boolean> {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return true;
    let inTime = true;
    const ended = new Promise<void>((done) => child.once('exit', () => done()));
    child.kill(signal);
    const late = setTimeout(() => {
      inTime = false;
      child.kill('SIGKILL');
    }, stopWithin);
    await ended;
    clearTimeout(late);
    return inTime;
  }
}
