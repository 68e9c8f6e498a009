import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import type { SampleEntry } from '../../src/data/dataset.ts';
import { combineLogits } from '../../src/inference/ensemble/combine.ts';
import type { EnsembleMember } from '../../src/inference/ensemble/combine.ts';
import { ensemble } from '../../src/inference/ensemble/ensemble.ts';
import type { EnsembleEvent, EnsembleOptions } from '../../src/inference/ensemble/ensemble.ts';
import { EnsemblePrediction } from '../../src/inference/ensemble/ensemblePrediction.ts';
import type { SubmissionManifest } from '../../src/inference/ensemble/manifest.ts';
import type { PostProcess } from '../../src/inference/postProcess/spec.ts';
import { LogitStore } from '../../src/inference/store/logitStore.ts';
import { addResized } from '../../src/inference/store/packedPlane.ts';
import { addResizedPlain } from '../../src/inference/store/plain/packedPlane.ts';
import { readSubmission } from '../../src/inference/submission/submission.ts';
import type { LabelMap } from '../../src/labels/labelMap.ts';
import { keepComponentsPlain } from '../../src/labels/plain/components.ts';
import type { Logits } from '../../src/labels/upsample.ts';
import { plainResize } from './plainEnsemble.ts';
import { plainRle } from './syntheticDataset.ts';
import { classNames, syntheticLogits } from './syntheticLogits.ts';

const classes = classNames(3);
const images = ['a.png', 'b.png', 'c.png'];
const entries: SampleEntry[] = images.map((id) => ({ id, person: id, imagePath: id }));
const [originalWidth, originalHeight] = [150, 120];

let folder: string;
let out: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phalanx-ensemble-'));
  out = join(folder, 'submissions', 'joint.csv');
});
afterEach(() => rm(folder, { recursive: true }));

interface MemberOptions {
  readonly height?: number;
  readonly width?: number;
  readonly of?: readonly string[];
  readonly ofClasses?: readonly string[];
  readonly weight?: number | readonly number[];
  readonly original?: number;
}

async function member(name: string, options: MemberOptions = {}): Promise<EnsembleMember> {
  const {
    height = 40,
    width = 50,
    of = images,
    ofClasses = classes,
    weight = 1,
    original = originalWidth,
  } = options;
  const store = new LogitStore(join(folder, name));
  for (const image of of) {
    const logits = syntheticLogits(height, width, ofClasses.length, Random.from(name, image));
    await store.write(logits, {
      image,
      height,
      width,
      originalHeight,
      originalWidth: original,
      classes: ofClasses,
      provenance: { checkpoint: name, tta: 'none' },
    });
  }
  return { name, store, weight };
}

/** One class of a label map, a byte per pixel. */
function planeOf(labels: LabelMap, c: number): Uint8Array {
  return Uint8Array.from(labels.planes[c >> 5]!, (bits) => (bits >>> (c % 32)) & 1);
}

async function run(
  options: Partial<EnsembleOptions> & Pick<EnsembleOptions, 'members'>,
): Promise<EnsembleEvent[]> {
  const events: EnsembleEvent[] = [];
  for await (const event of ensemble({ entries, classes, out, ...options })) events.push(event);
  return events;
}

/** A stored image's logits as floats. */
async function stored({ store }: EnsembleMember, image: string): Promise<Logits> {
  return combineLogits([await store.read(image)], [classes.map(() => 1)]);
}

async function expectRows(expected: (image: string, c: number) => Promise<Uint8Array>): Promise<void> {
  const seen: string[] = [];
  for await (const { imageName, className, rle } of readSubmission(out)) {
    seen.push(`${imageName} ${className}`);
    expect(rle).toBe(plainRle(await expected(imageName, classes.indexOf(className))));
  }
  expect(seen).toEqual(images.flatMap((image) => classes.map((name) => `${image} ${name}`)));
}

describe('ensemble', () => {
  it('of one member is its logits, upsampled and thresholded', async () => {
    const only = await member('only');
    await run({ members: [only], threshold: [0.5, 0.4, 0.7] });
    await expectRows(async (image, c) => {
      const { data } = plainResize(await stored(only, image), originalWidth, originalHeight);
      const bound = [0, Math.log(0.4 / 0.6), Math.log(0.7 / 0.3)][c]!;
      return Uint8Array.from({ length: originalWidth * originalHeight }, (_, i) =>
        data[3 * i + c]! > bound ? 1 : 0,
      );
    });
  });

  it('is the weighted mean of logits, also across resolutions', async () => {
    const members = [
      await member('a', { weight: 2 }),
      await member('b', { weight: [1, 0, 3] }),
      await member('c', { height: 20, width: 30, weight: 0.5 }),
    ];
    const weights = [
      [2, 2, 2],
      [1, 0, 3],
      [0.5, 0.5, 0.5],
    ];
    await run({ members });
    await expectRows(async (image, c) => {
      const total = weights.reduce((sum, ofMember) => sum + ofMember[c]!, 0);
      const data = new Float64Array(originalWidth * originalHeight * 3);
      for (const [m, each] of members.entries()) {
        const own = plainResize(await stored(each, image), originalWidth, originalHeight).data;
        for (let i = 0; i < data.length; i++) data[i]! += (own[i]! * weights[m]![c]!) / total;
      }
      return Uint8Array.from({ length: originalWidth * originalHeight }, (_, i) =>
        data[3 * i + c]! > 0 ? 1 : 0,
      );
    });
  });

  it.each(['logits', 'probabilities'] as const)('works on the masks of %s', async (combine) => {
    const members = [await member('a'), await member('b')];
    const threshold = [0.5, 0.4, 0.7];
    const settings: PostProcess[] = [{ largest: 1 }, {}, { triplet: { top: 0.9, minArea: 4000 } }];
    await run({ members, threshold, combine, postProcess: settings });
    const raw = new EnsemblePrediction(members, classes, threshold, combine);
    const sure = new EnsemblePrediction(members, classes, [0.5, 0.4, 0.9], combine);
    let [kept, absent] = [0, 0];
    await expectRows(async (image, c) => {
      const labels = await raw.labels(image);
      const largest = keepComponentsPlain(labels, { largest: 1, minArea: 0, connectivity: 8 });
      const mask = planeOf(c === 0 ? largest : labels, c);
      if (c !== 2) return mask;
      const isThere = planeOf(await sure.labels(image), 2).reduce((sum, bit) => sum + bit, 0) >= 4000;
      if (isThere) kept++;
      else absent++;
      return isThere ? mask : mask.fill(0);
    });
    expect({ kept, absent }).toEqual({ kept: 0, absent: 3 });
    const manifest = JSON.parse(
      await readFile(join(folder, 'submissions', 'joint.manifest.json'), 'utf8'),
    ) as SubmissionManifest;
    expect(Object.values(manifest.postProcess!)).toEqual(settings);
  });

  it('tells what happens and writes a manifest of what made the file', async () => {
    const members = [await member('a', { weight: 2 }), await member('b')];
    const events = await run({ members, threshold: 0.4, config: { name: 'joint' }, scores: { val: 0.9 } });
    expect(events.map(({ type }) => type)).toEqual([
      'started',
      'progress',
      'progress',
      'progress',
      'finished',
    ]);
    const csv = await readFile(out);
    const manifest = JSON.parse(
      await readFile(join(folder, 'submissions', 'joint.manifest.json'), 'utf8'),
    ) as SubmissionManifest;
    expect(manifest).toEqual({
      version: 2,
      submission: { file: 'joint.csv', sha256: createHash('sha256').update(csv).digest('hex'), rows: 9 },
      members: [
        {
          name: 'a',
          store: join(folder, 'a'),
          weight: 2,
          provenance: { checkpoint: 'a', tta: 'none' },
          logits: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        },
        {
          name: 'b',
          store: join(folder, 'b'),
          weight: 1,
          provenance: { checkpoint: 'b', tta: 'none' },
          logits: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        },
      ],
      combine: 'logits',
      classes,
      images,
      thresholds: { 'class-0': 0.4, 'class-1': 0.4, 'class-2': 0.4 },
      config: { name: 'joint' },
      scores: { val: 0.9 },
      versions: { phalanx: expect.any(String) as string, node: process.versions.node },
    });
  });

  it('does not replace a submission unless asked to', async () => {
    const members = [await member('a')];
    await run({ members });
    const before = await readFile(out);
    const other = [await member('b')];
    await expect(run({ members: other })).rejects.toMatchObject({ code: 'ensemble/output-exists' });
    expect(await readFile(out)).toEqual(before);
    await run({ members: other, overwrite: true });
    expect(await readFile(out)).not.toEqual(before);
  });

  it('lists how members differ and writes nothing', async () => {
    const members = [
      await member('a'),
      await member('classes', { ofClasses: ['class-1', 'class-0', 'class-2'] }),
      await member('fewer', { ofClasses: ['class-0', 'class-1'] }),
      await member('images', { of: ['a.png', 'b.png'] }),
      await member('sizes', { original: 151 }),
      await member('cut'),
    ];
    const path = members[5]!.store.pathOf('b.png');
    await truncate(path, (await readFile(path)).length - 5);
    const error = await run({ members }).catch((thrown: unknown) => thrown as Error & { code: string });
    expect(error).toMatchObject({ code: 'ensemble/members-differ' });
    const { message } = error as Error;
    const rows = message.split('\n').map((line) => line.split(/ {2,}/));
    expect(rows).toEqual(
      expect.arrayContaining([
        ['member', 'images', 'what', 'expected', 'received'],
        ['classes', 'a.png and 2 more', 'class 1', 'class-0', 'class-1'],
        ['fewer', 'a.png and 2 more', 'class 3', 'class-2', 'none'],
        ['images', 'c.png', members[3]!.store.pathOf('c.png'), 'a file', 'none'],
        ['sizes', 'a.png and 2 more', 'size', '150 × 120', '151 × 120'],
        [
          'cut',
          'b.png',
          path,
          'a whole file',
          expect.stringMatching(/^damaged: \d+ bytes where \d+ belong$/),
        ],
      ]),
    );
    expect(rows.map(([name]) => name)).not.toContain('a');
    expect(await readdir(folder)).not.toContain('submissions');
  });

  it('refuses a member whose files were made in two ways', async () => {
    const mixed = await member('a');
    const other = await member('b', { of: ['b.png'] });
    const foreign = await other.store.read('b.png');
    await mixed.store.write(syntheticLogits(40, 50, 3, Random.from(9)), foreign.info);
    await expect(run({ members: [mixed] })).rejects.toThrow(
      /a +all +ways of making +1 +2, such as those of c.png, b.png/,
    );
  });

  it('leaves nothing behind when it is aborted or left', async () => {
    const members = [await member('a')];
    const abort = new AbortController();
    const aborted = async (): Promise<void> => {
      for await (const { type } of ensemble({ entries, classes, out, members, signal: abort.signal })) {
        if (type === 'progress') abort.abort(new Error('enough'));
      }
    };
    await expect(aborted()).rejects.toThrow('enough');
    expect(await readdir(join(folder, 'submissions'))).toEqual([]);
    for await (const { type } of ensemble({ entries, classes, out, members })) if (type === 'progress') break;
    expect(await readdir(join(folder, 'submissions'))).toEqual([]);
  });

  it.each<[string, Partial<EnsembleOptions>, string]>([
    ['no members', { members: [] }, 'ensemble/weights'],
    [
      'a negative weight',
      { members: [{ name: 'a', store: new LogitStore('a'), weight: -1 }] },
      'ensemble/weights',
    ],
    [
      'too few weights',
      { members: [{ name: 'a', store: new LogitStore('a'), weight: [1] }] },
      'ensemble/weights',
    ],
    [
      'weights of 0',
      { members: [{ name: 'a', store: new LogitStore('a'), weight: [1, 0, 1] }] },
      'ensemble/weights',
    ],
    [
      'one name twice',
      { members: [1, 2].map(() => ({ name: 'a', store: new LogitStore('a') })) },
      'ensemble/weights',
    ],
    ['a threshold of 1', { threshold: 1 }, 'ensemble/thresholds'],
    ['too few thresholds', { threshold: [0.5] }, 'ensemble/thresholds'],
    ['a threshold that is NaN', { threshold: NaN }, 'ensemble/thresholds'],
  ])('refuses %s', async (_, options, code) => {
    await expect(run({ members: [], ...options })).rejects.toMatchObject({ code });
  });
});

describe('addResized', () => {
  it.each([
    [7, 5, 20, 33],
    [20, 33, 7, 5],
    [1, 1, 4, 3],
    [8, 8, 8, 8],
  ])('from %i × %i to %i × %i is the plain twin', async (height, width, toHeight, toWidth) => {
    const source = { height, width, classes: 3, data: syntheticLogits(height, width, 3, Random.from(1)) };
    const target = (): Logits => ({
      height: toHeight,
      width: toWidth,
      classes: 3,
      data: syntheticLogits(toHeight, toWidth, 3, Random.from(2)),
    });
    const [native, plain] = [target(), target()];
    await addResized(native, source);
    addResizedPlain(plain, source);
    const error = native.data.map((value, i) => Math.abs(value - plain.data[i]!));
    expect(Math.max(...error)).toBeLessThan(1e-5);
  });
});
