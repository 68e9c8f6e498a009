import type { Defect } from '../defect.ts';
import type { CheckedSample } from './checkedSample.ts';
import { correlation } from './duplicates.ts';
import type { ImageFacts } from './imageFacts.ts';
import { fewestImages } from './arrangement.ts';
import { median } from './robust.ts';

type Pictured = CheckedSample & { readonly image: ImageFacts };

/** Fewest grey values between the darkest hundredth and the brightest thousandth of a picture that shows something. */
const leastRange = 8;

/** Share of the images that a size or a number of channels must have for another to be unusual. */
const common = 0.95;

/** What is odd about pictures: nothing on them, another size than nearly all others, grey values the wrong way round. */
export function imageDefects(samples: readonly CheckedSample[]): Defect[] {
  const pictured = samples.filter((sample): sample is Pictured => sample.image !== undefined);
  return [...blank(pictured), ...unusualShapes(pictured), ...inverted(pictured)];
}

/** Pictures without content; slices of a volume may show nothing and have hardly any contrast, at its ends. */
function blank(pictured: readonly Pictured[]): Defect[] {
  const images = new Map<string, number>();
  for (const { entry } of pictured) images.set(entry.imagePath, (images.get(entry.imagePath) ?? 0) + 1);
  return pictured.flatMap(
    ({ image: { lowest, highest, dark, bright }, labels, entry: { imagePath } }): Defect[] => {
      const labelled = labels?.areas.some((area) => area > 0) === true;
      if (images.get(imagePath)! > 1 && !labelled) return [];
      if (lowest === highest) {
        return [
          {
            severity: labelled ? 'error' : 'warning',
            code: 'image/blank',
            file: imagePath,
            what: labelled ? 'The image shows nothing, and has labels' : 'The image shows nothing',
            expected: 'different grey values',
            received: `${lowest} everywhere`,
            fix: 'Export the image again from its source, or remove it',
          },
        ];
      }
      if (bright - dark >= leastRange) return [];
      return [
        {
          severity: 'warning',
          code: 'image/low-range',
          file: imagePath,
          what: 'The image has hardly any contrast',
          expected: `at least ${leastRange} grey values between its dark and its bright parts`,
          received: `values from ${dark} to ${bright}`,
          fix: 'Export the image again with a window that fits, or remove it',
        },
      ];
    },
  );
}

function unusualShapes(pictured: readonly Pictured[]): Defect[] {
  const describe = ({ width, height, channels }: ImageFacts): string =>
    `${width} × ${height} pixels with ${channels} ${channels === 1 ? 'channel' : 'channels'}`;
  const counts = new Map<string, number>();
  for (const { image } of pictured) counts.set(describe(image), (counts.get(describe(image)) ?? 0) + 1);
  const [usual, most] = [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best), ['', 0]);
  if (pictured.length < fewestImages || most < common * pictured.length) return [];
  return pictured
    .filter(({ image }) => describe(image) !== usual)
    .map(({ image, entry: { imagePath } }) => ({
      severity: 'warning',
      code: 'image/unusual-shape',
      file: imagePath,
      what: 'The image has another form than nearly all others',
      expected: usual,
      received: describe(image),
      fix: 'Check that it comes from the same source; it can be used as it is',
    }));
}

/** Images of one kind resemble their median this much. */
const leastLikeness = 0.4;
/** A negative resembles it as much the other way round. */
const mostLikeness = -0.4;

/** Negatives: in datasets whose images resemble each other, those that resemble them with the opposite sign. */
function inverted(pictured: readonly Pictured[]): Defect[] {
  const usable = pictured.filter(({ image: { lowest, highest } }) => lowest < highest);
  if (usable.length < fewestImages) return [];
  const pixels = usable[0]!.image.thumbnail.length;
  const middle = Uint8Array.from({ length: pixels }, (_, at) =>
    median(usable.map(({ image }) => image.thumbnail[at]!)),
  );
  const likeness = usable.map(({ image }) => correlation(middle, image.thumbnail, false));
  if (!(median(likeness) >= leastLikeness)) return [];
  return usable
    .filter((_, index) => likeness[index]! <= mostLikeness)
    .map(({ entry: { imagePath } }) => ({
      severity: 'warning',
      code: 'image/inverted',
      file: imagePath,
      what: 'The image seems to be a negative',
      expected: 'bright and dark as in the other images',
      fix: 'Invert its grey values if so',
    }));
}
