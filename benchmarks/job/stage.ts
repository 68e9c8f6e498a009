import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { MemoryWatch } from '../processTree.ts';

/** How one command went. */
export interface Stage {
  /** From start to end of the process. */
  readonly seconds: number;
  /** Of the whole process tree. */
  readonly peakBytes: number;
  /** Lines of standard output. */
  readonly lines: readonly string[];
}

/** Runs a command as a user would, and watches it. @throws Error when it does not end with 0. */
export async function runStage(
  program: string,
  parameters: readonly string[],
  { cwd, hear }: { readonly cwd: string; readonly hear?: (line: string) => void },
): Promise<Stage> {
  const start = performance.now();
  const child = spawn(program, parameters, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  const watch = new MemoryWatch(child.pid!);
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaints = (complaints + chunk).slice(-2000);
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    hear?.(line);
  });
  try {
    const code = await ended;
    const seconds = (performance.now() - start) / 1000;
    if (code !== 0) throw new Error(`${parameters.join(' ')} ended with ${code}: ${complaints.trim()}`);
    return { seconds, peakBytes: watch.stop(), lines };
  } finally {
    watch.stop();
  }
}
