/** Maps values to positions along one axis of a chart. */
export interface Scale {
  /** Pixels. */
  readonly position: (value: number) => number;
  /** Round values inside the domain, ascending. */
  readonly ticks: readonly number[];
}

export interface ScaleOptions {
  readonly domain: readonly [low: number, high: number];
  /** Pixels of the domain's ends. */
  readonly range: readonly [from: number, to: number];
  readonly logarithmic?: boolean;
  /** Wished number of ticks. */
  readonly ticks?: number;
}

/** A domain around values that are finite, padded where they are all the same; `[0, 1]` where there are none. */
export function domainOf(values: Iterable<number>): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  if (low === high) return low === 0 ? [0, 1] : [low - Math.abs(low) / 2, high + Math.abs(high) / 2];
  return [low, high];
}

export function makeScale({
  domain: [low, high],
  range: [from, to],
  logarithmic = false,
  ticks = 5,
}: ScaleOptions): Scale {
  if (logarithmic && low > 0) {
    const [a, b] = [Math.log10(low), Math.log10(high)];
    return {
      position: (value) => from + ((Math.log10(Math.max(value, low / 10)) - a) / (b - a)) * (to - from),
      ticks: logTicks(low, high),
    };
  }
  return {
    position: (value) => from + ((value - low) / (high - low)) * (to - from),
    ticks: linearTicks(low, high, ticks),
  };
}

/** Multiples of 1, 2 or 5 times a power of ten. */
function linearTicks(low: number, high: number, wished: number): number[] {
  const rough = (high - low) / Math.max(1, wished);
  const power = 10 ** Math.floor(Math.log10(rough));
  const off = (factor: number): number => Math.abs(Math.log((factor * power) / rough));
  const step = power * [1, 2, 5, 10].reduce((best, factor) => (off(factor) < off(best) ? factor : best));
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => (first + index) * step);
}

function logTicks(low: number, high: number): number[] {
  const decades = Math.log10(high / low);
  const factors = decades > 3 ? [1] : decades > 2 ? [1, 3] : decades > 0.8 ? [1, 2, 5] : [1, 2, 3, 5, 7];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (value >= low * 0.999 && value <= high * 1.001) ticks.push(value);
    }
  return ticks;
}

/** A number as a person writes it on an axis. */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${trim(value / 1e6)} M`;
  if (size >= 1e4) return `${trim(value / 1e3)} k`;
  if (size !== 0 && size < 1e-3) return value.toExponential(0);
  return trim(value);
}

function trim(value: number): string {
  return String(Number(value.toPrecision(4)));
}
