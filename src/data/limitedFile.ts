import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { PhalanxError, messageOf } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';

const { O_RDONLY, O_NONBLOCK } = constants;

/** What a file is called in messages, the codes it fails with and the most bytes it may have. */
export interface FileKind {
  /** As in "The image cannot be read". */
  readonly noun: string;
  readonly missing: ErrorCode;
  readonly unreadable: ErrorCode;
  readonly maxBytes: number;
}

/**
 * Reads a regular file, or its first `length` bytes: what is larger than the limit, a device or a pipe is refused
 * before a byte of it is read.
 *
 * @throws PhalanxError with the kind's codes.
 */
export async function readLimitedFile(path: string, kind: FileKind, length = kind.maxBytes): Promise<Buffer> {
  try {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would never return.
    const file = await open(path, O_RDONLY | O_NONBLOCK);
    try {
      const status = await file.stat();
      if (!status.isFile()) throw refusal(path, kind, 'a regular file', 'something else');
      if (status.size > kind.maxBytes) {
        throw refusal(path, kind, `at most ${kind.maxBytes} bytes`, `${status.size} bytes`);
      }
      const bytes = Buffer.allocUnsafeSlow(Math.min(status.size, length));
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof PhalanxError) throw cause;
    const gone = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new PhalanxError(
      gone ? kind.missing : kind.unreadable,
      {
        what: gone ? `The ${kind.noun} does not exist` : `The ${kind.noun} cannot be read`,
        where: path,
        ...(gone ? {} : { received: messageOf(cause) }),
      },
      { cause },
    );
  }
}

function refusal(path: string, kind: FileKind, expected: string, received: string): PhalanxError {
  return new PhalanxError(kind.unreadable, {
    what: `The ${kind.noun} cannot be read`,
    where: path,
    expected,
    received,
  });
}
