import { Jimp, loadFont } from 'jimp';
import { SANS_16_WHITE } from 'jimp/fonts';
import sharp from 'sharp';
import { bytesOf } from '../core/bytes.ts';
import { classColours } from '../labels/colours.ts';
import type { Rgb } from '../labels/colours.ts';
import { selectClasses } from '../labels/classSets.ts';
import type { LabelMap } from '../labels/labelMap.ts';
import { classAreas } from '../labels/overlap.ts';
import { renderOverlay } from '../labels/overlay.ts';
import type { Image } from '../pixels/image.ts';
import { pipelineOf } from './pictures.ts';

const line = 22;
const margin = 12;
const swatch = 14;
const letter = 10;
const background = { r: 17, g: 19, b: 23 };

/**
 * An image with masks drawn over it at full size, and beside it a legend of the classes that are there, with their
 * pixels.
 *
 * @param labels of the image's size, classes in the order of `classes`.
 * @param shown the classes to draw; all unless given.
 * @returns an RGB image.
 */
export async function submissionPicture(
  image: Image,
  labels: LabelMap,
  classes: readonly string[],
  shown: readonly string[] = classes,
): Promise<Image> {
  const indices = shown.map((name) => classes.indexOf(name));
  const all = classColours(classes.length);
  const colours = indices.map((index) => all[index]!);
  const chosen = await selectClasses(labels, indices);
  const areas = await classAreas(chosen);
  const overlay = renderOverlay(image, chosen, { colours });
  const rows = shown.flatMap((name, c) =>
    areas[c]! > 0
      ? [{ text: `${fit(name)}  ${areas[c]!.toLocaleString('en')} px`, colour: colours[c]! }]
      : [],
  );
  const key = await legend(rows.length > 0 ? rows : [{ text: 'nothing', colour: [90, 90, 90] }]);
  const height = Math.max(overlay.height, key.height);
  const data = await sharp({
    create: { width: overlay.width + key.width, height, channels: 3, background },
  })
    .composite([
      { input: await pipelineOf(overlay).png({ compressionLevel: 0 }).toBuffer(), left: 0, top: 0 },
      { input: key.data, raw: key, left: overlay.width, top: 0 },
    ])
    .removeAlpha()
    .raw()
    .toBuffer();
  return { width: overlay.width + key.width, height, channels: 3, data: bytesOf(data) };
}

/** The built-in bitmap font has Latin letters alone. */
async function legend(
  rows: readonly { readonly text: string; readonly colour: Rgb }[],
): Promise<{ readonly width: number; readonly height: number; readonly channels: 4; readonly data: Buffer }> {
  const font = await loadFont(SANS_16_WHITE);
  const longest = Math.max(...rows.map(({ text }) => text.length));
  const [width, height] = [3 * margin + swatch + letter * longest, 2 * margin + line * rows.length];
  const picture = new Jimp({ width, height });
  for (const [index, { text, colour }] of rows.entries()) {
    const top = margin + index * line;
    const [red, green, blue] = colour;
    picture.scan(margin, top + 2, swatch, swatch, (_x, _y, at) => {
      picture.bitmap.data.set([red, green, blue, 255], at);
    });
    picture.print({ font, x: 2 * margin + swatch, y: top, text });
  }
  return { width, height, channels: 4, data: picture.bitmap.data };
}

const longestName = 40;
const fit = (name: string): string =>
  name.length <= longestName ? name : `${name.slice(0, longestName - 3)}...`;
