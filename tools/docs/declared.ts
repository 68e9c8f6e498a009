import type { z } from 'zod';
import type { DatasetAnalysis } from '../../src/analysis/dataset/schema.ts';
import type * as builders from '../../src/augment/compose.ts';
import type { registry } from '../../src/augment/registry.ts';
import type { TransformSpec } from '../../src/augment/spec.ts';
import type { ensembleSchema, experimentSchema } from '../../src/experiment/schema.ts';
import type { decoderSchemas } from '../../src/models/decoders/options.ts';
import type { VolumeOptions, volumeSchemas } from '../../src/models/volumes/options.ts';

/** The types whose doc comments the reference quotes; `docComments.ts` finds them by these names. */
export interface Declared {
  readonly experiment: z.input<typeof experimentSchema>;
  readonly ensemble: z.input<typeof ensembleSchema>;
  readonly transform: TransformSpec;
  readonly transforms: typeof registry;
  readonly builders: typeof builders;
  readonly decoders: typeof decoderSchemas;
  readonly volume: VolumeOptions;
  readonly volumes: typeof volumeSchemas;
  readonly analysis: DatasetAnalysis;
}
