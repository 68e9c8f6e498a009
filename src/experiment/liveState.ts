import type { TrainingEvent } from '../training/events.ts';
import { writeRunState } from './runDirectory.ts';
import type { Run, RunState } from './runDirectory.ts';

/** A run's state on disk, kept up with its events. */
export class LiveState {
  run: Run;
  readonly #earlier: number;
  readonly #started = performance.now();
  #writing: Promise<void> = Promise.resolve();

  constructor(run: Run) {
    this.run = run;
    this.#earlier = run.state.seconds;
  }

  async follow(event: TrainingEvent): Promise<void> {
    switch (event.type) {
      case 'started':
        return this.update({
          steps: event.steps,
          step: event.resumedFrom,
          status: 'running',
          pid: process.pid,
        });
      case 'step':
        this.run = { ...this.run, state: { ...this.run.state, step: event.step } };
        return;
      case 'validation':
        return this.update(event.best ? { bestDice: event.meanDice, bestStep: event.step } : {});
      case 'checkpoint':
        return this.update({});
      case 'finished':
        return this.update({ status: event.reason === 'aborted' ? 'aborted' : 'finished', step: event.step });
      case 'trace':
      case 'validation-progress':
      case 'warning':
        return;
      default:
        event satisfies never;
    }
  }

  /** One write at a time, so that the newest state is the one that stays. */
  update(changes: Partial<RunState>): Promise<void> {
    const seconds = this.#earlier + (performance.now() - this.#started) / 1000;
    this.run = { ...this.run, state: { ...this.run.state, ...changes, seconds } };
    this.#writing = this.#writing.catch(() => undefined).then(() => writeRunState(this.run));
    return this.#writing;
  }
}
