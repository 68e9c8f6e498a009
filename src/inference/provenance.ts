import type { Precision } from '../engine/precision.ts';
import type { ImageSize } from '../pixels/image.ts';
import type { Normalization } from '../training/normalization.ts';
import type { Provenance } from './store/logitFile.ts';
import { ttaOf } from './tta/options.ts';
import type { Tta } from './tta/options.ts';
import type { Inference } from './windows/options.ts';

export const noTta = ttaOf('none');

/** What logits depend on besides the image. */
export interface MadeWith {
  /** SHA-256 of the checkpoint file that the model's weights came from, in hex. */
  readonly checkpoint: string;
  readonly normalization: Normalization;
  /** Default `auto`. */
  readonly precision?: Precision;
  /** Default none. */
  readonly tta?: Tta;
}

/** @param imageSize That images are predicted at. */
export function provenanceOf(
  { checkpoint, normalization, precision = 'auto', tta = noTta }: MadeWith,
  imageSize: ImageSize | 'original',
  inference: Inference,
): Provenance {
  return {
    checkpoint,
    size: imageSize === 'original' ? imageSize : `${imageSize.width}x${imageSize.height}`,
    precision,
    normalization: JSON.stringify(
      'per' in normalization ? normalization : { mean: normalization.mean, std: normalization.std },
    ),
    tta: JSON.stringify(tta),
    ...(inference.mode === 'whole' ? {} : { windows: windowsOf(inference) }),
  };
}

function windowsOf({ window, overlap, weights }: Extract<Inference, { mode: 'slidingWindow' }>): string {
  const { width, height } = sizeOf(window);
  return JSON.stringify({ width, height, overlap, weights });
}

/** Both sides of what may be declared as one. */
export function sizeOf(declared: number | ImageSize): ImageSize {
  return typeof declared === 'number' ? { width: declared, height: declared } : declared;
}
