import { affineMatrix, affineMove, identity, warpOptions } from '../affine.ts';
import { builderOf, defineGeometric, probability } from '../definition.ts';
import { symmetricRange } from '../ranges.ts';

const shift = symmetricRange([-0.0625, 0.0625], [-1, 1]);

/**
 * Shifts (fractions of width and height), scales (1 + limit) and rotates (degrees) about the centre. As in
 * albumentations 2 the scales along x and y are drawn separately.
 */
export const ShiftScaleRotate = defineGeometric(
  'ShiftScaleRotate',
  {
    shiftLimit: shift,
    shiftLimitX: shift.unwrap().optional(),
    shiftLimitY: shift.unwrap().optional(),
    scaleLimit: symmetricRange([-0.1, 0.1], [-1, 100]),
    rotateLimit: symmetricRange([-45, 45], [-3600, 3600]),
    ...warpOptions,
    p: probability(0.5),
  },
  (size, options, random) => {
    const { width, height } = size;
    const shiftX = random.uniform(...(options.shiftLimitX ?? options.shiftLimit));
    const shiftY = random.uniform(...(options.shiftLimitY ?? options.shiftLimit));
    const [low, high] = options.scaleLimit;
    const parameters = {
      ...identity,
      translateX: Math.trunc(shiftX * width),
      translateY: Math.trunc(shiftY * height),
      scaleX: random.uniform(1 + low, 1 + high),
      scaleY: random.uniform(1 + low, 1 + high),
      rotate: random.uniform(...options.rotateLimit),
    };
    return [affineMove(affineMatrix(parameters, size), size, options)];
  },
);

export const shiftScaleRotate = builderOf(ShiftScaleRotate);
