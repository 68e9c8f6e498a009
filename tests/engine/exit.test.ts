import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('exit.process.ts', import.meta.url));

function run(
  way: string,
): Promise<{ code: number | null; signal: string | null; output: string; errors: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', program, way]);
    let [output, errors] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, output, errors }));
  });
}

describe('a process with calls under way', () => {
  it('stays alive until they are done, and writes nothing of its own to the terminal', async () => {
    expect(await run('wait')).toEqual({ code: 0, signal: null, output: 'computed 3\n', errors: '' });
  });

  it('ends in the middle of one with the code it was given', async () => {
    // Several times: what goes wrong here goes wrong in one of five.
    for (let trial = 0; trial < 5; trial++)
      expect(await run('exit')).toMatchObject({ code: 7, signal: null });
  });

  it('ends in the middle of one by an exception, not by a crash', async () => {
    const { code, signal, errors } = await run('throw');
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(errors).toContain('Error: unrelated');
  });

  it('may hold further environments, which come and go', async () => {
    expect(await run('worker')).toMatchObject({
      code: 0,
      output: 'computed 3\nworker ended with 0\nworker ended with 7\n',
    });
  });
});
