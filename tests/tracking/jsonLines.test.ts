import { describe, expect, test } from 'vitest';
import { appendFile, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { composeTrackers } from '../../src/tracking/compose.ts';
import { createJsonLinesTracker, readJsonLines } from '../../src/tracking/jsonLines.ts';
import type { TrackingRecord } from '../../src/tracking/jsonLines.ts';
import { temporaryFolder } from '../temporaryFolder.ts';
import { trackerContract } from './contract.ts';
import type { Recorded } from './contract.ts';

async function freshPath(): Promise<string> {
  return join(await temporaryFolder(), 'metrics.jsonl');
}

async function readBack(path: string): Promise<Recorded> {
  const parameters: Record<string, string> = {};
  const metrics: Record<string, { step: number; value: number }[]> = {};
  const tags: Record<string, string> = {};
  const artifacts: string[] = [];
  let status = '';
  for await (const record of readJsonLines(path)) {
    switch (record.type) {
      case 'parameters':
        for (const [key, value] of Object.entries(record.values)) parameters[key] = String(value);
        break;
      case 'metrics':
        for (const [key, value] of Object.entries(record.values)) {
          (metrics[key] ??= []).push({ step: record.step, value });
        }
        break;
      case 'tags':
        Object.assign(tags, record.values);
        break;
      case 'artifact':
        artifacts.push(join(record.folder, basename(record.path)));
        break;
      case 'status':
        status = record.status;
    }
  }
  return { parameters, metrics, tags, artifacts, status };
}

describe('JSON lines', () => {
  trackerContract(async () => {
    const path = await freshPath();
    return { tracker: createJsonLinesTracker(path), read: () => readBack(path) };
  });

  test('a line that a killed process left unfinished is ignored; one in the middle is an error', async () => {
    const path = await freshPath();
    const tracker = createJsonLinesTracker(path);
    tracker.logMetrics({ loss: 1 }, 1);
    await tracker.finish('killed');
    await appendFile(path, '{"time":1,"type":"metr');
    expect((await readBack(path)).metrics['loss']).toHaveLength(1);
    await appendFile(path, '\n{"time":1,"type":"status","status":"killed"}\n');
    await expect(readBack(path)).rejects.toMatchObject({ code: 'tracking/record' });
  });

  test('a file that cannot be written is a warning', async () => {
    const warnings: string[] = [];
    const tracker = createJsonLinesTracker('/nonexistent/metrics.jsonl', (message) => warnings.push(message));
    tracker.logMetrics({ loss: 1 }, 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await tracker.finish('finished');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('/nonexistent/metrics.jsonl');
  });
});

describe('composed trackers', () => {
  trackerContract(async () => {
    const paths = [await freshPath(), await freshPath()] as const;
    const tracker = composeTrackers(paths.map((path) => createJsonLinesTracker(path)));
    return {
      tracker,
      read: async () => {
        const withoutTime = async (path: string): Promise<Omit<TrackingRecord, 'time'>[]> =>
          (await readFile(path, 'utf8'))
            .trim()
            .split('\n')
            .map((line) => ({ ...(JSON.parse(line) as TrackingRecord), time: 0 }));
        expect(await withoutTime(paths[0])).toEqual(await withoutTime(paths[1]));
        return readBack(paths[0]);
      },
    };
  });
});
