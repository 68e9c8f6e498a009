/** Single transforms on one image, with its 29 masks or alone. */
import { buildTransform } from '../../src/augment/build.ts';
import type { TransformSpec } from '../../src/augment/spec.ts';
import { Random } from '../../src/core/random.ts';
import type { Sample } from '../../src/data/dataset.ts';
import { release } from '../../src/pixels/memory.ts';
import { sampleOf, sampleSize } from './material.ts';
import { calling } from './work.ts';
import type { Conditions, DataWork, Spec } from './work.ts';

async function transforming({ material, ...conditions }: Conditions, spec: Spec, withLabels: boolean) {
  const transform = buildTransform({ ...spec, p: 1 } as unknown as TransformSpec);
  const { image, labels } = await sampleOf(material);
  const sample: Sample = { image, labels: withLabels ? labels : { ...labels, classes: 0, planes: [] } };
  const random = Random.from('benchmark', spec.name);
  return calling(conditions, async () => {
    const result = await transform(sample, random);
    // As the loader does once a sample is copied into its batch.
    release([result.image.data, ...result.labels.planes], [image.data, ...labels.planes]);
  });
}

/** @param options Of albumentations, where they are spelt otherwise than here. */
function onMasks(spec: Spec, options: Readonly<Record<string, unknown>> = {}, goal?: number): DataWork {
  return {
    name: `${spec.name} on image and 29 masks at ${sampleSize}²`,
    ...(goal === undefined ? {} : { goal }),
    spec,
    ours: (conditions) => transforming(conditions, spec, true),
    peer: {
      module: 'augment',
      modes: [
        'albumentations, masks as channels',
        'albumentations, list of masks',
        'albumentations, stacked masks',
      ],
      options: { name: spec.name, ...options },
    },
  };
}

interface ImageOptions {
  /** Of albumentations, where they are spelt otherwise than here. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly goal?: number;
  /** The same by bare calls of OpenCV, where it has them. */
  readonly bare?: boolean;
}

function onImage(spec: Spec, { options = {}, goal, bare = false }: ImageOptions = {}): DataWork {
  return {
    name: `${spec.name} on an image of ${sampleSize}²`,
    ...(goal === undefined ? {} : { goal }),
    spec,
    ours: (conditions) => transforming(conditions, spec, false),
    peer: {
      module: 'augment',
      modes: ['albumentations', ...(bare ? ['OpenCV'] : [])],
      options: { name: spec.name, ...options },
    },
  };
}

const emboss = { alpha: [0.35, 0.35], strength: [0.5, 0.5] };
const sharpen = { alpha: [0.35, 0.35], lightness: [0.8, 0.8] };

export const augmentWorks: readonly DataWork[] = [
  onMasks({ name: 'Affine', rotate: 17, scale: [1.1, 1.1] }, { rotate: [17, 17], scale: [1.1, 1.1] }, 0.05),
  onMasks({ name: 'Rotate', limit: [17, 17] }, { limit: [17, 17] }, 0.05),
  onMasks({ name: 'ElasticTransform' }, {}, 0.05),
  onMasks({ name: 'HorizontalFlip' }, {}, 0.05),
  onMasks({ name: 'VerticalFlip' }),
  onMasks({ name: 'Transpose' }),
  onMasks({ name: 'Perspective' }, {}, 0.05),
  onMasks({ name: 'GridDistortion' }, {}, 0.05),
  onMasks({ name: 'OpticalDistortion' }, {}, 0.05),
  onMasks({ name: 'ShiftScaleRotate' }),
  onMasks({ name: 'RandomCrop', width: 384, height: 384 }, { width: 384, height: 384 }),
  onMasks({ name: 'Resize', width: 384, height: 384 }, { width: 384, height: 384 }),
  onMasks({ name: 'RandomResizedCrop', size: [512, 512] }, { size: [512, 512] }),
  onMasks({ name: 'CoarseDropout' }),
  onImage({ name: 'CLAHE', clipLimit: [4, 4] }, { options: { clip_limit: [4, 4] }, goal: 1, bare: true }),
  onImage({ name: 'Emboss', ...emboss }, { options: emboss, goal: 1, bare: true }),
  onImage({ name: 'Sharpen', ...sharpen }, { options: sharpen, goal: 1, bare: true }),
  onImage({ name: 'RandomBrightnessContrast' }),
  onImage({ name: 'RandomGamma' }),
  onImage(
    { name: 'GaussianBlur', sigmaLimit: [1.5, 1.5] },
    { options: { sigma_limit: [1.5, 1.5] }, bare: true },
  ),
  onImage({ name: 'GaussNoise' }),
  onImage({ name: 'MedianBlur', blurLimit: [5, 5] }, { options: { blur_limit: [5, 5] }, goal: 1 }),
  onImage({ name: 'ToGray' }, { goal: 1 }),
];
