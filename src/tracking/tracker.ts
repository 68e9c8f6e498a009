/** A parameter's value as a tracker stores it; nested settings are flattened to dotted keys first. */
export type ParameterValue = string | number | boolean | null;

/** Somewhere a run is recorded. No method throws or blocks because a server is slow or gone. */
export interface Tracker {
  /** Parameters of the run, by dotted key. */
  logParameters(parameters: Readonly<Record<string, ParameterValue>>): void;
  /** Metrics at one step (1-based), stamped with the time of the call. */
  logMetrics(metrics: Readonly<Record<string, number>>, step: number): void;
  setTags(tags: Readonly<Record<string, string>>): void;
  /** A file of the run, kept under `folder` ('' for the root of the run's artifacts). */
  logArtifact(path: string, folder?: string): void;
  /** Delivers what is outstanding, within a bounded time, and closes the run. */
  finish(status: 'finished' | 'failed' | 'killed'): Promise<void>;
}
