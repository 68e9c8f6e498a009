import { expect, test } from 'vitest';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tracker } from '../../src/tracking/tracker.ts';
import { temporaryFolder } from '../temporaryFolder.ts';

/** What a tracker has kept of a run, read back from where it keeps it. */
export interface Recorded {
  readonly parameters: Readonly<Record<string, string>>;
  /** By key, in step order. */
  readonly metrics: Readonly<Record<string, readonly { step: number; value: number }[]>>;
  readonly tags: Readonly<Record<string, string>>;
  /** Paths below the run's artifacts. */
  readonly artifacts: readonly string[];
  readonly status: string;
}

/** A tracker under test, with the way to read back what it recorded. */
export interface Subject {
  readonly tracker: Tracker;
  readonly read: () => Promise<Recorded>;
}

/** Holds every tracker to the same behaviour. */
export function trackerContract(create: () => Promise<Subject>): void {
  test('keeps parameters, metrics, tags, artifacts and the status', async () => {
    const { tracker, read } = await create();
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'report.txt'), 'Dice 0.9');
    tracker.logParameters({ 'model.decoder.name': 'unet', seed: 7, amp: true, nothing: null });
    tracker.setTags({ 'mlflow.source.name': 'experiments/a.ts', note: 'ünïcode ✓' });
    tracker.logMetrics({ loss: 1.5, 'dice/finger-1': 0.25 }, 1);
    tracker.logMetrics({ loss: 0.5 }, 2);
    tracker.logArtifact(join(folder, 'report.txt'), 'reports');
    await tracker.finish('finished');
    const recorded = await read();
    expect(recorded.parameters).toEqual({
      'model.decoder.name': 'unet',
      seed: '7',
      amp: 'true',
      nothing: 'null',
    });
    expect(recorded.tags).toMatchObject({ 'mlflow.source.name': 'experiments/a.ts', note: 'ünïcode ✓' });
    expect(recorded.metrics['loss']).toEqual([
      { step: 1, value: 1.5 },
      { step: 2, value: 0.5 },
    ]);
    expect(recorded.metrics['dice/finger-1']).toEqual([{ step: 1, value: 0.25 }]);
    expect(recorded.artifacts).toContain('reports/report.txt');
    expect(recorded.status).toBe('finished');
  });

  test('keeps values that are not finite', async () => {
    const { tracker, read } = await create();
    tracker.logMetrics({ nan: NaN, up: Infinity }, 3);
    await tracker.finish('failed');
    const recorded = await read();
    expect(recorded.metrics['nan']?.[0]?.value).toBeNaN();
    expect(recorded.metrics['up']?.[0]?.value).toBeGreaterThan(1e300);
    expect(recorded.status).toBe('failed');
  });

  test('takes more at once than one request may carry', async () => {
    const { tracker, read } = await create();
    tracker.logParameters(Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`p${i}`, i])));
    for (let step = 1; step <= 1200; step++) tracker.logMetrics({ a: step, b: -step }, step);
    await tracker.finish('killed');
    const recorded = await read();
    expect(Object.keys(recorded.parameters)).toHaveLength(250);
    expect(recorded.metrics['a']).toHaveLength(1200);
    expect(recorded.metrics['b']?.[1199]).toEqual({ step: 1200, value: -1200 });
    expect(recorded.status).toBe('killed');
  });

  test('survives an artifact that does not exist, and a second finish', async () => {
    const { tracker, read } = await create();
    tracker.logArtifact('/nonexistent/file.png');
    tracker.logMetrics({ loss: 1 }, 1);
    await tracker.finish('finished');
    await tracker.finish('finished');
    expect((await read()).metrics['loss']).toHaveLength(1);
  });
}
