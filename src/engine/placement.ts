import { startedEngine } from './running.ts';

/** An op of a graph as TensorFlow ran it, after its optimizations. */
export interface PlacedOp {
  /** Its name in the graph. */
  readonly node: string;
  /** For example `Conv2D`. */
  readonly op: string;
  /** `CPU:0` or `GPU:0`. */
  readonly device: string;
}

/** Does `work` and tells where each op of the compiled functions that it awaited was run. */
export async function recordPlacement(work: () => Promise<void>): Promise<PlacedOp[]> {
  const { native } = startedEngine();
  native.recordPlacement(true);
  try {
    await work();
    return native.placement().map(({ name, op, device }) => ({
      node: name,
      op,
      device: device.replace(/^.*device:/, ''),
    }));
  } finally {
    native.recordPlacement(false);
  }
}
