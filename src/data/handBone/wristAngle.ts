import { boundingBoxes } from '../../labels/boxes.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { classPose } from '../../labels/pose.ts';
import type { Pose } from '../../labels/pose.ts';
import type { HandBoneClass } from './classes.ts';

/** A stump of a bone that is hardly longer than wide points nowhere, one that is wider than long across. */
const leastElongation = 1.5;
const mostBend = Math.PI / 4;

/**
 * How far the hand is bent against the forearm in the picture's plane: the angle between the axis of the forearm
 * (of radius and ulna, as far as they are long enough in the picture) and that of the third metacarpal.
 *
 * @param classes names of the classes, `[labels.classes]`.
 * @returns degrees, −180 to 180, positive towards the little finger; undefined for classes other than the hand's, and
 *   where a bone that is needed is missing or too short.
 */
export async function wristAngle(labels: LabelMap, classes: readonly string[]): Promise<number | undefined> {
  const indexOf = (name: HandBoneClass): number => classes.indexOf(name);
  if ((['Radius', 'Ulna', 'finger-3', 'finger-11', 'finger-19'] as const).some((name) => indexOf(name) < 0)) {
    return undefined;
  }
  const boxes = await boundingBoxes(labels);
  const poseOf = (name: HandBoneClass): Pose | undefined => {
    const box = boxes[indexOf(name)];
    return box && classPose(labels, indexOf(name), box);
  };
  const [thumb, middle, little] = [poseOf('finger-3'), poseOf('finger-11'), poseOf('finger-19')];
  if (thumb === undefined || middle === undefined || little === undefined) return undefined;
  const arm = [poseOf('Radius'), poseOf('Ulna')].filter((pose) => pose !== undefined);
  // From the arm to the fingers; an axis alone has no direction.
  const [alongX, alongY] = [middle.x - mean(arm, 'x'), middle.y - mean(arm, 'y')];
  const directed = ({ angle }: Pose): [number, number] => {
    const [x, y] = [Math.cos(angle), Math.sin(angle)];
    return x * alongX + y * alongY < 0 ? [-x, -y] : [x, y];
  };
  const long = arm
    .filter(({ elongation }) => elongation >= leastElongation)
    .map(directed)
    .filter(([x, y]) => x * alongX + y * alongY > Math.cos(mostBend) * Math.hypot(alongX, alongY));
  if (long.length === 0 || middle.elongation < leastElongation) return undefined;
  const [armX, armY] = long.reduce(([sumX, sumY], [x, y]): [number, number] => [sumX + x, sumY + y]);
  const [handX, handY] = directed(middle);
  // Clockwise as seen, for y grows downwards.
  const clockwise = Math.atan2(armX * handY - armY * handX, armX * handX + armY * handY);
  const littleOnTheRight = alongX * (little.y - thumb.y) - alongY * (little.x - thumb.x) > 0;
  return ((littleOnTheRight ? clockwise : -clockwise) * 180) / Math.PI;
}

function mean(poses: readonly Pose[], axis: 'x' | 'y'): number {
  return poses.reduce((sum, pose) => sum + pose[axis], 0) / poses.length;
}
