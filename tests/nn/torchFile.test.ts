import { zipSync } from 'fflate';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PhalanxError } from '../../src/core/errors.ts';
import { Random } from '../../src/core/random.ts';
import { readSafetensors } from '../../src/nn/safetensors/read.ts';
import { readTorchFile } from '../../src/nn/torchFile/read.ts';

const golden = (name: string): string =>
  fileURLToPath(new URL(`../goldens/torchFiles/${name}`, import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'torch-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('what torch.save wrote is read as it was', () => {
  test.each([
    ['zip.pth', ''],
    ['legacy.pth', ''],
    ['checkpoint.pth', 'module.'],
  ])('%s', async (name, prefix) => {
    const { tensors: expected } = await readSafetensors(golden('expected.safetensors'));
    const tensors = await readTorchFile(golden(name));
    expect([...tensors.keys()].sort()).toEqual([...expected.keys()].map((key) => prefix + key).sort());
    for (const [key, tensor] of expected) expect(tensors.get(prefix + key), key).toEqual(tensor);
  });
});

/** The refusal of a file with this content. */
async function refusal(bytes: Uint8Array): Promise<PhalanxError> {
  const path = join(folder, 'hostile.pth');
  await writeFile(path, bytes);
  const thrown: unknown = await readTorchFile(path).then(
    () => 'it was read',
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(PhalanxError);
  return thrown as PhalanxError;
}

const bytesOfText = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

function archive(pickle: string, entries: Record<string, Uint8Array> = {}): Uint8Array {
  return zipSync({ 'a/data.pkl': bytesOfText(`\x80\x02${pickle}.`), ...entries }, { level: 0 });
}

/** A dictionary of one tensor in a storage of 4 floats, with this offset, shape and strides as opcodes. */
function oneTensor(geometry: string, elements = 'K\x04', type = 'FloatStorage'): string {
  const storage = `(U\x07storagectorch\n${type}\nU\x010U\x03cpu${elements}tQ`;
  return `}U\x01xctorch._utils\n_rebuild_tensor_v2\n(${storage}${geometry}\x89}tRs`;
}

const numbers = { 'a/data/0': new Uint8Array(16) };

test('the hand-written archive that the hostile ones are made from is read', async () => {
  const path = join(folder, 'good.pth');
  await writeFile(path, archive(oneTensor('K\x00K\x02K\x02\x86K\x02K\x01\x86'), numbers));
  expect([...(await readTorchFile(path)).keys()]).toEqual(['x']);
});

describe('a hostile pickle is refused and nothing of it runs', () => {
  test.each<[string, string, string]>([
    ['os.system', 'cposix\nsystem\nU\x04true\x85R', 'torch-file/refused'],
    ['os.system by protocol 4', 'U\x05posixU\x06system\x93', 'torch-file/refused'],
    ['builtins.eval', 'c__builtin__\neval\nU\x011\x85R', 'torch-file/refused'],
    ['a whole model', 'ctorch.nn.modules.linear\nLinear\n)\x81}b', 'torch-file/refused'],
    ['INST', '(U\x04trueios\nsystem\n', 'torch-file/refused'],
    ['OBJ', '(cos\nsystem\no', 'torch-file/refused'],
    ['an extension registry', '\x82\x01', 'torch-file/refused'],
    ['a call of a value', 'K\x01)R', 'torch-file/refused'],
    ['attributes of a tensor', `${oneTensor('K\x00)))').slice(0, -1)}}b`, 'torch-file/refused'],
    ['attributes of a list', ']}b', 'torch-file/refused'],
    ['an OrderedDict made of another', 'ccollections\nOrderedDict\n]\x85R', 'torch-file/refused'],
    ['text of 4 GB', 'X\xff\xff\xff\xff', 'torch-file/malformed'],
    ['a number of 255 bytes that are not there', '\x8a\xff\x01', 'torch-file/malformed'],
    ['what was never remembered', 'j\xff\xff\xff\x7f', 'torch-file/malformed'],
    ['an empty stack', '', 'torch-file/malformed'],
    ['a tuple without a beginning', 'K\x01t', 'torch-file/malformed'],
    ['items of no dictionary', 'K\x01K\x02K\x03s', 'torch-file/malformed'],
    ['half an item', '}(K\x01u', 'torch-file/malformed'],
    ['no tensors', '}U\x05epochK\x03s', 'torch-file/no-weights'],
    ['a list that contains itself', ']q\x00h\x00a', 'torch-file/no-weights'],
    ['a dictionary that contains itself', '}q\x00U\x0astate_dicth\x00s', 'torch-file/no-weights'],
    ['a storage of objects', oneTensor('K\x00))', 'K\x04', 'nn.Module'), 'torch-file/refused'],
    ['a storage named __proto__', oneTensor('K\x00))', 'K\x04', '__proto__'), 'torch-file/refused'],
    ['an offset beyond the storage', oneTensor('K\x04K\x01\x85K\x01\x85'), 'torch-file/malformed'],
    ['strides beyond the storage', oneTensor('K\x00K\x02\x85K\x04\x85'), 'torch-file/malformed'],
    ['a negative stride', oneTensor('K\x00K\x02\x85J\xff\xff\xff\xff\x85'), 'torch-file/malformed'],
    [
      'a billion elements out of four',
      oneTensor('K\x00J\x00\x00\x00\x40\x85K\x00\x85'),
      'torch-file/malformed',
    ],
    [
      'a storage larger than its entry',
      oneTensor('K\x00K\x01\x85K\x01\x85', 'K\x05'),
      'torch-file/malformed',
    ],
    ['a storage of 8 GB', oneTensor('K\x00K\x01\x85K\x01\x85', 'J\xff\xff\xff\x7f'), 'torch-file/malformed'],
    [
      'a tensor of rank 9',
      oneTensor(`K\x00(${'K\x01'.repeat(9)}t(${'K\x01'.repeat(9)}t`),
      'torch-file/malformed',
    ],
  ])('%s', async (_, pickle, code) => {
    expect((await refusal(archive(pickle, numbers))).code).toBe(code);
  });

  test('lists nested a million deep', async () => {
    expect((await refusal(archive(`${']'.repeat(1e6)}${'a'.repeat(1e6 - 1)}`))).code).toBe(
      'torch-file/no-weights',
    );
    expect((await refusal(archive(']'.repeat(1e6)))).code).toBe('torch-file/malformed');
  });

  test('a thousand tensors that share one storage of a mebibyte', async () => {
    const views = Array.from({ length: 1000 }, (_, index) => {
      const name = String(index).padStart(4, '0');
      return oneTensor('K\x00J\x00\x00\x04\x00\x85K\x01\x85', 'J\x00\x00\x04\x00')
        .slice(1)
        .replace('U\x01x', `U\x04${name}`);
    });
    const error = await refusal(archive(`}${views.join('')}`, { 'a/data/0': new Uint8Array(2 ** 20) }));
    expect(error.code).toBe('torch-file/malformed');
  });

  test('numbers of a big-endian machine', async () => {
    const bytes = archive(oneTensor('K\x00))'), { ...numbers, 'a/byteorder': bytesOfText('big') });
    expect((await refusal(bytes)).message).toContain('byte order "big"');
    const legacy = await readFile(golden('legacy.pth'));
    const at = legacy.indexOf('little_endian') + 'little_endian'.length + 2;
    expect(legacy[at]).toBe(0x88);
    legacy[at] = 0x89;
    expect((await refusal(legacy)).code).toBe('torch-file/refused');
  });
});

describe('a hostile archive is refused', () => {
  const good = archive(oneTensor('K\x00K\x02\x85K\x01\x85'), numbers);
  const directory = Buffer.from(good).indexOf('PK\x01\x02', 0, 'latin1');
  const second = Buffer.from(good).indexOf('PK\x01\x02', directory + 1, 'latin1');
  const end = Buffer.from(good).indexOf('PK\x05\x06', 0, 'latin1');

  test.each<[string, (view: DataView) => void]>([
    [
      'entries that overlap',
      (view) => view.setUint32(second + 42, view.getUint32(directory + 42, true), true),
    ],
    ['an entry beyond the file', (view) => view.setUint32(second + 42, 0x7fffffff, true)],
    [
      'an entry longer than the file',
      (view) => {
        view.setUint32(second + 20, 0x7fffffff, true);
        view.setUint32(second + 24, 0x7fffffff, true);
      },
    ],
    ['an entry that unpacks to more than it holds', (view) => view.setUint32(second + 24, 0x7fffffff, true)],
    ['a compressed entry', (view) => view.setUint16(second + 10, 8, true)],
    ['an encrypted entry', (view) => view.setUint16(second + 8, 1, true)],
    [
      'a Zip64 size that is not there',
      (view) => {
        view.setUint32(second + 20, 0xffffffff, true);
        view.setUint32(second + 24, 0xffffffff, true);
      },
    ],
    ['more entries than it has', (view) => view.setUint16(end + 10, 3, true)],
    ['a directory beyond the file', (view) => view.setUint32(end + 16, 0x7fffffff, true)],
    ['a directory longer than the file', (view) => view.setUint32(end + 12, 0x7fffffff, true)],
  ])('%s', async (_, change) => {
    const bytes = good.slice();
    change(new DataView(bytes.buffer));
    expect((await refusal(bytes)).code).toBe('torch-file/malformed');
  });

  test('one without a pickle', async () => {
    expect((await refusal(zipSync({ 'a/other': new Uint8Array(1) }, { level: 0 }))).code).toBe(
      'torch-file/malformed',
    );
  });
});

test.each(['zip.pth', 'legacy.pth', 'checkpoint.pth'])('%s cut short anywhere is refused', async (name) => {
  const bytes = await readFile(golden(name));
  for (let length = 0; length < bytes.length; length += 13) await refusal(bytes.subarray(0, length));
});

test.each(['zip.pth', 'legacy.pth', 'checkpoint.pth', 'module.pth'])(
  '%s with flipped bits is read or refused, and nothing else',
  async (name) => {
    const original = await readFile(golden(name));
    const random = Random.from(0, 'flips', name);
    const path = join(folder, name);
    let refusals = 0;
    for (let round = 0; round < 300; round++) {
      const bytes = Buffer.from(original);
      for (let flip = 0; flip <= round % 4; flip++) {
        const bit = Math.floor(random.uniform(0, bytes.length * 8));
        bytes[bit >> 3]! ^= 1 << (bit & 7);
      }
      await writeFile(path, bytes);
      await readTorchFile(path).catch((error: unknown) => {
        expect(error).toBeInstanceOf(PhalanxError);
        refusals++;
      });
    }
    expect(refusals).toBeGreaterThan(20);
  },
);

test('what is no file of PyTorch, or no file, is told apart', async () => {
  expect((await refusal(new Uint8Array())).code).toBe('torch-file/malformed');
  expect((await refusal(bytesOfText('<html>404'))).code).toBe('torch-file/malformed');
  await expect(readTorchFile(folder)).rejects.toMatchObject({ code: 'torch-file/open' });
  await expect(readTorchFile(join(folder, 'none.pth'))).rejects.toMatchObject({ code: 'torch-file/open' });
});
