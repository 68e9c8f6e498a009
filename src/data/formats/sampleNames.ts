import { basename } from 'node:path';
import type { SampleEntry, Split } from '../dataset.ts';
import type { Defect } from '../defect.ts';

/**
 * Names for images: base names where each of them occurs once, else whole paths with `_` between folders. What still
 * occurs twice is a defect.
 */
export function sampleNames(
  images: readonly { readonly relative: string; readonly path: string }[],
  defects: Defect[],
): string[] {
  const bases = images.map(({ relative }) => basename(relative));
  const whole = new Set(bases).size < bases.length;
  const first = new Map<string, string>();
  return images.map(({ relative, path }, index) => {
    const name = whole ? relative.replaceAll('/', '_') : bases[index]!;
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, path);
    else defects.push(repeatedName(path, earlier));
    return name;
  });
}

/** The entries of both splits; having none is a defect. */
export function splitEntries(
  root: string,
  entries: readonly { readonly split: Split; readonly entry: SampleEntry }[],
  expected: string,
  defects: Defect[],
): Record<Split, SampleEntry[]> {
  const of = (wanted: Split) => entries.filter(({ split }) => split === wanted).map(({ entry }) => entry);
  if (entries.length === 0) {
    defects.push({
      severity: 'error',
      code: 'dataset/empty',
      file: root,
      what: 'The dataset has no images',
      expected,
      fix: 'Correct data.root or data.format',
    });
  }
  return { train: of('train'), test: of('test') };
}

const repeatedName = (file: string, earlier: string): Defect => ({
  severity: 'error',
  code: 'dataset/repeated-name',
  file,
  what: 'Two images have the same name',
  expected: 'every image to have a name of its own, since submissions know images by name',
  received: `the name of ${earlier}`,
  fix: 'Rename one of them, and its labels',
});
