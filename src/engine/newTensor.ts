import { PhalanxError, messageOf } from '../core/errors.ts';
import type { NativeEngine, TensorValues } from './native.ts';

/**
 * Copies values into a new tensor of the engine and returns its number.
 *
 * @throws PhalanxError `engine/tensor` when they do not fit the shape, or there is no memory
 */
export function newTensor(
  native: NativeEngine,
  shape: readonly number[],
  type: number,
  values: TensorValues,
): number {
  try {
    return native.createTensor(shape, type, values);
  } catch (cause) {
    throw new PhalanxError(
      'engine/tensor',
      { what: 'A tensor could not be made', received: messageOf(cause) },
      { cause },
    );
  }
}
