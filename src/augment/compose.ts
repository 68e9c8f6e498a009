import type { CompositionSpec, TransformSpec } from './spec.ts';

type Spec<Name extends CompositionSpec['name']> = Extract<CompositionSpec, { readonly name: Name }>;
type Options<Name extends CompositionSpec['name']> = Omit<Spec<Name>, 'name' | 'transforms'>;

/** All of the transforms, in order; consecutive geometric ones in one pass, unless `fuse` is false. */
export function compose(transforms: readonly TransformSpec[], options: Options<'Compose'> = {}) {
  return { name: 'Compose', transforms, ...options } as const satisfies TransformSpec;
}

/** All of the transforms in order, or (by default half of the time) none of them. */
export function sequential(transforms: readonly TransformSpec[], options: Options<'Sequential'> = {}) {
  return { name: 'Sequential', transforms, ...options } as const satisfies TransformSpec;
}

/** One of the transforms, chosen in proportion to their `p`, or (by default half of the time) none. */
export function oneOf(transforms: readonly TransformSpec[], options: Options<'OneOf'> = {}) {
  return { name: 'OneOf', transforms, ...options } as const satisfies TransformSpec;
}

/** `n` of the transforms (by default one), chosen evenly, in their order, each with its own `p`. */
export function someOf(transforms: readonly TransformSpec[], options: Options<'SomeOf'> = {}) {
  return { name: 'SomeOf', transforms, ...options } as const satisfies TransformSpec;
}
