import { PhalanxError } from '../core/errors.ts';
import type { ErrorCode, ErrorParts } from '../core/errors.ts';

/** `error`: must not be trained on as it is. `warning`: can be used, and is worth a look. */
export type Severity = 'error' | 'warning';

/** One thing wrong with one file of a dataset; a check lists them all, a reader throws the first error. */
export interface Defect {
  readonly severity: Severity;
  readonly code: ErrorCode;
  /** The file or folder that is wrong. */
  readonly file: string;
  readonly what: string;
  readonly expected?: string;
  readonly received?: string;
  readonly fix?: string;
}

/** The defect as the error that a reader throws. */
export function defectError(defect: Defect): PhalanxError {
  const { code, file, what, expected, received, fix } = defect;
  const parts: ErrorParts = {
    what,
    where: file,
    ...(expected === undefined ? {} : { expected }),
    ...(received === undefined ? {} : { received }),
    ...(fix === undefined ? {} : { fix }),
  };
  return new PhalanxError(code, parts);
}

/** The error that a reader threw about `file`, as a defect. Anything but a `PhalanxError` is thrown on. */
export function errorDefect(thrown: unknown, file: string): Defect {
  if (!(thrown instanceof PhalanxError)) throw thrown;
  const { what, where, expected, received, fix } = thrown.parts;
  return {
    severity: 'error',
    code: thrown.code,
    file: where ?? file,
    what,
    ...(expected === undefined ? {} : { expected }),
    ...(received === undefined ? {} : { received }),
    ...(fix === undefined ? {} : { fix }),
  };
}
