import type { PredictionEvent } from '../../inference/predict.ts';
import type { RunEnsembleEvent } from '../../experiment/ensembleEvents.ts';
import type { SearchProgress } from '../../inference/search/searchEnsemble.ts';
import { decisionsText } from './decisions.ts';
import type { Output } from './output.ts';
import { bytesText } from './bytes.ts';
import { duration } from './progress.ts';
import { table } from '../../core/table.ts';
import type { Progress } from './progress.ts';

/** A submission that was written. */
export interface SubmissionSummary {
  readonly path: string;
  readonly manifest: string;
  readonly rows: number;
  readonly sha256: string;
  /** Seconds for joining and encoding. */
  readonly seconds: number;
}

/** Shows how a prediction goes on. */
export class PredictionView {
  #progress: Progress | undefined;
  readonly #label: string;
  readonly #output: Output;

  constructor(output: Output, label: string) {
    this.#output = output;
    this.#label = label;
  }

  show(event: PredictionEvent): void {
    switch (event.type) {
      case 'started':
        // Not before: decoding images and loading weights are not predicting.
        this.#progress = this.#output.progress('predict');
        this.#progress.startAt(event.kept);
        break;
      case 'progress':
        this.#progress?.update(event.done, event.total, detailOf(event));
        break;
      case 'warning':
        this.#output.warn(event.message);
        break;
      case 'finished': {
        const { written, kept, bytes, seconds } = event;
        this.#progress?.clear();
        const size = written === 0 ? '' : `, ${bytesText(bytes / written)} each`;
        const before = kept === 0 ? '' : ` (${kept} were there)`;
        this.#output.note(
          `${this.#label}: ${written} images predicted in ${duration(seconds)}${size}${before}`,
        );
        break;
      }
      default:
        event satisfies never;
    }
  }
}

/** What a prediction measures on the way. */
function detailOf({
  megapixelsPerSecond,
  bytes,
  residentBytes,
}: Extract<PredictionEvent, { type: 'progress' }>): string {
  const speed = `${megapixelsPerSecond.toPrecision(2)} MP/s`;
  return `${speed}  ${bytesText(bytes)} written  ${bytesText(residentBytes)} memory`;
}

const searchLabels: Readonly<Record<SearchProgress['phase'], string>> = {
  reading: 'read logits',
  weights: 'search weights',
  masks: 'search masks',
  scoring: 'score',
};

/** Shows an ensemble being made, and returns what was written. */
export async function showEnsemble(
  output: Output,
  events: AsyncIterable<RunEnsembleEvent>,
): Promise<SubmissionSummary | undefined> {
  let view: PredictionView | undefined;
  let progress: Progress | undefined;
  let shown: SearchProgress['phase'] | undefined;
  let summary: SubmissionSummary | undefined;
  try {
    for await (const item of events) {
      switch (item.type) {
        case 'member':
          view = new PredictionView(output, item.name);
          break;
        case 'prediction':
          view?.show(item.event);
          break;
        case 'thresholds': {
          const moved = item.findings.filter(({ threshold }) => threshold !== 0.5);
          const rows = moved.map(({ className, threshold, dice, heldOutGain }) => [
            className,
            threshold.toFixed(2),
            dice.toFixed(4),
            `+${heldOutGain.toFixed(4)}`,
          ]);
          output.note(
            moved.length === 0
              ? 'No other threshold than 0.5 held its gain.'
              : table(['class', 'threshold', 'Dice at 0.5', 'gain on held-out people'], rows),
          );
          break;
        }
        case 'search': {
          const { phase, done, total } = item.progress;
          if (phase !== shown) {
            progress?.clear();
            progress = output.progress(searchLabels[phase]);
            shown = phase;
          }
          progress?.update(done, total);
          break;
        }
        case 'decisions':
          progress?.clear();
          progress = undefined;
          output.note(`${decisionsText(item.decisions)}\nDecisions: ${item.path}`);
          break;
        case 'ensemble': {
          const { event } = item;
          if (event.type === 'progress') {
            progress ??= output.progress('join');
            progress.update(event.done, event.total);
          } else if (event.type === 'finished') {
            const { submission, manifest, seconds } = event;
            progress?.clear();
            summary = { ...submission, manifest, seconds };
          }
          break;
        }
        default:
          item satisfies never;
      }
    }
  } finally {
    progress?.clear();
  }
  return summary;
}
