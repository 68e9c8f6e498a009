import type { LabelMap } from '../labels/labelMap.ts';
import type { Image, ImageSize } from '../pixels/image.ts';

/** What is known about a person; everything optional may be missing from the table or unreadable there. */
export interface Person {
  readonly id: string;
  /** Years. */
  readonly age?: number;
  readonly sex?: 'female' | 'male';
  /** Kilograms. */
  readonly weight?: number;
  /** Centimetres. */
  readonly height?: number;
  readonly remarks?: string;
}

/** One image of a dataset, with where its annotation is, if it has one. */
export interface SampleEntry {
  /** Base name of the image file, with extension; unique within a dataset, and the submission's `image_name`. */
  readonly id: string;
  /** Identifier of the person; folds never split a person. */
  readonly person: string;
  readonly imagePath: string;
  readonly annotationPath?: string;
  /** Files besides these two that pixels or labels are read from. */
  readonly sources?: readonly string[];
  /** What pixels and labels depend on besides the content of files: a slice, a window, what values mean. */
  readonly reading?: string;
  /**
   * For an image that was made from training images: their identifiers. It may only be trained on where all of them
   * are, and is never validated on; nor is one with an empty list, which depends on nobody.
   */
  readonly parents?: readonly string[];
  /** The dataset that it comes from, where several are trained on: the name it was added under. */
  readonly origin?: string;
}

/** Pixels and labels of one sample, equal in size; what augmentation transforms. */
export interface Sample {
  readonly image: Image;
  readonly labels: LabelMap;
}

export type Split = 'train' | 'test';

/** A dataset on disk that has been listed but not decoded. Every format is read through this interface. */
export interface Dataset {
  readonly root: string;
  /** Class names in the order of their bits and of the submission's rows. */
  readonly classes: readonly string[];
  /** Whether label maps may have unknown pixels (`LabelMap.unknown`). Default false. */
  readonly unknown?: boolean | undefined;
  readonly persons: ReadonlyMap<string, Person>;
  /** In the submission's order (sorted by path). */
  readonly entries: Readonly<Record<Split, readonly SampleEntry[]>>;
  /** Decodes the image at full resolution. */
  readImage(entry: SampleEntry): Promise<Image>;
  /** Width and height of what `readImage` gives, without decoding it. */
  readSize(entry: SampleEntry): Promise<ImageSize>;
  /** Reads the annotation into a label map at the image's full resolution. */
  readLabels(entry: SampleEntry): Promise<LabelMap>;
}
