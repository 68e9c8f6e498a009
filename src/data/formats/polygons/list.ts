import type { Person } from '../../dataset.ts';
import { errorDefect } from '../../defect.ts';
import type { Defect } from '../../defect.ts';
import { listHandBone } from '../../handBone/layout.ts';
import { readMetaData } from '../../handBone/metaData.ts';
import { handBoneDataset } from '../../handBone/reader.ts';
import type { Listing } from '../listing.ts';

/**
 * Lists a dataset in the layout of the hand-bone competition with other classes.
 *
 * @throws PhalanxError `dataset/missing`, `dataset/too-large`.
 */
export async function listPolygons(
  root: string,
  { classes }: { readonly classes: readonly string[] },
): Promise<Listing> {
  const listing = await listHandBone(root);
  const { metaDataPath } = listing;
  const defects: Defect[] = [...listing.defects];
  let persons: ReadonlyMap<string, Person> = new Map();
  if (metaDataPath !== undefined) {
    try {
      const table = await readMetaData(metaDataPath);
      persons = table.persons;
      defects.push(...table.defects);
    } catch (thrown) {
      defects.push(errorDefect(thrown, metaDataPath));
    }
  }
  return { dataset: handBoneDataset(listing, persons, { classes }), defects };
}
