import { PhalanxError } from '../../core/errors.ts';

export const MEBIBYTE = 2 ** 20;

/** The file contradicts its own format. */
export function malformed(file: string, expected: string, received: string, cause?: unknown): PhalanxError {
  return new PhalanxError(
    'torch-file/malformed',
    {
      what: 'The file is not a valid PyTorch file',
      where: file,
      expected,
      received,
      fix: 'Copy or download the file again',
    },
    { cause },
  );
}

/** The file may be in order, but holds more than tensors; nothing of it was run. */
export function refused(file: string, received: string): PhalanxError {
  return new PhalanxError('torch-file/refused', {
    what: 'The PyTorch file holds something else than tensors in dictionaries, and none of it was run',
    where: file,
    received: received.length > 120 ? `${received.slice(0, 120)}…` : received,
    fix: "Save the state dict alone in Python, with torch.save(model.state_dict(), 'weights.pth') or as .safetensors",
  });
}
