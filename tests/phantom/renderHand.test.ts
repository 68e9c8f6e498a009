import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { handBoneClasses } from '../../src/data/handBone/classes.ts';
import { phantomVersion } from '../../src/data/phantom/manifest.ts';
import { outlierKinds, resolvePhantomOptions } from '../../src/data/phantom/options.ts';
import type { OutlierKind } from '../../src/data/phantom/options.ts';
import { outliersOf, phantomPeople } from '../../src/data/phantom/person.ts';
import type { PhantomPerson } from '../../src/data/phantom/person.ts';
import { renderHand } from '../../src/data/phantom/renderHand.ts';
import type { HandPicture } from '../../src/data/phantom/renderHand.ts';

function people(count: number, kinds: readonly OutlierKind[], seed = 5): PhantomPerson[] {
  const shares = Object.fromEntries(kinds.map((kind) => [kind, 1]));
  return phantomPeople(
    resolvePhantomOptions({ people: count, test: 0, seed, outliers: { train: shares, test: {} } }),
  );
}

function centre(picture: HandPicture, label: (typeof handBoneClasses)[number]): [number, number] {
  const { points } = picture.polygons.find((polygon) => polygon.label === label)!;
  const sum = points.reduce(([sx, sy], [x, y]) => [sx + x, sy + y], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}

/** Angle between the hand and the forearm, radians. */
function wristBend(person: PhantomPerson): number {
  const picture = renderHand(person, 'left', 160);
  const [tip, wrist] = [centre(picture, 'finger-9'), centre(picture, 'Capitate')];
  const [radius, ulna] = [centre(picture, 'Radius'), centre(picture, 'Ulna')];
  const arm = [(radius[0] + ulna[0]) / 2, (radius[1] + ulna[1]) / 2] as const;
  const hand = Math.atan2(tip[0] - wrist[0], wrist[1] - tip[1]);
  return Math.abs(hand - Math.atan2(wrist[0] - arm[0], arm[1] - wrist[1]));
}

/** Least length of a finger beyond its proximal phalanx, relative to its metacarpal and to the usual proportions. */
function shortestFinger(person: PhantomPerson): number {
  const picture = renderHand(person, 'left', 160);
  const span = (from: number, to: number): number => {
    const [a, b] = [from, to].map((bone) => centre(picture, `finger-${bone}` as 'finger-1')) as [
      [number, number],
      [number, number],
    ];
    return Math.hypot(a[0] - b[0], a[1] - b[1]);
  };
  const usual = { 4: 0.98, 8: 1.09, 12: 1.16, 16: 1.04 } as const;
  return Math.min(
    ...([4, 8, 12, 16] as const).map((tip) => span(tip, tip + 2) / span(tip + 2, tip + 3) / usual[tip]),
  );
}

const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

describe('determinism', () => {
  test('pixels and polygons are those of phantom version 1 on every machine', () => {
    expect(phantomVersion).toBe(1);
    const [person] = people(1, [...outlierKinds], 2);
    const { grey, polygons } = renderHand(person!, 'right', 256);
    const digest = (data: string | Uint8Array): string =>
      createHash('sha256').update(data).digest('hex').slice(0, 16);
    // A change here changes everyone's data: raise phantomVersion with it.
    expect([digest(grey), digest(JSON.stringify(polygons))]).toEqual([
      '836dbac1ef22223f',
      '0ca1c6ee64c76875',
    ]);
  });

  test('a person does not depend on how many others there are', () => {
    const [alone] = people(1, []);
    const [first] = people(5, []);
    expect(renderHand(first!, 'left', 96)).toEqual(renderHand(alone!, 'left', 96));
  });
});

describe('anatomy', () => {
  test('the hands of a person mirror each other, thumbs inwards when palms lie down', () => {
    for (const person of people(4, [])) {
      const [right, left] = [renderHand(person, 'right', 160), renderHand(person, 'left', 160)];
      expect(centre(right, 'finger-1')[0]).toBeLessThan(centre(right, 'finger-16')[0]);
      expect(centre(left, 'finger-1')[0]).toBeGreaterThan(centre(left, 'finger-16')[0]);
      expect(centre(right, 'Radius')[0]).toBeLessThan(centre(right, 'Ulna')[0]);
      expect(centre(left, 'Radius')[0]).toBeGreaterThan(centre(left, 'Ulna')[0]);
    }
  });

  test('fingers are numbered from the tip to the metacarpal, and the arm is below', () => {
    for (const person of people(4, [])) {
      const picture = renderHand(person, 'left', 160);
      const height = (label: (typeof handBoneClasses)[number]): number => centre(picture, label)[1];
      for (const chain of [
        [1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 10, 11],
        [12, 13, 14, 15],
        [16, 17, 18, 19],
      ])
        chain.slice(1).forEach((bone, index) => {
          expect(height(`finger-${bone}` as 'finger-1')).toBeGreaterThan(
            height(`finger-${chain[index]!}` as 'finger-1'),
          );
        });
      expect(height('Capitate')).toBeGreaterThan(height('finger-11'));
      expect(height('Radius')).toBeGreaterThan(height('Lunate'));
    }
  });

  test.each([[[]], ...outlierKinds.map((kind) => [[kind]]), [[...outlierKinds]]] as OutlierKind[][][])(
    'every bone is in the picture with outliers %j',
    (kinds) => {
      for (const person of people(12, kinds, 8))
        for (const side of ['left', 'right'] as const) {
          const { polygons } = renderHand(person, side, 96);
          expect(polygons.map(({ label }) => label)).toEqual(handBoneClasses);
          for (const { points, label } of polygons) {
            expect(points.length, `${person.id} ${side} ${label}`).toBeGreaterThanOrEqual(5);
            expect(Math.min(...points.flat()), label).toBeGreaterThanOrEqual(0);
            expect(Math.max(...points.flat()), label).toBeLessThan(96);
          }
        }
    },
  );

  test('bones are brighter than the flesh around them, and flesh than the background', () => {
    for (const person of people(3, [])) {
      const picture = renderHand(person, 'right', 256);
      const [x, y] = centre(picture, 'finger-10').map(Math.round) as [number, number];
      const bone = mean([-1, 0, 1].map((dx) => picture.grey[y * 256 + x + dx]!));
      const corner = mean([0, 1, 2].flatMap((dy) => [...picture.grey.subarray(dy * 256, dy * 256 + 3)]));
      expect(bone).toBeGreaterThan(110);
      expect(corner).toBeLessThan(30);
    }
  });

  test('tall men have larger hands than short women', () => {
    const everyone = people(60, []);
    const large = everyone.filter(({ sex, height }) => sex === 'male' && height > 175);
    const small = everyone.filter(({ sex, height }) => sex === 'female' && height < 163);
    expect(Math.min(large.length, small.length)).toBeGreaterThan(4);
    const length = (person: PhantomPerson): number => {
      const picture = renderHand(person, 'right', 128);
      const [tip, base] = [centre(picture, 'finger-9'), centre(picture, 'Capitate')];
      return Math.hypot(tip[0] - base[0], tip[1] - base[1]);
    };
    expect(mean(large.slice(0, 5).map(length))).toBeGreaterThan(mean(small.slice(0, 5).map(length)));
  });
});

describe('outliers', () => {
  test('a share of 0 gives none, a share of 1 gives everyone exactly one', () => {
    const drawn = (outliers: number): number[] =>
      phantomPeople(resolvePhantomOptions({ people: 30, test: 10, outliers })).map(
        (person) => person.outliers.length,
      );
    expect(new Set(drawn(0))).toEqual(new Set([0]));
    expect(new Set(drawn(1))).toEqual(new Set([1]));
  });

  test('by default they are a minority, with more bent wrists in test than in train', () => {
    const everyone = phantomPeople(resolvePhantomOptions({ people: 400, test: 400 }));
    const share = (split: 'train' | 'test', kind: OutlierKind): number =>
      everyone.filter((person) => person.split === split && person.outliers.includes(kind)).length / 400;
    expect(share('train', 'bent-wrist')).toBeGreaterThan(0.07);
    expect(share('train', 'bent-wrist')).toBeLessThan(0.17);
    expect(share('test', 'bent-wrist')).toBeGreaterThan(share('train', 'bent-wrist') + 0.05);
    for (const kind of outlierKinds) expect(share('train', kind)).toBeGreaterThan(0);
  });

  test('are named in the remarks', () => {
    const [person] = people(1, ['ring', 'rotated']);
    expect(person!.remarks).toBe('손 회전, 반지');
    expect(people(1, [])[0]!.remarks).toBeUndefined();
  });

  test('a plate is on one hand, a ring on one or, rarely, on both, and decorated nails are on both', () => {
    const hands = (kind: OutlierKind): number[] =>
      people(60, [kind]).map(
        (person) =>
          (['left', 'right'] as const).filter((side) => outliersOf(person, side).includes(kind)).length,
      );
    expect(new Set(hands('implant'))).toEqual(new Set([1]));
    expect(new Set(hands('nail-art'))).toEqual(new Set([2]));
    expect(new Set(hands('ring'))).toEqual(new Set([1, 2]));
    expect(hands('ring').filter((count) => count === 2).length).toBeLessThan(25);
  });

  test.each(['ring', 'implant', 'nail-art'] as const)('%s adds dense pixels to the same hand', (kind) => {
    const dense = (kinds: OutlierKind[]): number =>
      people(3, kinds)
        .flatMap((person) => [renderHand(person, 'left', 192), renderHand(person, 'right', 192)])
        .reduce((sum, { grey }) => sum + grey.filter((value) => value > 215).length, 0);
    expect(dense([kind])).toBeGreaterThan(dense([]));
  });

  test('rotated and bent hands are', () => {
    const axis = (person: PhantomPerson, from: 'finger-9' | 'Radius'): number => {
      const picture = renderHand(person, 'left', 160);
      const [a, b] = [centre(picture, from), centre(picture, 'Capitate')];
      return Math.atan2(Math.abs(a[0] - b[0]), Math.abs(a[1] - b[1]));
    };
    const tilt = (kinds: OutlierKind[]): number =>
      mean(people(6, kinds).map((person) => axis(person, 'finger-9')));
    expect(tilt(['rotated'])).toBeGreaterThan(tilt([]) + 0.25);
    const bend = (kinds: OutlierKind[]): number => mean(people(8, kinds).map(wristBend));
    expect(bend(['bent-wrist'])).toBeGreaterThan(bend([]) + 0.15);
  });

  test('a bent finger is shorter in projection', () => {
    for (const person of people(6, ['bent-finger'])) expect(shortestFinger(person)).toBeLessThan(0.85);
    for (const person of people(6, [])) expect(shortestFinger(person)).toBeGreaterThan(0.85);
  });

  test('a wrong exposure is far from the usual brightness', () => {
    const level = (kinds: OutlierKind[]): number[] =>
      people(6, kinds).map((person) => mean(renderHand(person, 'left', 96).grey));
    const usual = level([]);
    for (const value of level(['brightness']))
      expect(value < Math.min(...usual) || value > Math.max(...usual)).toBe(true);
  });
});
