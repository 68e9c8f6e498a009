import { zipSync } from 'fflate';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readMetaData } from '../../src/data/handBone/metaData.ts';
import { temporaryFolder, write } from '../temporaryFolder.ts';

const goldens = new URL('../goldens/metaData/', import.meta.url).pathname;

test.each(['meta_data.xlsx', 'utf8.csv', 'eucKr.csv'])(
  'reads %s as pandas and Excel leave it',
  async (name) => {
    const { persons, defects } = await readMetaData(join(goldens, name));
    expect([...persons.values()]).toEqual([
      { id: 'ID001', age: 27, sex: 'male', weight: 74.5, height: 175 },
      { id: 'ID002', age: 31, sex: 'female', weight: 52, height: 160.5, remarks: '네일아트' },
      { id: 'ID003' },
      { id: 'ID004', height: 170 },
    ]);
    expect(defects.map(({ severity, what }) => `${severity}: ${what}`)).toEqual([
      'warning: The cell 나이 of row 5 (ID004) cannot be used',
      'warning: The cell 성별 of row 5 (ID004) cannot be used',
      'warning: The cell 체중(몸무게) of row 5 (ID004) cannot be used',
      'warning: The cell ID of row 6 (ID001) cannot be used',
    ]);
  },
);

test.each(['farRow.xlsx', 'farColumn.xlsx'])('refuses %s, whose gaps would fill the memory', async (name) => {
  await expect(readMetaData(join(goldens, name))).rejects.toMatchObject({
    code: 'metadata/unreadable',
    message: expect.stringContaining('beyond row') as string,
  });
});

test('refuses an archive that unpacks into too much', async () => {
  const path = join(await temporaryFolder(), 'meta_data.xlsx');
  await write(path, zipSync({ 'xl/worksheets/sheet1.xml': new Uint8Array(40 * 2 ** 20) }));
  await expect(readMetaData(path)).rejects.toThrow(/unpacks to more than/);
});

test.each([
  ['xlsx', 'not an archive'],
  ['xlsx', ''],
  ['csv', ''],
  ['csv', 'a,b\n1,2'],
  ['csv', '"unclosed'],
  ['csv', new Uint8Array([0xff, 0xff, 0x00, 0x80])],
])('names an .%s file that is no such table', async (extension, content) => {
  const path = join(await temporaryFolder(), `meta_data.${extension}`);
  await write(path, content);
  await expect(readMetaData(path)).rejects.toMatchObject({
    code: 'metadata/unreadable',
    message: expect.stringContaining(path) as string,
  });
});
