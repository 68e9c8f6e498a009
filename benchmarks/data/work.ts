import type { Material } from './material.ts';

/** Under what conditions one side works. */
export interface Conditions {
  readonly material: Material;
  /** Cores that the work may use. */
  readonly threads: number;
  /** Units of work begun before the first is done. */
  readonly inFlight: number;
  /** How long one measurement lasts, at least. */
  readonly seconds: number;
}

/** What one measurement says of one unit of work. */
export interface Timing {
  readonly seconds: number;
  /** Of all threads and processes. */
  readonly processorSeconds: number;
}

/** Measures once. */
export type Measure = () => Promise<Timing>;

/** A transform written as data. */
export interface Spec {
  readonly name: string;
  readonly [option: string]: unknown;
}

/** One row: the same work on both sides. */
export interface DataWork {
  /** Name of the row, and what `--only` is matched with. */
  readonly name: string;
  /** The largest ratio that Phalanx means to have. */
  readonly goal?: number;
  /** The most memory that Phalanx means to take, bytes. */
  readonly goalBytes?: number;
  /** What the numbers are; 8-bit if left out. */
  readonly precision?: string;
  /** The transform that it is about; without it there is nothing to measure. */
  readonly spec?: Spec;
  /** Our side: what must be at hand before is made ready first. */
  readonly ours: (conditions: Conditions) => Promise<Measure>;
  readonly peer: {
    /** File of the suite, without `.py`, with a function `build(mode, options, conditions)`. */
    readonly module: string;
    /** Ways to do it, each with a name for the report; the fastest counts. */
    readonly modes: readonly string[];
    readonly options: Readonly<Record<string, unknown>>;
  };
  /** True where a side uses its cores by itself, so that there is nothing to keep in flight. */
  readonly wholeMachine?: boolean;
}

/**
 * Measures a piece of work by calling it over and over, as many at once as there are to be in flight.
 *
 * @param units of work in one call.
 */
export function calling(
  { inFlight, seconds: least }: Pick<Conditions, 'inFlight' | 'seconds'>,
  once: () => Promise<unknown>,
  units = 1,
): Measure {
  return async () => {
    const usage = process.cpuUsage();
    const start = performance.now();
    let calls = 0;
    const lane = async (): Promise<void> => {
      do {
        await once();
        calls += units;
      } while (performance.now() - start < 1000 * least);
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(usage);
    return { seconds: seconds / calls, processorSeconds: (user + system) / 1e6 / calls };
  };
}
