import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createMlflowTracker } from '../../src/tracking/mlflow/tracker.ts';
import { MlflowClient } from '../../src/tracking/mlflow/client.ts';
import { trackerContract } from './contract.ts';
import type { Recorded, Subject } from './contract.ts';
import { freePort, startMlflowServer } from './mlflowServer.ts';
import type { MlflowServer } from './mlflowServer.ts';

let server: MlflowServer;

beforeAll(async () => {
  server = await startMlflowServer();
}, 600_000);

afterAll(async () => {
  await server.stop();
});

const keyValues = z.array(z.object({ key: z.string(), value: z.string() })).default([]);

/** Reads a run back through the server's own API. */
async function readRun(uri: string, runId: string): Promise<Recorded> {
  const get = async (path: string): Promise<unknown> => (await fetch(`${uri}/api/2.0/mlflow/${path}`)).json();
  const { run } = z
    .object({
      run: z.object({
        info: z.object({ status: z.string() }),
        data: z.object({
          params: keyValues,
          tags: keyValues,
          metrics: z.array(z.object({ key: z.string() })).default([]),
        }),
      }),
    })
    .parse(await get(`runs/get?run_id=${runId}`));
  const metrics: Record<string, { step: number; value: number }[]> = {};
  for (const { key } of run.data.metrics) {
    const history = z
      .object({
        metrics: z.array(
          z.object({
            value: z.union([z.number(), z.nan(), z.literal('NaN').transform(Number)]),
            step: z.coerce.number().default(0),
          }),
        ),
      })
      .parse(
        await get(
          `metrics/get-history?run_id=${runId}&metric_key=${encodeURIComponent(key)}&max_results=5000`,
        ),
      );
    metrics[key] = history.metrics.sort((a, b) => a.step - b.step);
  }
  const listed = z
    .object({ files: z.array(z.object({ path: z.string() })).default([]) })
    .parse(await get(`artifacts/list?run_id=${runId}&path=reports`));
  const pairs = (items: { key: string; value: string }[]): Record<string, string> =>
    Object.fromEntries(items.map(({ key, value }) => [key, value]));
  return {
    parameters: pairs(run.data.params),
    metrics,
    tags: pairs(run.data.tags),
    artifacts: listed.files.map(({ path }) => path),
    status: run.info.status.toLowerCase(),
  };
}

function subject(
  uri: string,
  options: { runId?: string; warnings?: string[] } = {},
): Subject & { runId: () => string } {
  let run = options.runId;
  const tracker = createMlflowTracker({
    uri,
    experiment: 'phalanx tests/härte',
    runName: 'contract',
    interval: 20,
    onRun: (id) => (run = id),
    onWarning: (message) => options.warnings?.push(message),
    ...(options.runId === undefined ? {} : { runId: options.runId }),
  });
  const runId = (): string => run ?? expect.fail('the server never told the run');
  return { tracker, read: () => readRun(uri, runId()), runId };
}

describe('MLflow', () => {
  trackerContract(() => Promise.resolve(subject(server.uri)));

  test('a run is continued by its identifier', async () => {
    const first = subject(server.uri);
    first.tracker.logMetrics({ loss: 2 }, 1);
    await first.tracker.finish('killed');
    const second = subject(server.uri, { runId: first.runId() });
    second.tracker.logMetrics({ loss: 1 }, 2);
    await second.tracker.finish('finished');
    const recorded = await second.read();
    expect(recorded.metrics['loss']).toHaveLength(2);
    expect(recorded.status).toBe('finished');
  });

  test('what the server refuses is left out with a warning, and the rest arrives', async () => {
    const warnings: string[] = [];
    const { tracker, read } = subject(server.uri, { warnings });
    tracker.logParameters({ rate: 1 });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    tracker.logParameters({ rate: 2 });
    tracker.logMetrics({ loss: 1 }, 1);
    await tracker.finish('finished');
    expect(warnings.join()).toMatch(/left out.*rate/s);
    expect((await read()).metrics['loss']).toHaveLength(1);
  });

  test('a server that starts late gets everything', async () => {
    const port = await freePort();
    const warnings: string[] = [];
    const late = subject(`http://127.0.0.1:${port}`, { warnings });
    late.tracker.logMetrics({ loss: 1 }, 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(warnings).toHaveLength(1);
    const started = await startMlflowServer({ port });
    try {
      late.tracker.logMetrics({ loss: 0.5 }, 2);
      await late.tracker.finish('finished');
      expect((await late.read()).metrics['loss']).toHaveLength(2);
    } finally {
      await started.stop();
    }
  }, 120_000);

  test('a server that never answers costs a warning and a bounded time', async () => {
    const warnings: string[] = [];
    const tracker = createMlflowTracker({
      uri: `http://127.0.0.1:${await freePort()}`,
      experiment: 'none',
      runName: 'none',
      interval: 20,
      finishTimeout: 1000,
      onWarning: (message) => warnings.push(message),
    });
    const start = performance.now();
    for (let step = 1; step <= 10_000; step++) tracker.logMetrics({ loss: 1 }, step);
    expect(performance.now() - start).toBeLessThan(500);
    await tracker.finish('finished');
    expect(performance.now() - start).toBeLessThan(4000);
    expect(warnings.join()).toContain('10000 items were not delivered');
  });

  test.each(['sqlite:///mlflow.db', 'file:///tmp/mlruns', 'databricks', ''])(
    'refuses the address %j',
    (uri) => {
      expect(() => new MlflowClient(uri)).toThrow(/expected an address such as http/);
    },
  );
});
