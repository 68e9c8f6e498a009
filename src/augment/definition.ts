import { z } from 'zod';
import type { Random } from '../core/random.ts';
import type { Sample } from '../data/dataset.ts';

/** Draws what is random and returns the transformed sample; the given sample stays as it is. */
export type ApplyTransform<Options> = (sample: Sample, options: Options, random: Random) => Promise<Sample>;

/**
 * A transform: its name (albumentations' class name), the schema of its options (albumentations' parameters in camel
 * case, with its defaults), and what it does to a sample once its probability `p` has been drawn.
 */
export interface TransformDefinition<Name extends string = string, Schema extends z.ZodType = z.ZodType> {
  readonly name: Name;
  readonly schema: Schema;
  readonly apply: ApplyTransform<z.output<Schema>>;
}

/** Probability in [0, 1], with a transform's default. */
export function probability(byDefault: number): z.ZodDefault<z.ZodNumber> {
  return z.number().min(0).max(1).default(byDefault);
}

type TransformSchema<Name extends string, Shape extends z.ZodRawShape> = z.ZodObject<
  { name: z.ZodLiteral<Name> } & Shape,
  z.core.$strict
>;

export function defineTransform<
  Name extends string,
  Shape extends z.ZodRawShape & { p: z.ZodDefault<z.ZodNumber> },
>(
  name: Name,
  options: Shape,
  apply: ApplyTransform<z.output<TransformSchema<Name, Shape>>>,
  /** What is wrong with options that are valid one by one, if anything. */
  objection?: (options: z.output<TransformSchema<Name, Shape>>) => string | undefined,
): TransformDefinition<Name, TransformSchema<Name, Shape>> {
  const object: unknown = z.strictObject({ name: z.literal(name), ...options });
  let schema = object as TransformSchema<Name, Shape>;
  if (objection !== undefined) {
    schema = schema.superRefine((value, context) => {
      const message = objection(value);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    });
  }
  return { name, schema, apply };
}

type OptionsOf<Definition extends TransformDefinition> = Omit<z.input<Definition['schema']>, 'name'>;
type Arguments<Options> = Partial<Options> extends Options ? [options?: Options] : [options: Options];

/** A typed function that writes the transform as data. */
export function builderOf<Name extends string, Schema extends z.ZodType<object, { name: Name }>>(
  definition: TransformDefinition<Name, Schema>,
): (
  ...args: Arguments<OptionsOf<TransformDefinition<Name, Schema>>>
) => { readonly name: Name } & OptionsOf<TransformDefinition<Name, Schema>> {
  return (...[options]) => ({ name: definition.name, ...options }) as never;
}
