import type { NativeEngine } from './native.ts';

/** The native side of an AbortSignal for one call. */
export interface Cancellation {
  /** The engine's number of it; undefined without a signal. */
  readonly id: number | undefined;
  /** Lets go of signal and engine, once the call is settled. */
  release(): void;
}

/** Makes what stops a call when `signal` is aborted, which it is not yet. */
export function cancellationOf(native: NativeEngine, signal: AbortSignal | undefined): Cancellation {
  if (signal === undefined) return { id: undefined, release: () => undefined };
  const id = native.newCancellation();
  const cancel = () => native.cancel(id);
  signal.addEventListener('abort', cancel, { once: true });
  return {
    id,
    release() {
      signal.removeEventListener('abort', cancel);
      native.deleteCancellation(id);
    },
  };
}
