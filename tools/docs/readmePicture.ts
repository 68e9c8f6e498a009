import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { contactSheet } from '../../src/analysis/contactSheet.ts';
import { errorMap } from '../../src/analysis/errorMap.ts';
import { pipelineOf } from '../../src/analysis/pictures.ts';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import { readSubmissionLabels } from '../../src/inference/submission/labels.ts';
import { scoreSubmission } from '../../src/inference/submission/score.ts';
import { renderOverlay } from '../../src/labels/overlay.ts';

/** Draws the README's picture from what `npm run demo` left: the test image with the median Dice. */
const demo = process.argv[2] ?? 'demo';
const dataset = await readHandBone(join(demo, 'data'));
const submission = join(demo, 'submissions', 'ensemble.csv');
const { perImage } = await scoreSubmission(submission, dataset, 'test');
const ranked = [...dataset.entries.test].sort((a, b) => perImage[a.id]! - perImage[b.id]!);
const entry = ranked[ranked.length >> 1]!;
const image = await dataset.readImage(entry);
const truth = await dataset.readLabels(entry);
const prediction = await readSubmissionLabels(submission, entry.id, dataset.classes, image);
const dice = perImage[entry.id]!.toFixed(3);
const sheet = await contactSheet(
  [
    image,
    renderOverlay(image, truth),
    renderOverlay(image, prediction),
    (await errorMap(image, truth, prediction)).image,
  ],
  { columns: 4, tile: 480, captions: ['X-ray', 'annotation', `prediction, Dice ${dice}`, 'errors'] },
);
await mkdir('docs/images', { recursive: true });
await pipelineOf(sheet).png({ palette: true, quality: 90, effort: 10 }).toFile('docs/images/phantom.png');
