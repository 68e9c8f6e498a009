import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import sharp from 'sharp';
import { handBoneClasses } from '../../src/data/handBone/classes.ts';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import type { SampleEntry } from '../../src/data/dataset.ts';
import { ensemble } from '../../src/inference/ensemble/ensemble.ts';
import { LogitFile } from '../../src/inference/store/logitFile.ts';
import { LogitStore } from '../../src/inference/store/logitStore.ts';
import { addResized, mixLogits } from '../../src/inference/store/packedPlane.ts';
import { decodingTable } from '../../src/inference/store/quantization.ts';
import { checkSubmission } from '../../src/inference/submission/check.ts';
import { scoreSubmission } from '../../src/inference/submission/score.ts';

const goldens = new URL('../goldens/inference/', import.meta.url);

async function golden(name: string): Promise<Buffer> {
  return readFile(new URL(name, goldens));
}

async function goldenJson<Content>(name: string): Promise<Content> {
  return JSON.parse((await golden(name)).toString('utf8')) as Content;
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phalanx-goldens-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('resizing logits', () => {
  it('is PyTorch’s bilinear interpolation within 1e-5', async () => {
    interface Case {
      readonly from: readonly [number, number];
      readonly to: readonly [number, number];
      readonly source: readonly number[];
      readonly target: readonly number[];
    }
    for (const { from, to, source, target } of await goldenJson<Case[]>('resize.json')) {
      const data = new Float32Array(target.length);
      await addResized(
        { height: to[0], width: to[1], classes: 2, data },
        { height: from[0], width: from[1], classes: 2, data: Float32Array.from(source) },
      );
      expect(Math.max(...data.map((value, i) => Math.abs(value - target[i]!)))).toBeLessThan(1e-5);
    }
  });
});

describe('a submission', () => {
  interface Baseline {
    readonly height: number;
    readonly width: number;
    readonly originalHeight: number;
    readonly originalWidth: number;
    readonly threshold: number;
    readonly images: readonly string[];
    readonly codes: readonly Readonly<Record<string, readonly number[]>>[];
  }

  it('has the bytes of the competition’s baseline with pandas', async () => {
    const { codes, images, threshold, ...size } = await goldenJson<Baseline>('submission.json');
    const members = [];
    for (const [m, model] of codes.entries()) {
      const store = new LogitStore(join(folder, `${m}`));
      for (const image of images) {
        const logits = Float32Array.from(model[image]!, (code) => decodingTable[code + 128]!);
        await store.write(logits, { image, ...size, classes: handBoneClasses, provenance: {} });
      }
      members.push({ name: `${m}`, store });
    }
    const entries: SampleEntry[] = images.map((id) => ({ id, person: id, imagePath: id }));
    const out = join(folder, 'submission.csv');
    for await (const event of ensemble({ members, entries, classes: handBoneClasses, out, threshold })) {
      if (event.type === 'finished') expect(event.submission.rows).toBe(3 * 29);
    }
    expect(await readFile(out, 'utf8')).toBe((await golden('submission.csv')).toString('utf8'));
  });

  it('has the score that OpenCV and NumPy give it', async () => {
    const annotations = new URL('score/outputs_json/', goldens);
    await cp(annotations, join(folder, 'test', 'outputs_json'), { recursive: true });
    for (const path of await readdir(annotations, { recursive: true })) {
      if (!path.endsWith('.json')) continue;
      const images = join(folder, 'test', 'DCM', dirname(path));
      await mkdir(images, { recursive: true });
      await sharp({ create: { width: 64, height: 48, channels: 3, background: 'black' } })
        .png()
        .toFile(join(images, `${basename(path, '.json')}.png`));
    }
    const dataset = await readHandBone(folder);
    const csv = join(folder, 'submission.csv');
    await cp(new URL('score/submission.csv', goldens), csv);
    expect(await checkSubmission(csv, dataset)).toMatchObject({ valid: true, rows: 87 });
    const score = await scoreSubmission(csv, dataset);
    const expected = await goldenJson<{ meanDice: number; perClass: Record<string, number> }>(
      'score/score.json',
    );
    expect(expected.meanDice).toBeGreaterThan(0.5);
    expect(Math.abs(score.meanDice - expected.meanDice)).toBeLessThan(1e-9);
    for (const [name, dice] of Object.entries(expected.perClass)) {
      expect(Math.abs(score.perClass[name]! - dice)).toBeLessThan(1e-9);
    }
  });
});

describe('docs/logit-store.md', () => {
  it('reads in Python what Phalanx reads', async () => {
    const example = await goldenJson<{ reader: string; header: object; logits: number[] }>('example.json');
    const text = await readFile(new URL('../../docs/logit-store.md', import.meta.url), 'utf8');
    const reader = /```python\n(.*?)```/s.exec(text)![1]!;
    // When this fails, run tools/goldens/inference.py, which runs the reader.
    expect(createHash('sha256').update(reader).digest('hex')).toBe(example.reader);
    expect(reader.split('\n').length).toBeLessThan(60);
    const file = LogitFile.parse(await golden('example.logits'), 'example.logits');
    expect(example.header).toMatchObject(file.info);
    const { height, width, classes } = file.info;
    const planes = await Promise.all(classes.map((_, c) => file.packedPlane(c)));
    const logits = await mixLogits([{ planes, weights: classes.map(() => 1) }], height, width);
    expect(logits.length).toBe(example.logits.length);
    expect(Math.max(...logits.map((value, i) => Math.abs(value - example.logits[i]!)))).toBeLessThan(1e-5);
  });
});
