import { z } from 'zod';

const count = z.int().min(0);
const share = z.number().min(0).max(1);

const meanAndDeviation = z.strictObject({
  mean: z.number(),
  /** Standard deviation of the sample (divided by n − 1); 0 for a single value. */
  deviation: z.number().min(0),
  /** Values. */
  count,
});

const position = z.strictObject({
  /** Images that have the class. */
  count,
  /** Mean over images of the class's centre of mass. */
  x: z.number(),
  /** Downwards. */
  y: z.number(),
  /** Standard deviation over images (divided by n − 1). */
  deviationX: z.number().min(0),
  deviationY: z.number().min(0),
  /** Of x and y over images, −1 to 1; 0 where one of them does not vary. */
  correlation: z.number().min(-1).max(1),
});

const classStatistics = z.strictObject({
  name: z.string(),
  /** Pixels, over the annotated images that have the class. */
  area: meanAndDeviation,
  /** The same for images of women and of men, where the metadata knows. */
  areaBySex: z.strictObject({
    female: meanAndDeviation.optional(),
    male: meanAndDeviation.optional(),
  }),
  /** The same by decade of age, ascending; empty without ages. */
  areaByAge: z.array(
    z.strictObject({
      /** Years, inclusive. */
      from: z.number(),
      /** Years, exclusive. */
      to: z.number(),
      /** Pixels. */
      area: meanAndDeviation,
    }),
  ),
  /** How the area goes with age; missing for fewer than three images with an age. */
  ageTrend: z
    .strictObject({
      count,
      /** Pearson's, −1 to 1. */
      correlation: z.number(),
      /** Change of area in ten years (least squares) as a share of the mean area. */
      perDecade: z.number(),
    })
    .optional(),
  /** Annotated images in which the class has no pixel. */
  absentFrom: z.array(z.string()),
  /** Where the class lies in the image, as shares of its width and height from the upper left. */
  inImage: position.optional(),
  /**
   * Where it lies with respect to the other classes: images are turned, scaled, shifted and mirrored onto the median
   * arrangement, whose middle is the origin and whose classes are 1 from it in the quadratic mean. Missing for fewer
   * than ten annotated images, or four common classes.
   */
  inArrangement: position.optional(),
});

const classOverlap = z.strictObject({
  /** In the order of `classes`. */
  classes: z.tuple([z.string(), z.string()]),
  /** Images in which they share a pixel. */
  images: count,
  /** Mean of shared pixels over all annotated images. */
  meanPixels: z.number().min(0),
  /** Shared pixels as a share of the smaller class, over all images together. */
  shareOfSmaller: share,
});

const distribution = z.strictObject({
  /** `images`, of which each counts once, or `people`. */
  of: z.enum(['images', 'people']),
  measure: z.enum(['brightness', 'contrast', 'tilt', 'wristAngle', 'age', 'height', 'weight']),
  /** Borders of the bins, ascending, one more than bins; a value on a border is in the upper bin. */
  edges: z.array(z.number()),
  /** One group of all, or people by sex. */
  groups: z.array(
    z.strictObject({
      name: z.enum(['all', 'female', 'male', 'unknown']),
      /** Values in each bin. */
      counts: z.array(count),
      count,
      mean: z.number(),
      deviation: z.number().min(0),
      /** 0th, 25th, 50th, 75th and 100th percentile. */
      quartiles: z.tuple([z.number(), z.number(), z.number(), z.number(), z.number()]),
    }),
  ),
});

const sampleMeasures = z.strictObject({
  /** Name of the image. */
  id: z.string(),
  person: z.string(),
  split: z.enum(['train', 'test']),
  /** Pixels. */
  width: count,
  /** Pixels. */
  height: count,
  /** Mean grey value, 0 to 255. */
  brightness: z.number(),
  /** Standard deviation of the grey values. */
  contrast: z.number(),
  /** Grey value that one pixel in a hundred lies below. */
  dark: z.number(),
  /** Grey value that one pixel in a thousand lies above. */
  bright: z.number(),
  /** Correlation of the image, 32 × 32 pixels small, with the median image, upright or mirrored; −1 to 1. */
  likeness: z.number(),
  /** Pixels of each class; missing without labels. */
  areas: z.array(count).optional(),
  /** Direction of the labels' longest extent, degrees from the vertical, −90 to 90, clockwise positive. */
  tilt: z.number().optional(),
  /**
   * Of hands: degrees between the forearm (radius and ulna) and the third metacarpal, positive towards the little
   * finger. Missing where these bones are, or where too little of the forearm is seen.
   */
  wristAngle: z.number().optional(),
});

const outlier = z.strictObject({
  /** Name of the image. */
  id: z.string(),
  person: z.string(),
  /** The greatest among the reasons; 0 for an image whose person has a remark and nothing else. */
  score: z.number().min(0),
  /** Most unusual first. */
  reasons: z.array(
    z.strictObject({
      /** The tag that the reason gives. */
      tag: z.string(),
      /** In words. */
      text: z.string(),
      /** How unusual: a modified z-score, from 3.5 on; 10 for a missing class. */
      score: z.number().min(0),
    }),
  ),
  /** As `--tags` writes them. */
  tags: z.array(z.string()),
  /** What the metadata says about the person. */
  remarks: z.string().optional(),
});

const person = z.strictObject({
  id: z.string(),
  /** Years. */
  age: z.number().optional(),
  sex: z.enum(['female', 'male']).optional(),
  /** Kilograms. */
  weight: z.number().optional(),
  /** Centimetres. */
  height: z.number().optional(),
  remarks: z.string().optional(),
});

/** What `data analyze` finds out about a dataset; all numbers behind its pictures. */
export const datasetAnalysisSchema = z.strictObject({
  /** Raised when a reader of an earlier version would misunderstand. */
  version: z.literal(1),
  /** Folder of the dataset, as it was given. */
  root: z.string(),
  /** Images that there are. */
  images: z.strictObject({ train: count, test: count }),
  /** Images with labels among those analyzed. */
  annotated: count,
  /** Files that could not be read and are left out. */
  unreadable: z.array(
    z.strictObject({
      file: z.string(),
      /** Of the list of errors. */
      code: z.string(),
      what: z.string(),
    }),
  ),
  /** Those shown in the analyzed images. */
  people: z.array(person),
  /** In the dataset's order. */
  classes: z.array(classStatistics),
  /** Pixels of class `row` that class `column` has too, as a share of class `row`, over all images together; 1 on the diagonal. A class that no image has is in rows and columns of 0. */
  overlapMatrix: z.array(z.array(share)),
  /** Pairs of classes that share pixels, the largest share first. */
  overlaps: z.array(classOverlap),
  /** Histograms of what is known of images and people. */
  distributions: z.array(distribution),
  /** Every analyzed image, in the dataset's order. */
  samples: z.array(sampleMeasures),
  /** Candidates for a closer look, the most unusual first. */
  outliers: z.array(outlier),
});

export type DatasetAnalysis = z.output<typeof datasetAnalysisSchema>;
export type ClassStatistics = DatasetAnalysis['classes'][number];
export type ClassOverlap = DatasetAnalysis['overlaps'][number];
export type ClassPosition = NonNullable<ClassStatistics['inImage']>;
export type Distribution = DatasetAnalysis['distributions'][number];
export type SampleMeasures = DatasetAnalysis['samples'][number];
export type Outlier = DatasetAnalysis['outliers'][number];
