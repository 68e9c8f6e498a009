import type { Point } from './geometry.ts';

/**
 * Control points of the wrist and the forearm of an adult man of 175 cm in the hand's frame, millimetres: the middle
 * of the capitate is the origin, x points to the thumb, y to the fingers. Drawn after anatomy atlases' posteroanterior
 * views, with the overlaps of the projection.
 */
export const carpals = {
  // prettier-ignore
  Trapezium: [
    [15.6, 3.2], [17.4, 0.2], [20.8, -1.8], [24.6, -0.8], [27.6, 2.4], [30.2, 7.2], [29.6, 10.2], [26.6, 11.6],
    [23.6, 13.6], [20.4, 13.2], [17.6, 10.4], [15.8, 7],
  ],
  // prettier-ignore
  Trapezoid: [
    [8.8, 3.7], [10.7, 2.2], [13.9, 2.5], [16.8, 4.4], [18.5, 8.4], [17.9, 12.4], [15.3, 14.5], [12.6, 15.8],
    [9.9, 14.5], [8.2, 11.3], [7.9, 7.1],
  ],
  // prettier-ignore
  Capitate: [
    [-0.4, -13.4], [3.6, -12.6], [6.4, -9.8], [7.2, -6], [6.9, -1.6], [7.9, 3.4], [9.6, 9], [9.3, 13], [6.4, 14.6],
    [1.4, 15.2], [-3.4, 14.2], [-7, 12.6], [-7.2, 7], [-6.6, 1], [-6.8, -5], [-6.2, -9.6], [-3.8, -12.6],
  ],
  // prettier-ignore
  Hamate: [
    [-6, 12.2], [-5.6, 6], [-5.8, -1], [-6.8, -7], [-8.6, -10], [-10.8, -9], [-13.8, -5.4], [-18, -1], [-21.8, 3.6],
    [-23.8, 8], [-23, 11], [-20, 12], [-16.6, 13.4], [-13.6, 13.2], [-9.6, 14.8],
  ],
  // prettier-ignore
  Scaphoid: [
    [2.9, -15.4], [3.2, -18.8], [5.4, -21.6], [9.4, -22.4], [13.2, -20], [17.2, -15.2], [20.4, -9.8], [23, -4.6],
    [23.2, -0.6], [20.6, 1.6], [16.4, 3.4], [12.6, 2.6], [9.8, -0.4], [8.8, -4.4], [8.6, -8.4], [6.6, -11.8],
    [4.2, -13.6],
  ],
  // prettier-ignore
  Lunate: [
    [4, -14.6], [4, -19], [2.2, -23], [-1.6, -25], [-6, -25.6], [-10.4, -24], [-12.8, -20.6], [-12.8, -16.8],
    [-10.4, -12.8], [-7.8, -10.6], [-5.8, -11], [-3, -13], [0.6, -13],
  ],
  // prettier-ignore
  Triquetrum: [
    [-9.4, -10.4], [-11.2, -14], [-12.6, -19], [-15.6, -21.6], [-19.8, -20.4], [-23.4, -16.2], [-25.2, -11],
    [-24.6, -6.6], [-22.2, -3.4], [-19.4, -3], [-16.4, -4.6], [-12.4, -7.4],
  ],
  // prettier-ignore
  Pisiform: [
    [-18.2, -5], [-14.5, -6.3], [-12.5, -10.2], [-12.7, -14.3], [-15.4, -17.7], [-19.1, -18], [-22, -15.5],
    [-23.2, -11.4], [-21.8, -7],
  ],
} as const satisfies Readonly<Record<string, readonly Point[]>>;

export type CarpalName = keyof typeof carpals;

/** Carpals that turn half as far as the hand when the wrist bends. */
export const proximalRow: readonly CarpalName[] = ['Scaphoid', 'Lunate', 'Triquetrum', 'Pisiform'];

export const forearm = {
  // prettier-ignore
  Radius: [
    [25.6, -15], [23.8, -15.2], [21.4, -16.8], [18.4, -19.4], [14.6, -22.6], [10.2, -24.6], [6, -24.8], [3, -25.2],
    [0, -26.8], [-5, -27.8], [-8.6, -27.2], [-10.6, -28], [-10.8, -31], [-9.8, -36], [-6.2, -47], [-3, -62],
    [-1.4, -90], [-0.6, -130], [0, -190], [17.6, -190], [17.2, -130], [16.8, -90], [18.4, -62], [21.2, -47],
    [24.6, -35], [26.8, -26], [27, -18.4],
  ],
  // prettier-ignore
  Ulna: [
    [-11.9, -33], [-13, -30.6], [-15.6, -29.4], [-19, -29.4], [-22.2, -30.2], [-24.2, -29.6], [-25.2, -27.2],
    [-26.6, -25.9], [-27.9, -27.6], [-28.4, -33], [-27, -42], [-26, -55], [-25.6, -90], [-25, -190], [-13, -190],
    [-13.4, -90], [-13.8, -55], [-13.4, -44], [-11.9, -38],
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
