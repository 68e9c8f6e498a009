/** Most channels of an image. */
export const maxChannels = 32;

/**
 * An 8-bit image, `[height, width, channels]` row-major, channels interleaved: grey, RGB, or any number of slices or
 * modalities.
 */
export interface Image {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** 1 to `maxChannels`. */
  readonly channels: number;
  /** Length `height * width * channels`, values 0 to 255; not a Buffer, whose `slice()` would not copy. */
  readonly data: Uint8Array;
}

/** Width and height in pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** A black image. */
export function createImage(width: number, height: number, channels: number): Image {
  return { width, height, channels, data: new Uint8Array(width * height * channels) };
}
