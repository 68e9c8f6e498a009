import { messageOf } from '../../core/errors.ts';
import type { Tracker } from '../tracker.ts';
import { MlflowClient, MlflowRequestError, batchLimits } from './client.ts';
import type { KeyValue, MlflowMetric, MlflowRun, MlflowStatus } from './client.ts';

export interface MlflowTrackerOptions {
  readonly uri: string;
  readonly experiment: string;
  readonly runName: string;
  /** The run to continue, instead of creating one. */
  readonly runId?: string;
  /** Called once with the run's identifier, as soon as the server has told it. */
  readonly onRun?: (runId: string) => void;
  /** Called once per outage, and once for each thing the server refuses. */
  readonly onWarning?: (message: string) => void;
  /** Milliseconds between two deliveries. */
  readonly interval?: number;
  /** Milliseconds for one request. */
  readonly timeout?: number;
  /** Milliseconds that `finish` may take to deliver what is outstanding. */
  readonly finishTimeout?: number;
}

const statuses = { finished: 'FINISHED', failed: 'FAILED', killed: 'KILLED' } as const satisfies Record<
  string,
  MlflowStatus
>;

/** More metric points than this wait only while a server is gone for hours; then the oldest go. */
const maxWaitingMetrics = 200_000;

/**
 * Records a run on an MLflow server. Calls return at once; what they say is delivered in batches in the background,
 * in order, and again after a failure. A server that is slow or gone costs a warning and never a training run.
 *
 * @throws PhalanxError `tracking/mlflow-uri` when the address is not one of an HTTP server.
 */
export function createMlflowTracker(options: MlflowTrackerOptions): Tracker {
  return new MlflowTracker(options);
}

class MlflowTracker implements Tracker {
  readonly #client: MlflowClient;
  readonly #options: MlflowTrackerOptions;
  readonly #warn: (message: string) => void;
  #run: MlflowRun | undefined;
  readonly #metrics: MlflowMetric[] = [];
  readonly #parameters: KeyValue[] = [];
  readonly #tags: KeyValue[] = [];
  readonly #artifacts: { path: string; folder: string }[] = [];
  #delivering: Promise<boolean> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #dropped = 0;
  #finished = false;

  constructor(options: MlflowTrackerOptions) {
    this.#options = options;
    this.#client = new MlflowClient(
      options.uri,
      options.timeout === undefined ? {} : { timeout: options.timeout },
    );
    this.#warn = options.onWarning ?? (() => undefined);
    this.#schedule();
  }

  logParameters(parameters: Parameters<Tracker['logParameters']>[0]): void {
    for (const [key, value] of Object.entries(parameters))
      this.#parameters.push({ key, value: String(value) });
    this.#schedule();
  }

  logMetrics(metrics: Readonly<Record<string, number>>, step: number): void {
    const timestamp = Date.now();
    for (const [key, value] of Object.entries(metrics)) this.#metrics.push({ key, value, timestamp, step });
    const surplus = this.#metrics.length - maxWaitingMetrics;
    if (surplus > 0) {
      this.#metrics.splice(0, surplus);
      this.#dropped += surplus;
    }
    this.#schedule();
  }

  setTags(tags: Readonly<Record<string, string>>): void {
    for (const [key, value] of Object.entries(tags)) this.#tags.push({ key, value });
    this.#schedule();
  }

  logArtifact(path: string, folder = ''): void {
    this.#artifacts.push({ path, folder });
    this.#schedule();
  }

  async finish(status: keyof typeof statuses): Promise<void> {
    if (this.#finished) return;
    this.#finished = true;
    clearTimeout(this.#timer);
    const limit = this.#options.finishTimeout ?? 15_000;
    const deadline = Date.now() + limit;
    const delivered = this.#deliverEverything(statuses[status], deadline);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), limit);
    });
    const outcome = await Promise.race([delivered, late]);
    clearTimeout(timer);
    const outstanding =
      this.#metrics.length + this.#parameters.length + this.#tags.length + this.#artifacts.length;
    if (outcome === 'late' || outstanding > 0) {
      this.#warn(
        `MLflow: ${outstanding} items were not delivered within ${limit / 1000} s; the run's metrics.jsonl has them all`,
      );
    }
    if (this.#dropped > 0)
      this.#warn(`MLflow: ${this.#dropped} metric points were dropped while the server was gone`);
  }

  async #deliverEverything(status: MlflowStatus, deadline: number): Promise<void> {
    while (
      !(
        (await this.#deliver()) && (await this.#attempt((run) => this.#client.updateRun(run.runId, status)))
      ) &&
      Date.now() < deadline
    ) {
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#finished) return;
    const interval = this.#options.interval ?? 1000;
    // After failures wait longer, up to a minute.
    const delay = Math.min(interval * 2 ** this.#failures, Math.max(60_000, interval));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#deliver().then(() => {
        if (this.#waiting()) this.#schedule();
      });
    }, delay);
    this.#timer.unref();
  }

  #waiting(): boolean {
    return (
      this.#run === undefined ||
      this.#metrics.length + this.#parameters.length + this.#tags.length + this.#artifacts.length > 0
    );
  }

  /** Delivers what is waiting, one delivery at a time so that order is kept; true when all is delivered. */
  #deliver(): Promise<boolean> {
    this.#delivering ??= this.#deliverAll().finally(() => {
      this.#delivering = undefined;
    });
    return this.#delivering;
  }

  async #deliverAll(): Promise<boolean> {
    do {
      const sent = await this.#attempt(async (run) => {
        await this.#send('parameters', this.#parameters, batchLimits.parameters, (parameters) =>
          this.#client.logBatch(run.runId, { parameters }),
        );
        await this.#send('tags', this.#tags, batchLimits.tags, (tags) =>
          this.#client.logBatch(run.runId, { tags }),
        );
        await this.#send('metrics', this.#metrics, batchLimits.metrics, (metrics) =>
          this.#client.logBatch(run.runId, { metrics }),
        );
        await this.#send(
          'artifacts',
          this.#artifacts,
          1,
          async ([artifact]) => artifact && this.#client.uploadArtifact(run, artifact.path, artifact.folder),
        );
      });
      if (!sent) return false;
    } while (this.#waiting());
    return true;
  }

  /** Sends the first of a queue; they go back to its head when the server may take them later. */
  async #send<T>(
    what: string,
    queue: T[],
    limit: number,
    request: (items: T[]) => Promise<void>,
  ): Promise<void> {
    const items = queue.splice(0, limit);
    if (items.length === 0) return;
    try {
      await request(items);
    } catch (error) {
      if (error instanceof MlflowRequestError && error.retryable) {
        queue.unshift(...items);
        throw error;
      }
      this.#warn(`MLflow: ${what} were left out: ${messageOf(error)}`);
    }
  }

  /** True when the work was done; a failure is counted, and reported once per outage. */
  async #attempt(work: (run: MlflowRun) => Promise<void>): Promise<boolean> {
    try {
      this.#run ??= await this.#openRun();
      await work(this.#run);
      this.#failures = 0;
      return true;
    } catch (error) {
      if (this.#failures === 0)
        this.#warn(`MLflow: ${messageOf(error)}; training goes on and delivery is retried`);
      this.#failures = Math.min(this.#failures + 1, 10);
      return false;
    }
  }

  async #openRun(): Promise<MlflowRun> {
    const { experiment, runName, runId, onRun } = this.#options;
    if (runId !== undefined) {
      const run = await this.#client.getRun(runId);
      await this.#client.updateRun(runId, 'RUNNING');
      return run;
    }
    const run = await this.#client.createRun(await this.#client.ensureExperiment(experiment), runName, []);
    onRun?.(run.runId);
    return run;
  }
}
