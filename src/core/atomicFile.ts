import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PhalanxError, messageOf } from './errors.ts';

/**
 * Writes a file so that a reader sees either the old content or the whole new one: temporary name in the same
 * folder, flush to disk, rename. Missing parent folders are made.
 *
 * @throws PhalanxError `file/write` when the disk is full or the place cannot be written; the old file is intact.
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  await writeAtomic(path, async (file) => file.writeFile(content));
}

/** As `writeFileAtomic`, for content that is produced piece by piece. */
export async function writeAtomic(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(temporary, 'wx');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    // Only what the system says is the person's; anything else that `write` throws is a defect of its own.
    const { code } = cause as NodeJS.ErrnoException;
    if (cause instanceof PhalanxError || code === undefined) throw cause;
    const full = code === 'ENOSPC';
    throw new PhalanxError(
      'file/write',
      {
        what: full ? 'The disk is full, so the file was not written' : 'The file could not be written',
        where: path,
        received: messageOf(cause),
        fix: full
          ? 'Free some space and run the command again'
          : 'Check that the folder exists and may be written to',
      },
      { cause },
    );
  }
}
