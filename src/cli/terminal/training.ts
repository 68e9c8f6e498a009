import type { ExperimentEvent } from '../../experiment/trainExperiment.ts';
import type { Run } from '../../experiment/runDirectory.ts';
import type { Output } from './output.ts';
import { duration } from './progress.ts';
import type { Progress } from './progress.ts';

/** What a training run came to. */
export interface TrainingSummary {
  readonly directory: string;
  readonly id: string;
  readonly reason: string;
  readonly steps: number;
  readonly bestDice?: number;
  /** Seconds. */
  readonly seconds: number;
}

/** Shows a training run as it goes on, and returns what it came to. */
export async function showTraining(
  output: Output,
  events: AsyncIterable<ExperimentEvent>,
): Promise<TrainingSummary | undefined> {
  let run: Run | undefined;
  let summary: TrainingSummary | undefined;
  let prepare: Progress | undefined;
  let steps: Progress | undefined;
  let validation: Progress | undefined;
  let total = 0;
  let lastDice: number | undefined;
  let detail = '';
  const withDice = (): string => (lastDice === undefined ? detail : `${detail}  Dice ${lastDice.toFixed(4)}`);
  try {
    for await (const event of events) {
      switch (event.type) {
        case 'run': {
          run = event.run;
          output.note(
            `${output.style('bold', run.state.experiment)}, fold ${run.state.fold}: ${run.directory}`,
          );
          const twin = event.twins.at(-1);
          if (twin !== undefined) {
            const dice = twin.state.bestDice;
            const result = dice === undefined ? '' : `, best Dice ${dice.toFixed(4)}`;
            output.note(
              `The same settings were trained before: ${twin.state.id} (${twin.state.status}${result}).`,
            );
          }
          break;
        }
        case 'prepare-progress':
          prepare ??= output.progress('decode');
          prepare.update(event.done, event.total);
          break;
        case 'started':
          prepare?.close();
          total = event.steps;
          output.note(
            `${(event.parameters / 1e6).toFixed(1)} M parameters, ${total} steps in ${event.epochs} epochs`,
          );
          steps = output.progress('train');
          steps.startAt(event.resumedFrom);
          break;
        case 'step': {
          const rate = event.learningRate.toExponential(1);
          detail = `epoch ${event.epoch + 1}  loss ${event.loss.toFixed(4)}  rate ${rate}`;
          steps?.update(event.step, total, withDice());
          break;
        }
        case 'trace':
          if (event.reason !== undefined) {
            steps?.say(
              `${event.function} was traced again in ${event.seconds.toFixed(1)} s: ${event.reason}`,
            );
          }
          break;
        case 'validation-progress':
          validation ??= output.progress('validate');
          validation.update(event.done, event.total);
          break;
        case 'validation': {
          validation?.clear();
          validation = undefined;
          lastDice = event.meanDice;
          steps?.update(event.step, total, withDice());
          const best = event.best ? output.style('green', ' best') : '';
          const loss = `loss ${event.loss.toFixed(4)}`;
          steps?.say(
            `step ${event.step}  epoch ${event.epoch + 1}  ${loss}  Dice ${event.meanDice.toFixed(4)}${best}${lowest(event.perClass)}`,
          );
          break;
        }
        case 'checkpoint':
          break;
        case 'warning':
          output.warn(event.message);
          break;
        case 'finished': {
          steps?.close();
          const { reason, step, bestDice, seconds } = event;
          const dice =
            bestDice === undefined ? '' : `, best Dice ${output.style('bold', bestDice.toFixed(4))}`;
          output.note(`${ending[reason]} after ${step} steps in ${duration(seconds)}${dice}`);
          if (run !== undefined) {
            summary = {
              directory: run.directory,
              id: run.state.id,
              reason,
              steps: step,
              seconds,
              ...(bestDice === undefined ? {} : { bestDice }),
            };
          }
          break;
        }
        default:
          event satisfies never;
      }
    }
  } finally {
    prepare?.close();
    validation?.clear();
    steps?.close();
  }
  return summary;
}

const ending = { completed: 'Finished', 'early-stop': 'Stopped early', aborted: 'Stopped' } as const;

/** The class that needs work most. */
function lowest(perClass: Readonly<Record<string, number>>): string {
  const [first] = Object.entries(perClass).sort(([, a], [, b]) => a - b);
  return first === undefined ? '' : `  lowest ${first[0]} ${first[1].toFixed(3)}`;
}
