import type { Random } from '../../core/random.ts';
import type { HandBoneClass } from '../handBone/classes.ts';
import { articulate } from './anatomy/hand.ts';
import { bodyBuild } from './anatomy/build.ts';
import { clipToBox, distance } from './anatomy/geometry.ts';
import type { Point } from './anatomy/geometry.ts';
import { frameHand } from './anatomy/framing.ts';
import type { Framing } from './anatomy/framing.ts';
import { drawPose } from './anatomy/pose.ts';
import type { HandSkeleton } from './anatomy/hand.ts';
import { outliersOf } from './person.ts';
import type { PhantomPerson, Side } from './person.ts';
import { addBone } from './render/bones.ts';
import { expose } from './render/exposure.ts';
import { addForeignBodies } from './render/foreign.ts';
import { addMarker } from './render/marker.ts';
import { addMinorBone, minorBones } from './render/minorBones.ts';
import { softTissue } from './render/softTissue.ts';
import { noiseTile } from './render/texture.ts';

export interface HandPicture {
  /** Pixels. */
  readonly size: number;
  /** `[size, size]`, 0 to 255. */
  readonly grey: Uint8Array;
  /** One polygon of integer pixels for each bone, in the order of the competition's classes. */
  readonly polygons: readonly { readonly label: HandBoneClass; readonly points: readonly Point[] }[];
}

/** Absorption of a millimetre of soft tissue. */
const fleshAbsorption = 0.0215;

/** One hand of a person, palm down, as a detector of `size` by `size` pixels sees it. */
export function renderHand(person: PhantomPerson, side: Side, size: number): HandPicture {
  const random = person.random.derive(side);
  const build = bodyBuild(person);
  const pose = drawPose(person.outliers, random.derive('pose'));
  const skeleton = articulate(build, pose, random.derive('bones'));
  const framing = frameHand(skeleton, side, pose.rotation, size, random.derive('framing'));
  const absorbed = renderAbsorption(person, side, skeleton, framing, size, random);
  return {
    size,
    grey: expose(absorbed, size, framing, person.outliers, random.derive('detector')),
    polygons: skeleton.bones.map(({ name, outline }) => ({
      label: name,
      points: annotate(outline.map(framing.toPixel), framing, size),
    })),
  };
}

function renderAbsorption(
  person: PhantomPerson,
  side: Side,
  skeleton: HandSkeleton,
  framing: Framing,
  size: number,
  random: Random,
): Float32Array {
  const build = bodyBuild(person);
  const tile = noiseTile();
  const phase = random.derive('flesh').uniform(0, 256);
  const tissue = softTissue(skeleton, build.flesh, framing, size);
  const absorbed = new Float32Array(size * size);
  const mottle = 0.12 / framing.pixelsPerMillimetre;
  for (let y = 0, i = 0; y < size; y++)
    for (let x = 0; x < size; x++, i++) {
      const thickness = tissue[i]!;
      if (thickness === 0) continue;
      const uneven = tile.at(x * mottle + phase, y * mottle) + 0.6 * tile.at(x * mottle * 4, y * mottle * 4);
      absorbed[i] = fleshAbsorption * thickness * (1 + 0.022 * uneven);
    }
  for (const bone of skeleton.bones)
    addBone(absorbed, size, bone, framing, build.density, tile, random.derive('texture', bone.name));
  for (const minor of minorBones(skeleton, framing, random.derive('minor bones')))
    addMinorBone(absorbed, size, minor);
  addForeignBodies({ absorbed, size, framing }, skeleton, outliersOf(person, side), random.derive('foreign'));
  if (random.derive('marked').chance(0.6))
    addMarker(absorbed, tissue, size, side, framing, random.derive('marker'));
  return absorbed;
}

/** An annotator's polygon: the outline inside the collimated field, on whole pixels, without repeated points. */
function annotate(outline: readonly Point[], { field }: Framing, size: number): Point[] {
  const spacing = Math.max(1, (4 * size) / 2048);
  const sparse: Point[] = [];
  for (const point of outline)
    if (sparse.length === 0 || distance(sparse.at(-1)!, point) >= spacing) sparse.push(point);
  const rounded = clipToBox(sparse, field).map(([x, y]): Point => [Math.round(x), Math.round(y)]);
  return rounded.filter(([x, y], index) => {
    const [px, py] = rounded.at(index - 1)!;
    return rounded.length === 1 || x !== px || y !== py;
  });
}
