import { nativeType } from './native.ts';

/** Type and shape of a tensor, as a traced function sees them. */
export interface TensorSpec {
  /** TensorFlow's number of the type. */
  readonly type: number;
  readonly shape: readonly number[];
}

/** `float32[2,512,512,3]` */
export function describeSpec({ type, shape }: TensorSpec): string {
  const name = Object.entries(nativeType).find(([, number]) => number === type)?.[0] ?? `type ${type}`;
  return `${name}[${shape.join(',')}]`;
}

/**
 * Why arguments ask for another trace: where they differ from the earlier ones that they are most like.
 *
 * @param earlier of the signatures traced before, at least one; the latest last.
 */
export function differenceOf(
  specs: readonly TensorSpec[],
  earlier: readonly (readonly TensorSpec[])[],
): string {
  const differences = earlier.map((before) => {
    const positions = Array.from({ length: Math.max(specs.length, before.length) }, (_, index) => index);
    return positions.flatMap((index) => {
      const [now, then] = [specs[index], before[index]].map((spec) =>
        spec === undefined ? 'missing' : describeSpec(spec),
      );
      return now === then ? [] : [`argument ${index} is ${now}, was ${then}`];
    });
  });
  const fewest = differences.reduce((best, each) => (each.length <= best.length ? each : best));
  return fewest.join(', ');
}
