import { affineProduct } from '../pixels/affine.ts';
import type { BorderMode, Interpolation, Raster } from '../pixels/geometry.ts';
import type { ImageSize } from '../pixels/image.ts';
import { release } from '../pixels/memory.ts';
import type { LabelInterpolation, ResizeMethod } from '../pixels/resize.ts';
import { resize } from '../pixels/resize.ts';
import type { FillMask } from './fillMask.ts';
import type { Symmetry } from '../pixels/symmetry.ts';
import { reorient, reorientedSize, symmetryMatrix, symmetryProduct } from '../pixels/symmetry.ts';
import type { Warp, WarpStep } from '../pixels/warp.ts';
import { warp } from '../pixels/warp.ts';
import type { Window } from '../pixels/window.ts';
import { copyWindow } from '../pixels/window.ts';

interface Border {
  readonly border: BorderMode;
  readonly fill: number | readonly number[];
  readonly fillMask: FillMask;
}

/** What a geometric transform does to the places of pixels, once its random choices are drawn. */
export type Move =
  | { readonly kind: 'symmetry'; readonly symmetry: Symmetry }
  | ({ readonly kind: 'window'; readonly window: Window } & Border)
  | {
      readonly kind: 'resize';
      readonly size: ImageSize;
      readonly method: ResizeMethod;
      readonly labels: LabelInterpolation;
    }
  | { readonly kind: 'warp'; readonly warp: Warp; readonly fillMask: FillMask };

/** Size of what a move makes of an image. */
export function sizeAfter(size: ImageSize, move: Move): ImageSize {
  switch (move.kind) {
    case 'symmetry':
      return reorientedSize(size, move.symmetry);
    case 'window':
      return { width: move.window.width, height: move.window.height };
    case 'resize':
      return move.size;
    case 'warp':
      return { width: move.warp.width, height: move.warp.height };
  }
}

function reachesOutside({ x, y, width, height }: Window, size: ImageSize): boolean {
  return x < 0 || y < 0 || x + width > size.width || y + height > size.height;
}

/** Moves that may be done by one warp, and what they agree in. */
interface Group {
  readonly moves: Move[];
  /** Of the image before the first of them. */
  readonly size: ImageSize;
  interpolation: Interpolation | undefined;
  border: Border | undefined;
}

/** What a move asks of the warp that would do it; undefined where no warp can. */
function demandsOf(
  move: Move,
  size: ImageSize,
): { readonly interpolation?: Interpolation; readonly border?: Border } | undefined {
  switch (move.kind) {
    case 'symmetry':
      return {};
    case 'window':
      return reachesOutside(move.window, size) ? { border: move } : {};
    case 'resize':
      return move.method === 'area' ? undefined : { interpolation: move.method };
    case 'warp':
      return {
        interpolation: move.warp.interpolation,
        border: { border: move.warp.border, fill: move.warp.fill, fillMask: move.fillMask },
      };
  }
}

function sameBorder(a: Border, b: Border): boolean {
  if (a.border !== b.border) return false;
  return a.border !== 'constant' || (String(a.fill) === String(b.fill) && a.fillMask === b.fillMask);
}

function groupsOf(moves: readonly Move[], size: ImageSize): Group[] {
  const groups: Group[] = [];
  let current = size;
  for (const move of moves) {
    const group = groups.at(-1);
    const demands = demandsOf(move, current);
    const last = group?.moves.at(-1);
    if (move.kind === 'symmetry' && last?.kind === 'symmetry') {
      const symmetry = symmetryProduct(move.symmetry, last.symmetry);
      group!.moves[group!.moves.length - 1] = { kind: 'symmetry', symmetry };
    } else if (group !== undefined && demands !== undefined && fits(group, demands)) {
      group.moves.push(move);
      group.interpolation ??= demands.interpolation;
      group.border ??= demands.border;
    } else {
      groups.push({
        moves: [move],
        size: current,
        interpolation: demands?.interpolation,
        border: demands?.border,
      });
    }
    current = sizeAfter(current, move);
  }
  return groups;
}

function fits(
  group: Group,
  { interpolation, border }: { readonly interpolation?: Interpolation; readonly border?: Border },
): boolean {
  if (group.moves.some((move) => move.kind === 'resize' && move.method === 'area')) return false;
  if (interpolation !== undefined && (group.interpolation ?? interpolation) !== interpolation) return false;
  return border === undefined || group.border === undefined || sameBorder(group.border, border);
}

/**
 * The steps of one move, from its output to its input; `first` when nothing lies before it, so that the border of the
 * whole warp is its own.
 */
function stepsOf(move: Move, size: ImageSize, first: boolean): WarpStep[] {
  const { width, height } = size;
  switch (move.kind) {
    case 'symmetry':
      return [
        { map: { kind: 'affine', matrix: symmetryMatrix(move.symmetry, size) }, width, height, fold: 'none' },
      ];
    case 'window': {
      const { x, y } = move.window;
      const fold = first || !reachesOutside(move.window, size) ? 'none' : move.border;
      return [{ map: { kind: 'affine', matrix: [1, 0, x, 0, 1, y] }, width, height, fold }];
    }
    case 'resize': {
      // Centres of pixels on centres; a resize never sees what lies outside.
      const [scaleX, scaleY] = [width / move.size.width, height / move.size.height];
      const matrix = [scaleX, 0, scaleX / 2 - 0.5, 0, scaleY, scaleY / 2 - 0.5] as const;
      return [{ map: { kind: 'affine', matrix }, width, height, fold: 'replicate' }];
    }
    case 'warp': {
      const steps = [...move.warp.steps];
      if (!first) steps.push({ ...steps.pop()!, fold: move.warp.border });
      return steps;
    }
  }
}

/** Affine steps with nothing to do between them become one. */
function joined(steps: readonly WarpStep[]): WarpStep[] {
  const result: WarpStep[] = [];
  for (const step of steps) {
    const before = result.at(-1);
    if (before?.map.kind === 'affine' && before.fold === 'none' && step.map.kind === 'affine') {
      const matrix = affineProduct(step.map.matrix, before.map.matrix);
      result[result.length - 1] = { ...step, map: { kind: 'affine', matrix } };
    } else {
      result.push(step);
    }
  }
  return result;
}

/** One warp for all of the group. */
function warpOf({ moves, size, interpolation, border }: Group): { warp: Warp; fillMask: FillMask } {
  const steps: WarpStep[] = [];
  let current = size;
  for (const [i, move] of moves.entries()) {
    steps.unshift(...stepsOf(move, current, i === 0));
    current = sizeAfter(current, move);
  }
  const warp: Warp = {
    ...current,
    steps: joined(steps),
    interpolation: interpolation ?? 'nearest',
    border: border?.border ?? 'constant',
    fill: border?.fill ?? 0,
  };
  return { warp, fillMask: border?.fillMask ?? 0 };
}

/** What each plane has beyond a constant border. */
function labelFill({ planes, unknownPlane }: Raster, fillMask: FillMask): number[] {
  return planes.map((_, p) => (fillMask === 'unknown' && p === unknownPlane ? 1 : 0));
}

async function doMove(raster: Raster, move: Move): Promise<Raster> {
  switch (move.kind) {
    case 'symmetry': {
      const { transpose, mirrorX, mirrorY } = move.symmetry;
      return transpose || mirrorX || mirrorY ? reorient(raster, move.symmetry) : raster;
    }
    case 'window':
      return copyWindow(raster, move.window, move.border, move.fill, labelFill(raster, move.fillMask));
    case 'resize':
      return resize(raster, move.size, move.method, move.labels);
    case 'warp':
      return warp(raster, { ...move.warp, labelFill: labelFill(raster, move.fillMask) });
  }
}

/**
 * Does the moves, in order; the given raster stays as it is. Consecutive moves around a warp that agree in
 * interpolation and border are done by one warp, so that the image is interpolated once: every pixel is traced back
 * through all of them. Flips and crops on their own, and a resize that no warp is beside, are done by their own
 * kernels.
 */
export async function doMoves(raster: Raster, moves: readonly Move[]): Promise<Raster> {
  let current = raster;
  const advance = (next: Raster): void => {
    if (next === current) return;
    if (current !== raster) release([current.image.data, ...current.planes]);
    current = { ...next, unknownPlane: raster.unknownPlane };
  };
  for (const group of groupsOf(moves, raster.image)) {
    if (group.moves.length > 1 && group.moves.some(({ kind }) => kind === 'warp')) {
      advance(await doMove(current, { kind: 'warp', ...warpOf(group) }));
    } else {
      for (const move of group.moves) advance(await doMove(current, move));
    }
  }
  for (const move of moves) {
    if (move.kind !== 'warp') continue;
    for (const { map } of move.warp.steps) if (map.kind === 'dense') release([map.x, map.y]);
  }
  return current;
}
