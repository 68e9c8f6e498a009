import { z } from 'zod';
import type { ResolvedTransform } from './spec.ts';

/** What labels become where a constant border or a hole comes in: nothing, or unknown, which no loss looks at. */
export const fillMask = z.union([z.literal(0), z.literal('unknown')]).default(0);
export type FillMask = z.output<typeof fillMask>;

/** As `fillMask`, for holes: `null` leaves the labels as they are. */
export const holeFillMask = z.union([z.literal(0), z.literal('unknown'), z.null()]).default(null);

/** Whether any of the transforms can make pixels unknown; then all samples come out with `LabelMap.unknown`. */
export function canMakeUnknown(transforms: readonly ResolvedTransform[]): boolean {
  return transforms.some(
    (transform) =>
      ('fillMask' in transform && transform.fillMask === 'unknown') ||
      ('transforms' in transform && canMakeUnknown(transform.transforms)),
  );
}
