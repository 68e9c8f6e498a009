import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { PhalanxError, messageOf } from '../../core/errors.ts';

/** Limits of MLflow's `runs/log-batch` (mlflow/utils/validation.py). */
export const batchLimits = { metrics: 1000, parameters: 100, tags: 100, total: 1000 } as const;
const maxKeyLength = 250;
const maxParameterLength = 6000;
const maxTagLength = 8000;

export interface MlflowMetric {
  readonly key: string;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly step: number;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

export interface MlflowRun {
  readonly runId: string;
  readonly artifactUri: string;
}

export type MlflowStatus = 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED';

const runSchema = z.object({
  run: z.object({ info: z.object({ run_id: z.string(), artifact_uri: z.string() }) }),
});

/** A request that the server refused or did not answer. `retryable` when the same request may succeed later. */
export class MlflowRequestError extends Error {
  override readonly name = 'MlflowRequestError';
  readonly retryable: boolean;
  /** MLflow's error code, such as `RESOURCE_DOES_NOT_EXIST`, when the server gave one. */
  readonly serverCode: string | undefined;

  constructor(message: string, retryable: boolean, serverCode?: string, options?: { cause?: unknown }) {
    super(message, options);
    this.retryable = retryable;
    this.serverCode = serverCode;
  }
}

/** MLflow's REST API 2.0 over `fetch`; https://mlflow.org/docs/latest/api_reference/rest-api.html */
export class MlflowClient {
  readonly #base: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeout: number;

  /**
   * @param trackingUri `http://` or `https://` address of the server.
   * @param options.timeout milliseconds for one request.
   * @param options.environment where `MLFLOW_TRACKING_TOKEN` or `MLFLOW_TRACKING_USERNAME` and
   * `MLFLOW_TRACKING_PASSWORD` are read from.
   * @throws PhalanxError `tracking/mlflow-uri` when the address is not one of an HTTP server.
   */
  constructor(
    trackingUri: string,
    options: { timeout?: number; environment?: Readonly<Record<string, string | undefined>> } = {},
  ) {
    const base = URL.canParse(trackingUri) ? new URL(trackingUri) : undefined;
    if (base === undefined || (base.protocol !== 'http:' && base.protocol !== 'https:')) {
      throw new PhalanxError('tracking/mlflow-uri', {
        what: 'The MLflow tracking URI cannot be used',
        where: 'MLFLOW_TRACKING_URI or tracking.mlflow.uri',
        expected: 'an address such as http://127.0.0.1:5000',
        received: JSON.stringify(trackingUri),
        fix: 'Start a server with "mlflow server" and give its address',
      });
    }
    this.#base = base;
    this.#timeout = options.timeout ?? 10_000;
    this.#headers = authorization(options.environment ?? process.env);
  }

  /** The experiment's identifier; it is created when missing and restored when deleted. */
  async ensureExperiment(name: string): Promise<string> {
    const schema = z.object({
      experiment: z.object({ experiment_id: z.string(), lifecycle_stage: z.string() }),
    });
    try {
      const query = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
      const { experiment } = schema.parse(await this.#json('GET', query));
      if (experiment.lifecycle_stage === 'deleted') {
        await this.#json('POST', 'experiments/restore', { experiment_id: experiment.experiment_id });
      }
      return experiment.experiment_id;
    } catch (error) {
      if (!(error instanceof MlflowRequestError) || error.serverCode !== 'RESOURCE_DOES_NOT_EXIST')
        throw error;
    }
    try {
      const created = await this.#json('POST', 'experiments/create', { name });
      return z.object({ experiment_id: z.string() }).parse(created).experiment_id;
    } catch (error) {
      // Another process made it between the two requests.
      if (!(error instanceof MlflowRequestError) || error.serverCode !== 'RESOURCE_ALREADY_EXISTS')
        throw error;
      return this.ensureExperiment(name);
    }
  }

  async createRun(experimentId: string, runName: string, tags: readonly KeyValue[]): Promise<MlflowRun> {
    const body = {
      experiment_id: experimentId,
      run_name: runName,
      start_time: Date.now(),
      tags: tags.map(shortenTag),
    };
    const { run } = runSchema.parse(await this.#json('POST', 'runs/create', body));
    return { runId: run.info.run_id, artifactUri: run.info.artifact_uri };
  }

  async getRun(runId: string): Promise<MlflowRun> {
    const { run } = runSchema.parse(await this.#json('GET', `runs/get?run_id=${encodeURIComponent(runId)}`));
    return { runId: run.info.run_id, artifactUri: run.info.artifact_uri };
  }

  /** Logs at most `batchLimits` items; longer values are shortened to the server's limits. */
  async logBatch(
    runId: string,
    batch: {
      readonly metrics?: readonly MlflowMetric[];
      readonly parameters?: readonly KeyValue[];
      readonly tags?: readonly KeyValue[];
    },
  ): Promise<void> {
    await this.#json('POST', 'runs/log-batch', {
      run_id: runId,
      // Protocol buffers' JSON writes the values that JSON lacks as strings.
      metrics: (batch.metrics ?? []).map((metric) => ({
        ...metric,
        key: metricKey(metric.key),
        value: Number.isFinite(metric.value) ? metric.value : String(metric.value),
      })),
      params: (batch.parameters ?? []).map(({ key, value }) => ({
        key: metricKey(key),
        value: value.slice(0, maxParameterLength),
      })),
      tags: (batch.tags ?? []).map(shortenTag),
    });
  }

  async updateRun(runId: string, status: MlflowStatus): Promise<void> {
    const ended = status === 'RUNNING' ? {} : { end_time: Date.now() };
    await this.#json('POST', 'runs/update', { run_id: runId, status, ...ended });
  }

  /** Uploads a file through the server's artifact proxy. */
  async uploadArtifact(run: MlflowRun, path: string, folder: string): Promise<void> {
    const root = /^mlflow-artifacts:\/+(?:[^/]*:\d+\/)?(.*)$/.exec(run.artifactUri)?.[1];
    if (root === undefined) {
      throw new MlflowRequestError(
        `the server keeps artifacts at ${run.artifactUri}, which it does not proxy; start it with --serve-artifacts`,
        false,
      );
    }
    const { size } = await stat(path);
    const target = [...root.split('/'), ...folder.split('/'), basename(path)].filter((part) => part !== '');
    await this.#request('PUT', `mlflow-artifacts/artifacts/${target.map(encodeURIComponent).join('/')}`, {
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(size) },
      body: Readable.toWeb(createReadStream(path)),
      // An artifact may be a checkpoint: allow for 1 MB/s.
      timeout: Math.ceil(this.#timeout + size / 1000),
    });
  }

  async #json(method: string, path: string, body?: object): Promise<unknown> {
    const response = await this.#request(method, `mlflow/${path}`, {
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeout: this.#timeout,
    });
    try {
      return await response.json();
    } catch (cause) {
      throw new MlflowRequestError(
        `${this.#base.origin} answered ${path} with something else than JSON`,
        false,
        undefined,
        {
          cause,
        },
      );
    }
  }

  async #request(
    method: string,
    path: string,
    options: { headers: Record<string, string>; body?: string | ReadableStreamLike; timeout: number },
  ): Promise<Response> {
    const url = new URL(`${this.#base.pathname.replace(/\/$/, '')}/api/2.0/${path}`, this.#base.origin);
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        headers: { ...this.#headers, ...options.headers },
        signal: AbortSignal.timeout(options.timeout),
        ...(options.body === undefined ? {} : { body: options.body as string, duplex: 'half' }),
      });
    } catch (cause) {
      const reason = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
      throw new MlflowRequestError(
        `${this.#base.origin} cannot be reached: ${messageOf(reason)}`,
        true,
        undefined,
        {
          cause,
        },
      );
    }
    if (response.ok) return response;
    const text = (await response.text().catch(() => '')).slice(0, 2000);
    const known = z
      .object({ error_code: z.string(), message: z.string().default('') })
      .safeParse(parseJson(text));
    const detail = known.success ? `${known.data.error_code}: ${known.data.message}` : text.slice(0, 200);
    throw new MlflowRequestError(
      `${this.#base.origin} answered ${response.status} to ${method} ${path.split('?')[0] ?? path}: ${detail}`,
      response.status === 429 || response.status >= 500,
      known.success ? known.data.error_code : undefined,
    );
  }
}

type ReadableStreamLike = ReturnType<typeof Readable.toWeb>;

function authorization(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const token = environment['MLFLOW_TRACKING_TOKEN'];
  const user = environment['MLFLOW_TRACKING_USERNAME'];
  const password = environment['MLFLOW_TRACKING_PASSWORD'];
  if (user !== undefined && password !== undefined) {
    return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
  }
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** MLflow allows letters, digits, `_`, `-`, `.`, space, `:` and `/` in keys. */
function metricKey(key: string): string {
  return key.replace(/[^\p{L}\p{N}_\-. :/]/gu, '_').slice(0, maxKeyLength);
}

function shortenTag({ key, value }: KeyValue): KeyValue {
  return { key: metricKey(key), value: value.slice(0, maxTagLength) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
