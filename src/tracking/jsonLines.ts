import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { PhalanxError } from '../core/errors.ts';
import type { Tracker } from './tracker.ts';

const parameterValue = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** JSON has no NaN or infinity; they are written as the strings JavaScript prints. */
const metricValue = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)]);

const recordSchema = z.discriminatedUnion('type', [
  z.object({ time: z.number(), type: z.literal('parameters'), values: z.record(z.string(), parameterValue) }),
  z.object({
    time: z.number(),
    type: z.literal('metrics'),
    step: z.number(),
    values: z.record(z.string(), metricValue),
  }),
  z.object({ time: z.number(), type: z.literal('tags'), values: z.record(z.string(), z.string()) }),
  z.object({ time: z.number(), type: z.literal('artifact'), path: z.string(), folder: z.string() }),
  z.object({
    time: z.number(),
    type: z.literal('status'),
    status: z.enum(['finished', 'failed', 'killed']),
  }),
]);

/** One line of a run's record; `time` in milliseconds since 1970. */
export type TrackingRecord = z.infer<typeof recordSchema>;

type Unstamped<R> = R extends unknown ? Omit<R, 'time'> : never;

/** Appends every call to a file of JSON lines, so that a run is recorded wherever else it is. */
export function createJsonLinesTracker(
  path: string,
  onWarning: (message: string) => void = () => undefined,
): Tracker {
  const stream = createWriteStream(path, { flags: 'a' });
  let failure: Error | undefined;
  let closed: Promise<void> | undefined;
  stream.on('error', (error) => {
    if (failure === undefined) onWarning(`The record of the run is incomplete: ${path}: ${error.message}`);
    failure = error;
  });
  const append = (record: Unstamped<TrackingRecord>): void => {
    if (failure !== undefined) return;
    stream.write(`${JSON.stringify({ time: Date.now(), ...record })}\n`);
  };
  return {
    logParameters: (values) => append({ type: 'parameters', values: { ...values } }),
    logMetrics: (metrics, step) => {
      const values = Object.fromEntries(
        Object.entries(metrics).map(([key, value]) => [key, Number.isFinite(value) ? value : String(value)]),
      ) as Record<string, number>;
      append({ type: 'metrics', step, values });
    },
    setTags: (values) => append({ type: 'tags', values: { ...values } }),
    logArtifact: (artifact, folder = '') => append({ type: 'artifact', path: artifact, folder }),
    finish: (status) => {
      closed ??= new Promise((resolve) => {
        append({ type: 'status', status });
        if (failure !== undefined) resolve();
        else stream.once('close', resolve).end();
      });
      return closed;
    },
  };
}

/**
 * Reads a run's record back. A last line that a killed process left unfinished is ignored.
 *
 * @throws PhalanxError `tracking/record` when a line before the last cannot be read.
 */
export async function* readJsonLines(path: string): AsyncGenerator<TrackingRecord> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity });
  let row = 0;
  let unread: unknown;
  for await (const line of lines) {
    if (unread !== undefined) {
      throw new PhalanxError(
        'tracking/record',
        {
          what: 'The record of a run has a line that cannot be read',
          where: `${path}:${row}`,
          expected: 'one JSON object of a known type per line',
          fix: 'Remove the line; the others are kept',
        },
        { cause: unread },
      );
    }
    row++;
    if (line === '') continue;
    try {
      yield recordSchema.parse(JSON.parse(line));
    } catch (error) {
      unread = error;
    }
  }
}
