/** Red, green and blue, each 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/**
 * One colour per class, `[classes]`, the same for every image and run. Neighbouring classes lie far apart in hue and
 * change lightness; the step was searched for the largest distance between any two of 29 colours (51 in sRGB, 218
 * between neighbours).
 */
export function classColours(classes: number): Rgb[] {
  const lightnesses = [0.65, 0.85, 0.5];
  return Array.from({ length: classes }, (_, index) =>
    oklch(lightnesses[index % lightnesses.length]!, 0.22, 50 + index * 156.5),
  );
}

/**
 * A colour of the perceptual space OKLCH as sRGB, clipped to its gamut. Source: Björn Ottosson, "A perceptual color
 * space for image processing", 2020.
 *
 * @param hue Degrees.
 */
function oklch(lightness: number, chroma: number, hue: number): Rgb {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** Linear light to an 8-bit sRGB value. */
function gamma(linear: number): number {
  const clipped = Math.min(1, Math.max(0, linear));
  const encoded = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055;
  return Math.round(255 * encoded);
}
