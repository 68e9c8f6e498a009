import { describe, expect, test } from 'vitest';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic, writeFileAtomic } from '../../src/core/atomicFile.ts';
import { temporaryFolder } from '../temporaryFolder.ts';

describe('atomic files', () => {
  test('write what they are given, in folders that did not exist', async () => {
    const path = join(await temporaryFolder(), 'a', 'b', 'file.txt');
    await writeFileAtomic(path, 'ünïcode');
    expect(await readFile(path, 'utf8')).toBe('ünïcode');
  });

  test('keep the old file and leave no temporary one when writing fails', async () => {
    const directory = await temporaryFolder();
    const path = join(directory, 'file.txt');
    await writeFile(path, 'old');
    const failing = writeAtomic(path, async (file) => {
      await file.write('half of the new');
      throw Object.assign(new Error('the disk went away'), { code: 'EIO' });
    });
    await expect(failing).rejects.toMatchObject({ code: 'file/write' });
    const defect = new TypeError('a mistake in the code that writes');
    await expect(writeAtomic(path, () => Promise.reject(defect))).rejects.toBe(defect);
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(directory)).toEqual(['file.txt']);
  });

  test('a place that cannot be written is one clear error', async () => {
    const path = join(await temporaryFolder(), 'taken');
    await mkdir(path);
    await expect(writeFileAtomic(path, 'x')).rejects.toThrow(/could not be written \(.*taken/);
  });

  test('a full disk says so', async () => {
    await expect(writeFileAtomic('/dev/full/x', 'x')).rejects.toMatchObject({ code: 'file/write' });
    const full = writeAtomic(join(await temporaryFolder(), 'x'), () => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    });
    await expect(full).rejects.toThrow(/The disk is full/);
  });

  test('many writers of one file leave one whole file', async () => {
    const directory = await temporaryFolder();
    const path = join(directory, 'file.txt');
    const contents = Array.from({ length: 20 }, (_, i) => String(i).repeat(100_000));
    await Promise.all(contents.map((content) => writeFileAtomic(path, content)));
    expect(contents).toContain(await readFile(path, 'utf8'));
    expect(await readdir(directory)).toEqual(['file.txt']);
  });
});
