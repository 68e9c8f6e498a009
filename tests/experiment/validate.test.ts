import { describe, expect, test } from 'vitest';
import { decoderNames } from '../../src/models/decoders/options.ts';
import { PhalanxError } from '../../src/core/errors.ts';
import { Random } from '../../src/core/random.ts';
import { ensembleSchema, experimentSchema } from '../../src/experiment/schema.ts';
import { parseDeclared } from '../../src/experiment/validate.ts';
import { changed, minimal } from './declarations.ts';

function defects(value: unknown, schema: typeof experimentSchema | typeof ensembleSchema = experimentSchema) {
  try {
    parseDeclared<typeof experimentSchema | typeof ensembleSchema>(schema, value, 'experiments/x.ts');
  } catch (error) {
    if (!(error instanceof PhalanxError)) throw error;
    expect(error.code).toBe('experiment/invalid');
    expect(error.parts.where).toBe('experiments/x.ts');
    return error.parts.details ?? [];
  }
  return [];
}

test('fills in every default, and takes its own output again', () => {
  const config = parseDeclared(experimentSchema, minimal, 'x.ts');
  expect(config.data.folds).toEqual({ count: 5, stratify: 'sex', seed: 0 });
  expect(config.training.precision).toBe('auto');
  expect(parseDeclared(experimentSchema, JSON.parse(JSON.stringify(config)), 'config.json')).toEqual(config);
});

describe('one wrong setting is one clause with its path and the nearest valid key or name', () => {
  const cases: readonly [path: string, value: unknown, clause: string][] = [
    ['optimzer', 1, 'optimzer is not a setting (did you mean optimizer?)'],
    ['data.folds', { cuont: 3 }, 'data.folds.cuont is not a setting (did you mean data.folds.count?)'],
    ['data.imageSize', 3, 'data.imageSize must be at least 32, but is 3'],
    ['data.imageSize', 64.5, 'data.imageSize must be a whole number or { width, height }, but is 64.5'],
    ['data.imageSize', 'big', 'data.imageSize must be a whole number or { width, height }, but is "big"'],
    ['data.channels', 33, 'data.channels must be at most 32, but is 33'],
    [
      'data.normalization',
      { mean: [0.5], std: [0.1, 0.1, 0.1] },
      'data.normalization.mean: must have as many numbers as there are channels, 3 (it is [ 0.5 ])',
    ],
    ['data.root', '', 'data.root must not be empty'],
    ['data.format', 'coco', 'data.format must be "hand-bone" or { name, … }, but is "coco"'],
    [
      'data.format',
      { name: 'cocoo' },
      'data.format.name must be one of polygons, label-images, mask-files, rle-table, coco, volumes, but is "cocoo" (did you mean coco?)',
    ],
    [
      'data.format',
      { name: 'coco', clases: ['a'] },
      'data.format.clases is not a setting (did you mean data.format.classes?)',
    ],
    [
      'data.format',
      { name: 'coco', images: '../a' },
      'data.format.images: must be a path below the folder of the dataset, without ".." (it is "../a")',
    ],
    [
      'data.format',
      { name: 'coco', intensity: { name: 'window', low: 5, high: 1 } },
      'data.format.intensity.high: must be above low (it is 1)',
    ],
    [
      'data',
      { root: 'data', imageSize: 64, channels: 1, format: { name: 'coco', neighbours: 1 } },
      'data.channels: must be 3, since data.format stacks that many slices and modalities (it is 1)',
    ],
    [
      'data',
      { root: 'data', imageSize: 64, channels: 7, format: { name: 'coco', modalities: ['{name}_t1'] } },
      'data.channels: must be 2, since data.format stacks that many slices and modalities (it is 7)',
    ],
    [
      'data',
      { root: 'data', imageSize: 64, channels: 7 },
      'data.channels: must be 1 or 3 for grey and colour images; neighbours and modalities of data.format make other numbers (it is 7)',
    ],
    [
      'data.format',
      { name: 'coco', neighbours: 10, modalities: ['{name}_t1'] },
      "data.format: neighbours and modalities make 42 channels, more than 32 (it is { name: 'coco', neighbours: 10, modalities: [ '{name}_t1' ] })",
    ],
    [
      'data.format',
      { name: 'coco', modalities: ['t1'] },
      'data.format.modalities.0: must contain {name}, the image\'s name without extension and suffix (it is "t1")',
    ],
    ['data.root', 5, 'data.root must be a text, but is 5'],
    ['data', undefined, 'data is missing'],
    [
      'mixing',
      [{ name: 'CutMixx' }],
      'mixing.0.name must be one of MixUp, CutMix, Mosaic, RICAP, CopyPaste, OneOf, but is "CutMixx" (did you mean CutMix?)',
    ],
    ['mixing', [{ name: 'MixUp', alfa: 1 }], 'mixing.0.alfa is not a setting (did you mean mixing.0.alpha?)'],
    [
      'training.batchAugmentation',
      { flips: 'both' },
      'training.batchAugmentation.flips is not a setting (did you mean training.batchAugmentation.flip?)',
    ],
    [
      'training.batchAugmentation',
      { rotate: 200 },
      'training.batchAugmentation.rotate must be at most 180, but is 200',
    ],
    ['loss', undefined, 'loss is missing'],
    ['loss', [], 'loss must have at least 1 entries, but is []'],
    [
      'loss',
      [{ name: 'dice' }, { name: 'bec' }],
      'loss.1.name must be one of bce, dice, focal, but is "bec" (did you mean bce?)',
    ],
    [
      'loss',
      [{ name: 'bce', posweight: 3 }],
      'loss.0.posweight is not a setting (did you mean loss.0.posWeight?)',
    ],
    [
      'model.decoder.name',
      'unetpluplus',
      `model.decoder.name must be one of ${decoderNames.join(', ')}, but is "unetpluplus" (did you mean unetplusplus?)`,
    ],
    [
      'model.decoder.name',
      'unet3d',
      `model.decoder.name must be one of ${decoderNames.join(', ')}, but is "unet3d" (a network for volumes: experiments train on images)`,
    ],
    ['model.decoder', 'unet', 'model.decoder must be an object, but is "unet"'],
    [
      'model.decoder',
      { name: 'unet-original', padding: true },
      "model.encoder: unet-original is a whole network and takes no encoder (it is { name: 'resnet18' })",
    ],
    [
      'model',
      { decoder: { name: 'unet-original', padding: false } },
      'model.decoder.padding: without padding, unet-original gives logits of the middle of an image only; set it to true (it is false)',
    ],
    [
      'model.decoder.attentiontype',
      'scse',
      'model.decoder.attentiontype is not a setting (did you mean model.decoder.attentionType?)',
    ],
    [
      'model.decoder.attentionType',
      'sce',
      'model.decoder.attentionType must be one of scse, null, but is "sce" (did you mean scse?)',
    ],
    ['model.encoder.dpth', 3, 'model.encoder.dpth is not a setting (did you mean model.encoder.depth?)'],
    [
      'model.encoder.name',
      'resnet43',
      'model.encoder.name must be one of resnet18, resnet34, resnet50, resnet101, resnet152 and 36 more, but is "resnet43" (did you mean resnet34?)',
    ],
    [
      'optimizer.name',
      'adamv',
      'optimizer.name must be one of adamw, adam, sgd, but is "adamv" (did you mean adamw?)',
    ],
    ['optimizer.learningRate', Number.NaN, 'optimizer.learningRate must be a number, but is NaN'],
    [
      'schedule.name',
      'cosin',
      'schedule.name must be one of constant, cosine, poly, step, oneCycle, but is "cosin" (did you mean cosine?)',
    ],
    ['training.length', { stesp: 3 }, 'training.length must be { epochs } or { steps }, but is { stesp: 3 }'],
    [
      'training.length',
      { steps: 3, epochs: 2 },
      'training.length must be { epochs } or { steps }, but is { steps: 3, epochs: 2 }',
    ],
    ['training.batchSize', 0, 'training.batchSize must be at least 1, but is 0'],
    ['training.batchSize', 5000, 'training.batchSize must be at most 4096, but is 5000'],
    [
      'training.precision',
      'float23',
      'training.precision must be one of auto, float32, bfloat16, but is "float23" (did you mean float32?)',
    ],
    [
      'augmentation',
      [{ name: 'HorizontalFlop' }],
      'augmentation.0.name: unknown transform "HorizontalFlop"; did you mean "HorizontalFlip"? (it is "HorizontalFlop")',
    ],
    [
      'augmentation',
      [{ name: 'Rotate', limt: 3 }],
      'augmentation.0.limt: not a parameter of Rotate; did you mean limit? (it is 3)',
    ],
    [
      'augmentation',
      [{ name: 'OneOf', transforms: [{ name: 'Rotatee' }] }],
      'augmentation.0.transforms.0.name: unknown transform "Rotatee"; did you mean "Rotate"? (it is "Rotatee")',
    ],
  ];
  test.each(cases)('%s: %j', (path, value, clause) => {
    expect(defects(changed(path, value))).toEqual([clause]);
  });

  test('in an ensemble', () => {
    const ensemble = { output: 'a', members: [{ run: 'x' }] };
    expect(defects({ ...ensemble, thrshold: 0.4 }, ensembleSchema)).toEqual([
      'thrshold is not a setting (did you mean threshold?)',
    ]);
    expect(defects({ ...ensemble, output: 'a/b' }, ensembleSchema)[0]).toMatch(/^output: letters, digits/);
    expect(defects({ ...ensemble, members: [{ rnu: 'x' }] }, ensembleSchema)).toEqual([
      'members.0.rnu is not a setting (did you mean members.0.run?)',
      "members.0: exactly one of run, logits and ensemble (it is { rnu: 'x' })",
    ]);
  });
});

test('several defects are told at once, each by its path', () => {
  const value = changed('training.batchSize', undefined) as Record<string, unknown>;
  const found = defects({ ...value, seed: -1, optimiser: {} });
  expect(found).toEqual([
    'training.batchSize is missing',
    'seed must be at least 0, but is -1',
    'optimiser is not a setting (did you mean optimizer?)',
  ]);
});

test('within the alternative that the value resembles, its own defects are told', () => {
  expect(defects(changed('data.imageSize', { width: 64, heigth: 64 }))).toEqual([
    'data.imageSize.height is missing',
    'data.imageSize.heigth is not a setting (did you mean data.imageSize.height?)',
  ]);
});

test('a message stays readable whatever is written: long keys and values are cut, long lists end', () => {
  const [long] = defects({ ...minimal, ['x'.repeat(100_000)]: 1 });
  expect(long!.length).toBeLessThan(300);
  const keys = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`key${i}`, i]));
  const many = defects({ ...minimal, ...keys });
  expect(many).toHaveLength(21);
  expect(many.at(-1)).toBe('and 480 more');
});

test('odd values of every kind, at every place, give a message and never a crash', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  const odd: readonly unknown[] = [
    null,
    undefined,
    [],
    [[]],
    {},
    cyclic,
    5n,
    Symbol('s'),
    () => 1,
    new Map(),
    new Date(Number.NaN),
    Number.POSITIVE_INFINITY,
    '\u0000',
    JSON.parse('{"__proto__": {"name": "unet"}, "constructor": 1}'),
    Object.create(null),
  ];
  for (const value of odd) expect(defects(value).length).toBeGreaterThan(0);
  const paths = [
    'data',
    'data.folds',
    'model.decoder',
    'model.encoder.name',
    'loss',
    'optimizer',
    'schedule',
  ];
  const more = ['augmentation', 'training.length', 'training.precision', 'tracking', 'seed'];
  const random = Random.from('odd values');
  for (const path of [...paths, ...more]) {
    for (const value of odd) {
      const declared = structuredClone(minimal) as object;
      // Set after cloning, since not every odd value can be cloned.
      const [top, inner] = path.split('.') as [string, string?];
      const place = inner === undefined ? declared : (declared as Record<string, object>)[top]!;
      Object.assign(place, { [inner ?? top]: random.uniform() < 0.2 ? [value] : value });
      for (const clause of defects(declared)) {
        expect(clause).not.toBe('');
        expect(clause).toContain(top);
      }
    }
  }
});
