import type { ExperimentDeclaration } from '../../src/experiment/schema.ts';

/** The least a person has to declare. */
export const minimal: ExperimentDeclaration = {
  data: { root: 'data', imageSize: 64 },
  model: { decoder: { name: 'unet' }, encoder: { name: 'resnet18' } },
  loss: [{ name: 'bce', weight: 5 }, { name: 'dice' }],
  optimizer: { name: 'adamw', learningRate: 1e-3 },
  schedule: { name: 'oneCycle' },
  training: { length: { steps: 8 }, batchSize: 2 },
};

/** `minimal` with one place set to another value, or removed where the value is undefined. */
export function changed(path: string, value: unknown): unknown {
  const copy = structuredClone(minimal) as Record<string, unknown>;
  const keys = path.split('.');
  let place = copy;
  for (const key of keys.slice(0, -1)) place = (place[key] ??= {}) as Record<string, unknown>;
  if (value === undefined) Reflect.deleteProperty(place, keys.at(-1)!);
  else place[keys.at(-1)!] = value;
  return copy;
}
