import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** What a contender's lines to its parent begin with; anything else it prints is chatter. */
export const MARK = '@bench ';

export interface Launch {
  readonly program: string;
  readonly parameters: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Where Python's contenders find their side of the protocol, `answering.py`. */
const answering = fileURLToPath(new URL('peers', import.meta.url));

/** A process that lives as long as it is measured and works only when it is asked to: one JSON line in, one out. */
export class Contender {
  readonly name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  #complaints = '';

  constructor(name: string, { program, parameters, environment = {} }: Launch) {
    this.name = name;
    this.#child = spawn(program, parameters, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PYTHONPATH: answering, ...environment },
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#complaints = (this.#complaints + chunk).slice(-4000);
    });
    this.#child.on('error', (error) => {
      this.#complaints += error.message;
    });
    // Writing to one that died is told by its missing answer.
    this.#child.stdin.on('error', () => undefined);
  }

  /** Of the process, as long as it runs. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** @throws Error with the contender's own words when it cannot do it. */
  async ask(request: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    for (;;) {
      const line = await this.#lines.next();
      if (line.done === true) throw new Error(`it stopped: ${lastLines(this.#complaints)}`);
      if (!line.value.startsWith(MARK)) continue;
      const answer = JSON.parse(line.value.slice(MARK.length)) as Record<string, unknown>;
      if (typeof answer['error'] === 'string') throw new Error(answer['error']);
      return answer;
    }
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    // Its work is done; a slow farewell is not waited for.
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 3000);
    await gone;
    clearTimeout(timer);
  }
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' / ').slice(0, 400);
}
