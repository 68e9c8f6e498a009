import { boundingBoxes } from '../../labels/boxes.ts';
import type { LabelMap } from '../../labels/labelMap.ts';
import { renderOverlay } from '../../labels/overlay.ts';
import type { Image } from '../../pixels/image.ts';
import { dataUrl, pipelineOf, shrink } from '../pictures.ts';
import type { EvaluatedImage } from './accumulator.ts';

/** Pictures of an image that are ready for a page, as `data:` URLs. */
export interface ImagePictures {
  readonly id: string;
  readonly meanDice: number;
  readonly truth: string;
  readonly prediction: string;
  readonly errors: string;
}

/** A cut-out of the image in which a class does worst. */
export interface ClassPicture {
  readonly classIndex: number;
  readonly id: string;
  readonly dice: number;
  readonly url: string;
}

/** Pixels. */
const pictureSide = 640;
const cutSide = 320;
const cutMargin = 24;

/** Keeps pictures of the worst images and of each class at its worst; nothing else of an image is held. */
export class WorstPictures {
  readonly #most: number;
  #images: ImagePictures[] = [];
  readonly #classes: (ClassPicture | undefined)[];

  /** @param most images to keep. */
  constructor(classes: number, most = 4) {
    this.#most = most;
    this.#classes = Array.from({ length: classes }, () => undefined);
  }

  /** Worst first. */
  get images(): readonly ImagePictures[] {
    return this.#images;
  }

  /** Worst first. */
  get classes(): readonly ClassPicture[] {
    return this.#classes.filter((picture) => picture !== undefined).sort((a, b) => a.dice - b.dice);
  }

  async add(image: Image, truth: LabelMap, prediction: LabelMap, evaluated: EvaluatedImage): Promise<void> {
    const { figures, dice, map } = evaluated;
    const last = this.#images[this.#most - 1];
    if (last === undefined || figures.meanDice < last.meanDice) {
      const small = await shrink(image, [truth, prediction], pictureSide);
      const errors = await shrink(map.image, [], pictureSide);
      const [truthUrl, predictionUrl, errorsUrl] = await Promise.all(
        [...small.labels.map((labels) => renderOverlay(small.image, labels)), errors.image].map(dataUrl),
      );
      const { id, meanDice } = figures;
      this.#images.push({ id, meanDice, truth: truthUrl!, prediction: predictionUrl!, errors: errorsUrl! });
      this.#images.sort((a, b) => a.meanDice - b.meanDice).splice(this.#most);
    }
    const worse = [...dice.keys()].filter((c) => dice[c]! < (this.#classes[c]?.dice ?? Infinity));
    if (worse.length === 0) return;
    const [inTruth, inPrediction] = await Promise.all([boundingBoxes(truth), boundingBoxes(prediction)]);
    for (const c of worse) {
      const box = inTruth[c] ?? inPrediction[c];
      if (box === undefined) continue;
      const url = await cutOut(map.image, box);
      this.#classes[c] = { classIndex: c, id: figures.id, dice: dice[c]!, url };
    }
  }
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The box with a margin, pixel for pixel unless it is larger than a cut-out may be. */
async function cutOut(image: Image, box: Box): Promise<string> {
  const left = Math.max(0, box.left - cutMargin);
  const top = Math.max(0, box.top - cutMargin);
  const width = Math.min(image.width, box.left + box.width + cutMargin) - left;
  const height = Math.min(image.height, box.top + box.height + cutMargin) - top;
  const bytes = await pipelineOf(image)
    .extract({ left, top, width, height })
    .resize(cutSide, cutSide, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 88, effort: 2, smartSubsample: true })
    .toBuffer();
  return `data:image/webp;base64,${bytes.toString('base64')}`;
}
