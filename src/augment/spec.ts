import { z } from 'zod';
import { PhalanxError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { probability } from './definition.ts';
import type { LeafName, LeafSpec, ResolvedLeaf } from './registry.ts';
import { registry } from './registry.ts';

interface Group<Name extends string> {
  readonly name: Name;
  readonly transforms: readonly TransformSpec[];
  readonly p?: number | undefined;
}

/** Several transforms as one, as a person writes it. */
export type CompositionSpec =
  /** All of them, in order; consecutive geometric transforms in one pass (one interpolation) unless `fuse` is false. */
  | (Group<'Compose'> & { readonly fuse?: boolean | undefined })
  | (Group<'Sequential'> & { readonly fuse?: boolean | undefined })
  /** One of them, chosen with probabilities in proportion to their `p`, and then always applied. */
  | Group<'OneOf'>
  /** `n` of them, chosen evenly and applied in their order, each with its own `p`. */
  | (Group<'SomeOf'> & { readonly n?: number | undefined; readonly replace?: boolean | undefined });

export type TransformSpec = LeafSpec | CompositionSpec;

interface ResolvedGroup {
  readonly transforms: readonly ResolvedTransform[];
  readonly p: number;
}
export type ResolvedComposition =
  | ({ readonly name: 'Compose' | 'Sequential'; readonly fuse: boolean } & ResolvedGroup)
  | ({ readonly name: 'OneOf' } & ResolvedGroup)
  | ({ readonly name: 'SomeOf'; readonly n: number; readonly replace: boolean } & ResolvedGroup);
/** A transform with every option filled in. */
export type ResolvedTransform = ResolvedLeaf | ResolvedComposition;

const children = z.lazy(() => z.array(transformSchema).min(1).max(1000).readonly());

/** Whether consecutive geometric transforms are done in one pass, so that the image is interpolated once. */
const fuse = z.boolean().default(true);

export const compositions = {
  Compose: z.strictObject({ name: z.literal('Compose'), transforms: children, fuse, p: probability(1) }),
  OneOf: z
    .strictObject({ name: z.literal('OneOf'), transforms: children, p: probability(0.5) })
    .refine(({ transforms }) => transforms.some(({ p }) => p > 0), {
      error: 'at least one transform needs p above 0 to be chosen',
    }),
  Sequential: z.strictObject({
    name: z.literal('Sequential'),
    transforms: children,
    fuse,
    p: probability(0.5),
  }),
  SomeOf: z.strictObject({
    name: z.literal('SomeOf'),
    transforms: children,
    n: z.int().min(1).max(1000).default(1),
    replace: z.boolean().default(false),
    p: probability(1),
  }),
};

const schemas: Readonly<Record<string, z.ZodType>> = {
  ...compositions,
  ...Object.fromEntries(Object.values(registry).map(({ name, schema }) => [name, schema])),
};

export type TransformName = LeafName | CompositionSpec['name'];

/** Every name that a transform may have, in alphabetical order. */
export const transformNames = Object.keys(schemas).sort() as readonly TransformName[];

/** Names of albumentations that are no augmentation here, and what to use instead. */
const elsewhere: Readonly<Record<string, string>> = {
  Normalize: 'samples are 8-bit images; set data.normalization, which training and prediction apply alike',
  ToTensorV2: 'nothing is needed in its place',
};

/** Deepest nesting of compositions. */
const maxDepth = 16;

function depthOf(value: unknown, depth = 0): number {
  if (depth > maxDepth || typeof value !== 'object' || value === null) return depth;
  const inner: unknown = 'transforms' in value ? value.transforms : undefined;
  if (!Array.isArray(inner)) return depth;
  return Math.max(depth, ...inner.slice(0, 1000).map((child) => depthOf(child, depth + 1)));
}

/**
 * Validates a transform written as data and fills in its defaults. Issues name the key; an unknown name comes with
 * the nearest valid one.
 */
export const transformSchema: z.ZodType<ResolvedTransform, TransformSpec> = z
  .unknown()
  .transform((value, context) => {
    const issue = (message: string, path: PropertyKey[]): never => {
      context.addIssue({ code: 'custom', message, path, input: value });
      return z.NEVER;
    };
    if (typeof value !== 'object' || value === null) {
      return issue('expected a transform, such as { name: "HorizontalFlip", p: 0.5 }', []);
    }
    if (depthOf(value) > maxDepth) return issue(`transforms are nested more than ${maxDepth} deep`, []);
    const name: unknown = 'name' in value ? value.name : undefined;
    if (typeof name !== 'string') return issue('expected the name of a transform', ['name']);
    const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
    if (schema === undefined) {
      const meant = nearest(name, transformNames);
      const hint =
        elsewhere[name] ??
        (meant === undefined ? `known are ${transformNames.join(', ')}` : `did you mean "${meant}"?`);
      return issue(`unknown transform "${name}"; ${hint}`, ['name']);
    }
    const result = schema.safeParse(value);
    if (result.success) return result.data as ResolvedTransform;
    for (const defect of result.error.issues) {
      const { path } = defect;
      if (defect.code !== 'unrecognized_keys') {
        context.addIssue({ code: 'custom', message: defect.message, path: [...path], input: value });
        continue;
      }
      const known = path.length === 0 && schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
      for (const key of defect.keys) {
        const meant = nearest(key, known);
        const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
        issue(`not a parameter of ${name}${hint}`, [...path, key]);
      }
    }
    return z.NEVER;
  }) as unknown as z.ZodType<ResolvedTransform, TransformSpec>;

/**
 * Checks a transform from outside, for example from JSON.
 *
 * @param where Named in the error: a file, or a key of an experiment.
 * @throws PhalanxError `augment/invalid` naming every wrong key.
 */
export function parseTransform(value: unknown, where = 'the transform'): ResolvedTransform {
  const result = transformSchema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.slice(0, 20);
  throw new PhalanxError('augment/invalid', {
    what: 'The augmentation is not valid',
    where,
    received: issues
      .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
      .join('; '),
    fix: 'Correct these keys; names and parameters are those of albumentations, in camel case',
  });
}
