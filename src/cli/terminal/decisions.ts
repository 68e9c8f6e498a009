import type { Decisions, Finding } from '../../inference/search/decisions.ts';
import { postProcessText } from '../../inference/search/postProcessCandidates.ts';
import { table } from '../../core/table.ts';

/** What a search found: how each class is joined and worked on, and what that is worth. */
export function decisionsText(decisions: Decisions): string {
  const { members, classes, searched, heldOut, findings } = decisions;
  const hasHeldOut = heldOut.images > 0;
  const rows = classes.map((ofClass) => [
    ofClass.name,
    sharesText(ofClass.weights),
    ofClass.threshold.toFixed(2),
    postProcessText(ofClass.postProcess) || '–',
    ofClass.before.search.toFixed(4),
    signed(ofClass.after.search - ofClass.before.search),
    signed(ofClass.crossValidated - ofClass.before.search),
    ...(hasHeldOut
      ? [
          (ofClass.before.heldOut ?? NaN).toFixed(4),
          signed((ofClass.after.heldOut ?? NaN) - (ofClass.before.heldOut ?? NaN)),
        ]
      : []),
  ]);
  const over = (value: (ofClass: Decisions['classes'][number]) => number): number =>
    classes.reduce((sum, ofClass) => sum + value(ofClass), 0) / classes.length;
  const before = over((ofClass) => ofClass.before.search);
  const heldOutBefore = over((ofClass) => ofClass.before.heldOut ?? NaN);
  rows.push([
    'mean',
    '',
    '',
    '',
    before.toFixed(4),
    signed(over((ofClass) => ofClass.after.search) - before),
    signed(over((ofClass) => ofClass.crossValidated) - before),
    ...(hasHeldOut
      ? [heldOutBefore.toFixed(4), signed(over((ofClass) => ofClass.after.heldOut ?? NaN) - heldOutBefore)]
      : []),
  ]);
  const header = ['class', 'weights', 'threshold', 'masks', 'Dice', 'found', 'cross-val.'];
  return [
    `Weights in the order ${members.join(', ')}. Dice is that of equal weights at 0.5.`,
    ...findings.map((finding) => `  ${finding.kept ? 'kept' : 'left'}  ${findingText(finding)}`),
    '',
    table([...header, ...(hasHeldOut ? ['held out', 'carried over'] : [])], rows),
    '',
    `Searched on ${searched.images} images of ${searched.people} people` +
      (hasHeldOut ? `; ${heldOut.images} images of ${heldOut.people} held out.` : '; nobody was held out.'),
  ].join('\n');
}

function findingText({ choice, gain }: Finding): string {
  const carried = gain.heldOut === undefined ? '' : `, held out ${signed(gain.heldOut)}`;
  const crossValidated = `${signed(gain.crossValidated)} ± ${gain.standardError.toFixed(4)}`;
  return `${choice}: ${signed(gain.search)}, cross-validated ${crossValidated}${carried}`;
}

function sharesText(shares: readonly number[]): string {
  return shares.map((share) => (share === 0 ? '–' : share.toFixed(2)).padStart(4)).join(' ');
}

function signed(value: number): string {
  if (Math.abs(value) < 5e-5) return '0';
  return `${value > 0 ? '+' : '−'}${Math.abs(value).toFixed(4)}`;
}
