import type { Point } from './geometry.ts';

/**
 * Control points of the wrist and the forearm of an adult man of 175 cm in the hand's frame, millimetres: the middle
 * of the capitate is the origin, x points to the thumb, y to the fingers. Drawn after anatomy atlases' posteroanterior
 * views, with the overlaps of the projection.
 */
export const carpals = {
  Trapezium: [
    [16.2, 2.4],
    [20.2, -1.4],
    [25, 0],
    [28.8, 5],
    [28.2, 10.2],
    [24, 12.9],
    [19.8, 12.6],
    [16.6, 8.6],
  ],
  Trapezoid: [
    [8.4, 4.2],
    [12, 2.6],
    [16.2, 4],
    [17.9, 8.4],
    [17, 13.2],
    [13, 15.8],
    [9.6, 14.4],
    [8, 9.4],
  ],
  Capitate: [
    [-0.4, -13],
    [4.2, -11.6],
    [6.6, -6.8],
    [6, -1],
    [7.4, 4],
    [9.2, 9],
    [8.4, 13.4],
    [3, 14.6],
    [-3, 13.8],
    [-6.8, 12.2],
    [-6.8, 6],
    [-5.8, 0],
    [-6.2, -6],
    [-4.8, -11.2],
  ],
  Hamate: [
    [-6.2, 11],
    [-5.8, 3],
    [-6.2, -4],
    [-8.6, -9.4],
    [-12.2, -6.4],
    [-16.4, -2],
    [-20.4, 3.4],
    [-22.4, 8.4],
    [-20, 11.6],
    [-14.6, 13.4],
    [-9.6, 14],
  ],
  Scaphoid: [
    [3.2, -15.6],
    [5.4, -20.6],
    [10, -21.2],
    [14.8, -17.2],
    [19, -11],
    [22, -4.6],
    [21.2, 0.4],
    [17, 2.6],
    [12.6, 1.8],
    [9.8, -2],
    [8.2, -7],
    [6.6, -11.6],
  ],
  Lunate: [
    [3.6, -15.4],
    [3.2, -20.2],
    [0, -23.6],
    [-5, -24.4],
    [-10.2, -22.6],
    [-12.4, -18.4],
    [-10.8, -13.8],
    [-7.4, -11.6],
    [-4.6, -12.2],
    [0, -12.8],
  ],
  Triquetrum: [
    [-9.2, -10.6],
    [-11.4, -16],
    [-15, -19.8],
    [-19.6, -18.2],
    [-22.8, -13],
    [-22.2, -7.6],
    [-18.6, -4.2],
    [-13.6, -5],
  ],
  Pisiform: [
    [-17.4, -5.4],
    [-13.6, -7],
    [-11.9, -11.4],
    [-13.4, -15.8],
    [-17.2, -17.8],
    [-21, -15.8],
    [-22.6, -11.4],
    [-21.2, -7],
  ],
} as const satisfies Readonly<Record<string, readonly Point[]>>;

export type CarpalName = keyof typeof carpals;

/** Carpals that turn half as far as the hand when the wrist bends. */
export const proximalRow: readonly CarpalName[] = ['Scaphoid', 'Lunate', 'Triquetrum', 'Pisiform'];

export const forearm = {
  Radius: [
    [24.2, -16.8],
    [20, -17.6],
    [16, -20],
    [11, -23.2],
    [5, -24.8],
    [0, -26.4],
    [-5, -27.2],
    [-9, -27.4],
    [-10.4, -30],
    [-9.6, -36],
    [-5.6, -48],
    [-2.6, -62],
    [-1.4, -90],
    [-0.6, -130],
    [0, -190],
    [17.6, -190],
    [17.2, -130],
    [16.6, -90],
    [18, -62],
    [21, -46],
    [24.4, -34],
    [26, -25],
    [25.8, -19.6],
  ],
  Ulna: [
    [-12, -32.4],
    [-14, -29.8],
    [-17.6, -29],
    [-22, -29.6],
    [-24.2, -28],
    [-25.8, -24.8],
    [-27.6, -26.4],
    [-28.2, -33],
    [-26.8, -42],
    [-26, -55],
    [-25.6, -90],
    [-25, -190],
    [-13, -190],
    [-13.4, -90],
    [-13.8, -55],
    [-13.4, -43],
    [-11.6, -37],
  ],
} as const satisfies Readonly<Record<string, readonly Point[]>>;

export type ForearmName = keyof typeof forearm;

/** Where each finger's metacarpal begins, in the hand's frame, from the thumb to the little finger. */
export const metacarpalBases: readonly Point[] = [
  [27.6, 9.6],
  [13.2, 14.4],
  [1.2, 14.2],
  [-9.6, 13],
  [-18, 10.4],
];

/** Directions of the metacarpals: degrees from the hand's y axis towards the thumb. */
export const metacarpalAngles: readonly number[] = [40, 7, 0.5, -6, -13];

/** The centre about which the wrist bends: the head of the capitate. */
export const wristCentre: Point = [0, -8];
