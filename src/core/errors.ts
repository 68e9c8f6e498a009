/** Where an error came from and what a person can do about it; each part becomes part of the one-sentence message. */
export interface ErrorParts {
  /** What went wrong, without a full stop. */
  readonly what: string;
  /** File, key path, tensor or row where it went wrong. */
  readonly where?: string;
  readonly expected?: string;
  readonly received?: string;
  /** Where several things are wrong: each of them, as a clause of its own. */
  readonly details?: readonly string[];
  /** What to do about it. */
  readonly fix?: string;
}

/** `area/defect` in kebab case; stable across releases, so scripts may branch on it. */
export type ErrorCode = `${string}/${string}`;

/** An error that the person at the keyboard can act on. Anything else that is thrown is a defect of Phalanx. */
export class PhalanxError extends Error {
  override readonly name = 'PhalanxError';
  readonly code: ErrorCode;
  readonly parts: ErrorParts;

  constructor(code: ErrorCode, parts: ErrorParts, options?: { cause?: unknown }) {
    super(sentence(parts), options);
    this.code = code;
    this.parts = parts;
  }
}

function sentence({ what, where, expected, received, details = [], fix }: ErrorParts): string {
  const place = where === undefined ? '' : ` (${where})`;
  const contrast = [
    expected === undefined ? undefined : `expected ${expected}`,
    received === undefined ? undefined : `received ${received}`,
  ].filter((part) => part !== undefined);
  const clauses = [...(contrast.length === 0 ? [] : [contrast.join(', ')]), ...details];
  const reasons = clauses.length === 0 ? '' : `: ${clauses.join('; ')}`;
  const first = ended(`${what}${place}${reasons}`);
  return fix === undefined ? first : `${first} ${ended(fix)}`;
}

function ended(sentence: string): string {
  return /[.?]$/.test(sentence) ? sentence : `${sentence}.`;
}

/** The message of whatever was thrown, for use inside another message. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
