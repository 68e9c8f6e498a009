import sharp from 'sharp';
import { strToU8, zipSync } from 'fflate';
import { messageOf, PhalanxError } from '../../core/errors.ts';
import { writeFileAtomic } from '../../core/atomicFile.ts';
import type { PhantomPerson } from './person.ts';
import type { HandPicture } from './renderHand.ts';

/** Writes the grey picture three times over, as the competition's files hold it: an 8-bit RGB PNG. */
export async function writePicture(path: string, { size, grey }: HandPicture): Promise<void> {
  const raw = { width: size, height: size, channels: 1 } as const;
  let bytes: Buffer;
  try {
    bytes = await sharp(grey, { raw })
      .toColourspace('srgb')
      .png({ compressionLevel: 3, adaptiveFiltering: false })
      .toBuffer();
  } catch (cause) {
    throw new PhalanxError(
      'phantom/encode',
      { what: 'A phantom picture could not be encoded', where: path, received: messageOf(cause) },
      { cause },
    );
  }
  await writeFileAtomic(path, bytes);
}

/** Writes a picture's polygons with all keys that the competition's annotation tool leaves. */
export async function writeAnnotation(
  path: string,
  { size, polygons }: HandPicture,
  filename: string,
  parentPath: string,
): Promise<void> {
  const document = {
    annotations: polygons.map(({ label, points }, index) => ({
      id: `phantom-${String(index + 1).padStart(2, '0')}`,
      type: 'poly_seg',
      attributes: {},
      points,
      label,
    })),
    attributes: {},
    file_id: filename.replace(/\.png$/, ''),
    filename,
    parent_path: parentPath,
    last_modifier_id: 'phantom',
    metadata: { height: size, width: size },
    last_workers: 'phantom',
  };
  await writeFileAtomic(path, JSON.stringify(document));
}

const columns = ['ID', '나이', '성별', '체중(몸무게)', '키(신장)', 'Unnamed: 5'] as const;

/**
 * Writes the table of people as the competition's `meta_data.xlsx`, stray `_x0008_` (an escaped backspace) in some
 * cells of the sex column included. The smallest workbook that OOXML (ECMA-376) allows, with inline strings.
 */
export async function writeMetadata(path: string, people: readonly PhantomPerson[]): Promise<void> {
  const rows = people.map((person) => [
    Number(person.id.replace(/^ID/, '')),
    person.age,
    (person.random.derive('typing').chance(0.06) ? '_x0008_' : '') + (person.sex === 'male' ? '남' : '여'),
    person.weight,
    person.height,
    person.remarks ?? '',
  ]);
  const xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
  const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
  const packaged = 'http://schemas.openxmlformats.org/package/2006';
  const contentType = 'application/vnd.openxmlformats-officedocument.spreadsheetml';
  const parts: Record<string, string> = {
    '[Content_Types].xml':
      `<Types xmlns="${packaged}/content-types">` +
      '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
      `<Override PartName="/xl/workbook.xml" ContentType="${contentType}.sheet.main+xml"/>` +
      `<Override PartName="/xl/worksheets/sheet1.xml" ContentType="${contentType}.worksheet+xml"/></Types>`,
    '_rels/.rels':
      `<Relationships xmlns="${packaged}/relationships">` +
      `<Relationship Id="rId1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml':
      `<workbook xmlns="${main}" xmlns:r="${office}">` +
      '<sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
    'xl/_rels/workbook.xml.rels':
      `<Relationships xmlns="${packaged}/relationships">` +
      `<Relationship Id="rId1" Type="${office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
    'xl/worksheets/sheet1.xml': `<worksheet xmlns="${main}"><sheetData>${[columns, ...rows]
      .map(
        (cells, index) =>
          `<row r="${index + 1}">${cells.map((cell, column) => cellXml(cell, column, index + 1)).join('')}</row>`,
      )
      .join('')}</sheetData></worksheet>`,
  };
  const files = Object.fromEntries(Object.entries(parts).map(([name, text]) => [name, strToU8(xml + text)]));
  // A fixed time, so that the same people give the same bytes.
  await writeFileAtomic(path, zipSync(files, { mtime: new Date(2023, 0, 1) }));
}

function cellXml(value: string | number, column: number, row: number): string {
  if (value === '') return '';
  const reference = `${String.fromCharCode(65 + column)}${row}`;
  if (typeof value === 'number') return `<c r="${reference}"><v>${value}</v></c>`;
  return `<c r="${reference}" t="inlineStr"><is><t>${value}</t></is></c>`;
}
