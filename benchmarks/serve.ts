import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { MARK } from './contender.ts';

type Answer = Readonly<Record<string, unknown>>;

/** The contender's side of `Contender`: answers requests by their `do` until the parent is done. */
export async function serve(
  handlers: Readonly<Record<string, (request: Answer) => Promise<Answer>>>,
): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    let answer: Answer;
    try {
      const request = JSON.parse(line) as Record<string, unknown>;
      const handler = handlers[String(request['do'])];
      if (handler === undefined) throw new Error(`unknown request ${line}`);
      answer = await handler(request);
    } catch (error) {
      answer = { error: error instanceof Error ? error.message : String(error) };
    }
    process.stdout.write(`${MARK}${JSON.stringify(answer)}\n`);
  }
}

/** Largest resident memory of this process since it began or since `forgetPeak()`, in bytes. */
export function peakBytes(): number {
  const [, kilobytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  if (kilobytes === undefined) throw new Error('/proc/self/status does not tell VmHWM');
  return 1024 * Number(kilobytes);
}

export function forgetPeak(): void {
  writeFileSync('/proc/self/clear_refs', '5');
}

/** Seconds that one run takes. */
export async function timed(run: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}
