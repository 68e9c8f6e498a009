import { mapConcurrently } from '../../data/mapConcurrently.ts';
import { createLabelMap } from '../../labels/labelMap.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { nativePixels } from '../../pixels/native.ts';
import type { LogitFile } from '../store/logitFile.ts';
import { blockRowsOf, blockSide } from '../store/packedPlane.ts';
import type { PackedPlane } from '../store/packedPlane.ts';
import { decodingTable } from '../store/quantization.ts';
import type { JointMember } from './combination.ts';
import { compile, functions } from './program.ts';
import type { Program } from './program.ts';
import { countLevels, rankTable } from './rankTable.ts';

interface CombineKernels {
  combineClass(
    planes: readonly PackedPlane[],
    windows: Int32Array,
    decoding: Float32Array,
    program: Int32Array,
    constants: Float32Array,
    tables: Float32Array,
    threshold: number,
    target: Uint32Array,
    width: number,
    height: number,
    fromRow: number,
    toRow: number,
    bit: number,
  ): Promise<unknown>;
}

/** Most bytes of packed planes in memory for one class; models that need more are joined in bands of rows. */
const budget = 32 * 2 ** 20;

/** Rows of a band are a multiple of the kernel's tiles. */
const bandStep = 8;

/**
 * Joins models' logits of one image at the image's size, class by class: only the classes' borders are ever
 * interpolated, and memory grows with neither models nor classes.
 *
 * @param files the models' logits, in the order of `leavesOf`.
 * @param threshold probability, `[classes]`.
 * @param bytes most bytes of packed planes in memory.
 * @throws PhalanxError `logits/damaged`.
 */
export async function jointLabels(
  joint: Pick<JointMember, 'members' | 'combine'>,
  files: readonly LogitFile[],
  threshold: readonly number[],
  bytes = budget,
): Promise<LabelMap> {
  const { originalHeight: height, originalWidth: width } = files[0]!.info;
  const labels = createLabelMap(width, height, threshold.length);
  for (const c of threshold.keys()) {
    const program = compile(joint, c, threshold);
    const models = program.leaves.map((leaf) => files[leaf]!);
    const tables = await rankTables(program, models, c);
    let bands = 1;
    for (let band = 0; band < bands; band++) {
      const rows = { from: rowAt(band, bands, height), to: rowAt(band + 1, bands, height) };
      if (rows.from === rows.to) continue;
      const windows = await windowsOf(models, c, rows, height, bandStep * bands < height ? bytes : Infinity);
      if (windows === undefined) {
        // Rows that are done are done again, with the same result.
        bands *= 2;
        band = -1;
        continue;
      }
      await nativePixels<CombineKernels>().combineClass(
        windows.map(({ plane }) => plane),
        Int32Array.from(
          windows.flatMap(({ width, height, firstRow, rows }) => [width, height, firstRow, rows]),
        ),
        decodingTable,
        codeOf(program),
        constantsOf(program),
        tables,
        program.bound,
        labels.planes[c >> 5]!,
        width,
        height,
        rows.from,
        rows.to,
        c % 32,
      );
    }
  }
  return labels;
}

interface Rows {
  readonly from: number;
  readonly to: number;
}

function rowAt(band: number, bands: number, height: number): number {
  return Math.min(height, Math.ceil((height * band) / bands / bandStep) * bandStep);
}

interface Window {
  readonly plane: PackedPlane;
  readonly width: number;
  readonly height: number;
  readonly firstRow: number;
  readonly rows: number;
}

/** What the rows of the image are interpolated from, or undefined when that is more than `bytes`. */
async function windowsOf(
  models: readonly LogitFile[],
  c: number,
  { from, to }: Rows,
  imageHeight: number,
  bytes: number,
): Promise<readonly Window[] | undefined> {
  let used = 0;
  const windows = await mapConcurrently(models, async (file) => {
    if (used > bytes) return undefined;
    const { width, height } = file.info;
    const scale = height / imageHeight;
    // A row more than the interpolation needs, against rounding.
    const first = Math.max(0, Math.floor((from + 0.5) * scale - 0.5) - 1);
    const last = Math.min(height - 1, Math.ceil((to - 0.5) * scale - 0.5) + 1);
    const [firstBlock, endBlock] = [Math.floor(first / blockSide), Math.floor(last / blockSide) + 1];
    const plane = blockRowsOf(await file.packedPlane(c), height, width, firstBlock, endBlock);
    used += plane.length;
    const firstRow = firstBlock * blockSide;
    return { plane, width, height, firstRow, rows: Math.min(height, endBlock * blockSide) - firstRow };
  });
  return used > bytes ? undefined : windows.filter((window) => window !== undefined);
}

/** The ranks that the program asks for, `[operands that are ranks, 256]`. */
async function rankTables(program: Program, models: readonly LogitFile[], c: number): Promise<Float32Array> {
  const ranked = operandsOf(program).filter((operand) => operand.function === functions.rank);
  const tables = new Float32Array(256 * ranked.length);
  for (const [index, { source, step }] of ranked.entries()) {
    const { info } = models[source]!;
    const counts = await countLevels(await models[source]!.packedPlane(c), info.height, info.width);
    tables.set(rankTable(counts, step), 256 * index);
  }
  return tables;
}

function operandsOf({ nodes }: Program): Program['nodes'][number]['operands'] {
  return nodes.flatMap(({ operands }) => operands);
}

/** As the kernel reads it. */
function codeOf({ nodes }: Program): Int32Array {
  let table = 0;
  const code = nodes.flatMap(({ output, operands }) => [
    output,
    operands.length,
    ...operands.flatMap(({ source, function: of }) => [source, of, of === functions.rank ? table++ : 0]),
  ]);
  return Int32Array.from([nodes.length, ...code]);
}

function constantsOf(program: Program): Float32Array {
  return Float32Array.from(operandsOf(program).flatMap(({ weight, step }) => [weight, step]));
}
