import { z } from 'zod';
import type { Random } from '../core/random.ts';
import type { Sample } from '../data/dataset.ts';
import type { ImageSize } from '../pixels/image.ts';
import type { Move } from './move.ts';

/** Draws what is random and returns the transformed sample; the given sample stays as it is. */
export type ApplyTransform<Options> = (sample: Sample, options: Options, random: Random) => Promise<Sample>;

/** Draws what is random and says where the pixels of an image of this size go, image and labels alike. */
export type MoveTransform<Options> = (
  size: ImageSize,
  options: Options,
  random: Random,
) => readonly Move[] | Promise<readonly Move[]>;

/** As `MoveTransform`, by what the sample shows. */
export type MoveByContent<Options> = (sample: Sample, options: Options, random: Random) => readonly Move[];

/** What a transform does once its probability `p` has been drawn: move pixels, or anything else. */
export type Effect<Options> =
  | { readonly kind: 'geometry'; readonly move: MoveTransform<Options> }
  | { readonly kind: 'content'; readonly moveIn: MoveByContent<Options> }
  | { readonly kind: 'sample'; readonly apply: ApplyTransform<Options> };

/**
 * A transform: its name (albumentations' class name), the schema of its options (albumentations' parameters in camel
 * case, with its defaults), and what it does.
 */
export interface TransformDefinition<Name extends string = string, Schema extends z.ZodType = z.ZodType> {
  readonly name: Name;
  readonly schema: Schema;
  readonly effect: Effect<z.output<Schema>>;
  /** What it says against images of so many channels, after its name; undefined where it takes them. */
  readonly channelDefect?: ChannelObjection<z.output<Schema>> | undefined;
}

type ChannelObjection<Options> = (options: Options, channels: number) => string | undefined;

/** Of what is only known of grey and colour images. */
export function greyOrColour(_options: unknown, channels: number): string | undefined {
  return channels === 1 || channels === 3 ? undefined : 'takes images of 1 or 3 channels';
}

/** Probability in [0, 1], with a transform's default. */
export function probability(byDefault: number): z.ZodDefault<z.ZodNumber> {
  return z.number().min(0).max(1).default(byDefault);
}

type TransformSchema<Name extends string, Options extends z.ZodRawShape> = z.ZodObject<
  { name: z.ZodLiteral<Name> } & Options,
  z.core.$strict
>;

type Shape = z.ZodRawShape & { p: z.ZodDefault<z.ZodNumber> };
/** What is wrong with options that are valid one by one, if anything. */
type Objection<Options> = (options: Options) => string | undefined;

/** A transform of a whole sample. */
export function defineTransform<Name extends string, Options extends Shape>(
  name: Name,
  options: Options,
  apply: ApplyTransform<z.output<TransformSchema<Name, Options>>>,
  {
    objection,
    channelDefect,
  }: {
    readonly objection?: Objection<z.output<TransformSchema<Name, Options>>>;
    readonly channelDefect?: ChannelObjection<z.output<TransformSchema<Name, Options>>>;
  } = {},
): TransformDefinition<Name, TransformSchema<Name, Options>> {
  const schema = schemaOf(name, options, objection);
  return { name, schema, effect: { kind: 'sample', apply }, channelDefect };
}

/** A transform that moves pixels, which may be done in one pass with its neighbours. */
export function defineGeometric<Name extends string, Options extends Shape>(
  name: Name,
  options: Options,
  move: MoveTransform<z.output<TransformSchema<Name, Options>>>,
  objection?: Objection<z.output<TransformSchema<Name, Options>>>,
): TransformDefinition<Name, TransformSchema<Name, Options>> {
  return { name, schema: schemaOf(name, options, objection), effect: { kind: 'geometry', move } };
}

/** As `defineGeometric`, of a transform that has to see the sample. */
export function defineByContent<Name extends string, Options extends Shape>(
  name: Name,
  options: Options,
  moveIn: MoveByContent<z.output<TransformSchema<Name, Options>>>,
): TransformDefinition<Name, TransformSchema<Name, Options>> {
  return { name, schema: schemaOf(name, options), effect: { kind: 'content', moveIn } };
}

function schemaOf<Name extends string, Options extends Shape>(
  name: Name,
  options: Options,
  objection?: Objection<z.output<TransformSchema<Name, Options>>>,
): TransformSchema<Name, Options> {
  const object: unknown = z.strictObject({ name: z.literal(name), ...options });
  const schema = object as TransformSchema<Name, Options>;
  if (objection === undefined) return schema;
  return schema.superRefine((value, context) => {
    const message = objection(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
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
