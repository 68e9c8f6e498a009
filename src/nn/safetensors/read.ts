import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { PhalanxError, messageOf } from '../../core/errors.ts';
import { MAX_HEADER_BYTES, PREFIX_BYTES, hostTensor } from './format.ts';
import type { HostTensor, StateDict } from './format.ts';
import { parseHeader } from './header.ts';

export interface SafetensorsFile {
  readonly tensors: StateDict;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a `.safetensors` file from anywhere: everything is checked before a tensor's memory is claimed.
 *
 * @throws PhalanxError `safetensors/open` when there is no such file, `safetensors/header` when its content is not
 *   what the format allows (cut short, overlapping or impossible ranges, unknown types).
 */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new PhalanxError(
      'safetensors/open',
      {
        what: 'The weights file cannot be opened',
        where: path,
        received: messageOf(cause),
        fix: 'Check the path',
      },
      { cause },
    );
  });
  try {
    const status = await file.stat();
    if (!status.isFile()) {
      throw new PhalanxError('safetensors/open', {
        what: 'The weights path is not a file',
        where: path,
        expected: 'a .safetensors file',
      });
    }
    const headerBytes = await readHeaderLength(file, status.size, path);
    const text = new TextDecoder().decode(await readRange(file, PREFIX_BYTES, headerBytes, path));
    const dataStart = PREFIX_BYTES + headerBytes;
    const header = parseHeader(text, status.size - dataStart, path);
    const tensors = new Map<string, HostTensor>();
    for (const { name, dtype, shape, begin, end } of header.tensors) {
      tensors.set(
        name,
        hostTensor(dtype, shape, await readRange(file, dataStart + begin, end - begin, path)),
      );
    }
    return { tensors, metadata: header.metadata };
  } finally {
    await file.close();
  }
}

async function readHeaderLength(file: FileHandle, fileBytes: number, path: string): Promise<number> {
  const limit = Math.min(MAX_HEADER_BYTES, fileBytes - PREFIX_BYTES);
  const length =
    limit < 2 ? undefined : new DataView(await readRange(file, 0, PREFIX_BYTES, path)).getBigUint64(0, true);
  if (length === undefined || length < 2n || length > BigInt(limit)) {
    throw new PhalanxError('safetensors/header', {
      what: 'The file is not a valid .safetensors file',
      where: path,
      expected: `a header of 2 to ${MAX_HEADER_BYTES} bytes that fits into the file`,
      received:
        length === undefined ? `a file of ${fileBytes} bytes` : `a header length of ${length.toString()}`,
      fix: 'Copy or download the file again, or export it anew',
    });
  }
  return Number(length);
}

async function readRange(file: FileHandle, start: number, bytes: number, path: string): Promise<ArrayBuffer> {
  const target = new Uint8Array(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await file.read(target, filled, Math.min(bytes - filled, 2 ** 30), start + filled);
    if (bytesRead === 0) {
      throw new PhalanxError('safetensors/header', {
        what: 'The file became shorter while it was read',
        where: path,
        expected: `${start + bytes} bytes`,
        received: `${start + filled}`,
      });
    }
    filled += bytesRead;
  }
  return target.buffer;
}
