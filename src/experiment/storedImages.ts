import { PhalanxError } from '../core/errors.ts';
import type { SampleEntry } from '../data/dataset.ts';
import { LogitStore } from '../inference/store/logitStore.ts';
import type { PlannedMember } from './ensembleMembers.ts';

/**
 * The images and classes of the first folder of logits among the members; that the others have the same is checked
 * where they are joined.
 *
 * @throws PhalanxError `logits/none` when there are none, `logits/damaged`.
 */
export async function storedImages(
  planned: readonly PlannedMember[],
): Promise<{ readonly classes: readonly string[]; readonly entries: readonly SampleEntry[] }> {
  const folder = firstFolder(planned);
  const store = new LogitStore(folder);
  const images = await store.images();
  if (images.length === 0) {
    throw new PhalanxError('logits/none', {
      what: 'The folder holds no logits',
      where: folder,
      expected: 'files such as image1.png.logits',
      fix: 'Import them with phalanx logits import',
    });
  }
  const { info } = await store.read(images[0]!);
  const entries = images.map((id) => ({ id, person: id, imagePath: id }));
  return { classes: info.classes, entries };
}

function firstFolder(planned: readonly PlannedMember[]): string {
  const [first] = planned;
  if (first?.kind === 'logits') return first.folder;
  if (first?.kind === 'ensemble') return firstFolder(first.members);
  throw new Error('an ensemble without runs has logits');
}
