import { roundHalfEven } from './rounding.ts';

const { fround } = Math;

/** Linear RGB (sRGB primaries) to XYZ, and back. */
const rgbToXyz = [0.412453, 0.35758, 0.180423, 0.212671, 0.71516, 0.072169, 0.019334, 0.119193, 0.950227];
const xyzToRgb = [
  3.240479, -1.53715, -0.498535, -0.969256, 1.875991, 0.041556, 0.055648, -0.204043, 1.057311,
];
/** White point D65. */
const white = [0.950456, 1, 1.088754];

/** Number of fraction bits of a value on the scale of f(Y). */
const base = 1 << 14;
const lowestF = -8145;

function gamma(x: number): number {
  return x <= 809 / 20000 ? x / 12.92 : Math.pow((x + 0.055) / 1.055, 2.4);
}

function inverseGamma(x: number): number {
  return x <= 7827 / 2500000 ? x * 12.92 : Math.pow(x, 1 / 2.4) * 1.055 - 0.055;
}

/** f of CIE Lab; OpenCV's cube root is a float32 rounded towards zero. */
function cubeRoot(x: number): number {
  if (x < fround(216 / 24389)) return fround(x * fround(841 / 108) + fround(16 / 116));
  const root = Math.cbrt(x);
  const ulp = 2 ** (Math.floor(Math.log2(root)) - 23);
  return Math.floor(root / ulp) * ulp;
}

let tables: Int32Array | undefined;

/**
 * The integer tables of OpenCV's 8-bit conversions between RGB and Lab (`color_lab.cpp`: `RGB2Lab_b`,
 * `Lab2RGBinteger`), one after the other: gamma of 256 grey values, cube root (3072), lightness to Y (256) and to
 * f(Y) (256), f to X or Z (36864), inverse gamma (4096), and the two 3×3 matrices with 12 fraction bits.
 */
export function labTables(): Int32Array {
  tables ??= Int32Array.from([
    ...from(256, (i) => fround(2040 * fround(gamma(fround(i / 255))))),
    ...from(3072, (i) => 32768 * cubeRoot(fround(fround(1 / 2040) * i))),
    ...from(256, (i) => (i <= 20 ? fround((i * base * 180) / 414613) : cubed(lightnessToF(i)))),
    ...from(256, lightnessToF),
    ...Array.from({ length: (base * 9) / 4 }, (_, i) => fToXz(i + lowestF)),
    ...from(4096, (i) => fround(255 * fround(inverseGamma(fround(i / 4096))))),
    ...rgbToXyz.map((value, i) => roundHalfEven((4096 * value) / white[Math.floor(i / 3)]!)),
    ...xyzToRgb.map((value, i) => roundHalfEven(4096 * value * white[i % 3]!)),
  ]);
  return tables;
}

function from(length: number, value: (index: number) => number): number[] {
  return Array.from({ length }, (_, i) => roundHalfEven(value(i)));
}

function lightnessToF(i: number): number {
  if (i <= 20) return fround(base * fround(fround(16 / 116) + fround((i * 5) / 1479)));
  return fround(fround((i * 100 * base) / (255 * 116)) + fround((16 * base) / 116));
}

function cubed(f: number): number {
  return fround(fround(fround(f * f) * f) / (base * base));
}

function fToXz(i: number): number {
  if (i <= 3390) {
    return Math.trunc((i * 108) / 841) - Math.trunc((Math.trunc((base * 16) / 116) * 108) / 841);
  }
  return Math.trunc((Math.trunc((i * i) / base) * i) / base);
}

const descale = (value: number, shift: number): number => (value + (1 << (shift - 1))) >> shift;
const clip = (value: number): number => Math.min(255, Math.max(0, value));

type Triple = readonly [number, number, number];

function multiply(matrixAt: number, [a, b, c]: Triple): Triple {
  const t = labTables();
  const row = (i: number): number =>
    t[matrixAt + 3 * i]! * a + t[matrixAt + 3 * i + 1]! * b + t[matrixAt + 3 * i + 2]! * c;
  return [row(0), row(1), row(2)];
}

/** One pixel from RGB to 8-bit Lab; the twin of the native conversion. */
export function rgbToLab(rgb: Triple): Triple {
  const t = labTables();
  const linear = rgb.map((value) => t[value]!) as unknown as Triple;
  const [fx, fy, fz] = multiply(44800, linear).map(
    (value) => t[256 + Math.min(descale(value, 12), 3071)]!,
  ) as unknown as Triple;
  return [
    clip(descale(296 * fy - 1336934, 15)),
    clip(descale(500 * (fx - fy) + (128 << 15), 15)),
    clip(descale(200 * (fy - fz) + (128 << 15), 15)),
  ];
}

/** One pixel from 8-bit Lab to RGB; the twin of the native conversion. */
export function labToRgb([lightness, a, b]: Triple): Triple {
  const t = labTables();
  const f = t[3584 + lightness]!;
  const fa = ((5 * a * 53687 + 128) >> 13) - Math.trunc((128 * base) / 500);
  const fb = ((b * 41943 + 16) >> 9) - Math.trunc((128 * base) / 200) + 1;
  const xyz: Triple = [t[3840 + f + fa - lowestF]!, t[3328 + lightness]!, t[3840 + f - fb - lowestF]!];
  return multiply(44809, xyz).map(
    (value) => t[40704 + Math.min(Math.max(descale(value, 14), 0), 4095)]!,
  ) as unknown as Triple;
}
