import { open, readFile, readdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { readCsvRows } from '../../src/inference/submission/csvRows.ts';
import { readSubmission } from '../../src/inference/submission/submission.ts';
import { SubmissionWriter } from '../../src/inference/submission/writer.ts';
import { temporaryFolder, write } from '../temporaryFolder.ts';

const text = (value: Uint8Array): string => new TextDecoder().decode(value);

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

describe('CSV rows', () => {
  async function rowsOf(content: string): Promise<[number, string[], string | undefined][]> {
    const rows: [number, string[], string | undefined][] = [];
    for await (const row of readCsvRows(await write(join(folder, 'rows.csv'), content))) {
      rows.push([row.line, row.fields.map(text), row.defect]);
    }
    return rows;
  }

  it('follow RFC 4180', async () => {
    const content = 'a,b\r\n"x, ""y""\nz",2\n,\n"",""\nlast';
    expect(await rowsOf(content)).toEqual([
      [1, ['a', 'b'], undefined],
      [2, ['x, "y"\nz', '2'], undefined],
      [4, ['', ''], undefined],
      [5, ['', ''], undefined],
      [6, ['last'], undefined],
    ]);
  });

  it('name wrong quotes', async () => {
    expect(await rowsOf('a"b,c"\n"a"b,c\n"a,b\n')).toEqual([
      [1, ['a"b', 'c"'], 'a quote inside an unquoted field'],
      [2, ['a', 'c'], 'text after a closing quote'],
      [3, ['a,b\n'], 'a quote that is never closed'],
    ]);
  });

  it('are the same wherever chunks end', async () => {
    const long = Array.from({ length: 40 }, (_, i) => `image${i},"cl""ass\n",${'1 '.repeat(50_000)}${i}`);
    const rows = await rowsOf(`${long.join('\n')}\n`);
    expect(rows.map(([line]) => line)).toEqual(long.map((_, i) => 2 * i + 1));
    expect(rows.map(([, fields]) => fields)).toEqual(
      long.map((_, i) => [`image${i}`, 'cl"ass\n', `${'1 '.repeat(50_000)}${i}`]),
    );
  });

  it('are limited in length', async () => {
    const path = await write(join(folder, 'long.csv'), `"${'x\n'.repeat(2 << 20)}`);
    const read = async (): Promise<void> => {
      for await (const row of readCsvRows(path, 1 << 20)) expect(row.line).toBe(0);
    };
    await expect(read()).rejects.toMatchObject({ code: 'submission/row-too-long' });
  });

  it.each(['absent.csv', '.'])('cannot be read from %s', async (name) => {
    await expect(readCsvRows(join(folder, name)).next()).rejects.toMatchObject({
      code: 'submission/unreadable',
    });
  });
});

describe('SubmissionWriter', () => {
  it('writes what the reader reads, with quotes only where needed', async () => {
    const path = join(folder, 'out', 'a.csv');
    const rle = `1 2 ${'5 6 '.repeat(600_000)}9 9`;
    const writer = await SubmissionWriter.open(path);
    await writer.write('a, "b".png', 'Radius', rle);
    await writer.write('c.png', 'Ulna', '');
    await expect(readFile(path)).rejects.toThrow();
    const written = await writer.commit();
    expect(written).toMatchObject({ rows: 2, bytes: (await readFile(path)).length });
    expect(
      (await readFile(path, 'utf8')).startsWith('image_name,class,rle\n"a, ""b"".png",Radius,1 2 5'),
    ).toBe(true);
    const rows: [string, string, string][] = [];
    for await (const row of readSubmission(path)) rows.push([row.imageName, row.className, row.rle]);
    expect(rows).toEqual([
      ['a, "b".png', 'Radius', rle],
      ['c.png', 'Ulna', ''],
    ]);
  });

  it('leaves what was there before when it is aborted', async () => {
    const path = await write(join(folder, 'a.csv'), 'old');
    {
      await using writer = await SubmissionWriter.open(path);
      await writer.write('a.png', 'Radius', '1 2');
    }
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['a.csv']);
  });

  it('says clearly that a place cannot be written', async () => {
    const blocked = join(await write(join(folder, 'a.csv'), 'old'), 'below.csv');
    await expect(SubmissionWriter.open(blocked)).rejects.toMatchObject({ code: 'file/write' });
  });

  it('says clearly that the disk is full', async () => {
    const writer = await SubmissionWriter.open(join(folder, 'a.csv'));
    const write = vi.spyOn(await fileHandlePrototype(), 'write');
    write.mockRejectedValue(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' }));
    try {
      await writer.write('a.png', 'Radius', '1 2');
      await expect(writer.commit()).rejects.toMatchObject({
        code: 'file/write',
        message: expect.stringContaining('disk is full') as string,
      });
    } finally {
      write.mockRestore();
    }
    expect(await readdir(folder)).toEqual([]);
  });

  async function fileHandlePrototype(): Promise<FileHandle> {
    const handle = await open('/dev/null');
    await handle.close();
    return Object.getPrototypeOf(handle) as FileHandle;
  }
});
