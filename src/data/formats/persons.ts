import type { Defect } from '../defect.ts';
import type { FoundImage } from './foundImages.ts';
import type { Layout } from './layoutOptions.ts';

/**
 * Who each image shows; see `person` of the layout. An image whose path the expression does not fit is a defect:
 * nobody could tell which fold it belongs to.
 */
export function personFinder(
  { person }: Pick<Layout, 'person'>,
  defects: Defect[],
): (image: Pick<FoundImage, 'relative' | 'path'>) => string {
  if (person === undefined) {
    return ({ relative }) => (relative.includes('/') ? relative.slice(0, relative.indexOf('/')) : relative);
  }
  const expression = new RegExp(person, 'u');
  return ({ relative, path }) => {
    const found = expression.exec(relative)?.[1];
    if (found === undefined) defects.push(withoutPerson(path, relative, person));
    return found ?? relative;
  };
}

const withoutPerson = (file: string, relative: string, person: string): Defect => ({
  severity: 'error',
  code: 'dataset/unknown-person',
  file,
  what: 'It cannot be told whom the image shows',
  expected: `a path that data.format.person fits, ${person}`,
  received: relative,
});
