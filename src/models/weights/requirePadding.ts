import { z } from 'zod';
import { PhalanxError } from '../../core/errors.ts';
import type { EncoderConfig } from '../encoders/options.ts';

const described = z.object({ encoder: z.object({ padding: z.string() }) });

/**
 * Refuses weights that were made under another padding than the encoder has, where the file's metadata tells: names and
 * shapes are the same, features are not.
 *
 * @throws PhalanxError `model/padding`
 */
export function requirePadding(
  metadata: Readonly<Record<string, string>>,
  encoder: EncoderConfig | undefined,
  where: string,
): void {
  if (encoder === undefined || !('padding' in encoder)) return;
  const { data } = described.safeParse(parseJson(metadata['model']));
  if (data === undefined || data.encoder.padding === encoder.padding) return;
  throw new PhalanxError('model/padding', {
    what: 'The weights are of a model whose encoder pads otherwise',
    where,
    expected: `encoder.padding to be ${encoder.padding}`,
    received: data.encoder.padding,
    fix: `Set padding of the encoder to ${data.encoder.padding}`,
  });
}

function parseJson(text = ''): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
