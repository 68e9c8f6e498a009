import { join } from 'node:path';
import { PhalanxError } from '../core/errors.ts';
import type { TrainingEvent } from '../training/events.ts';
import { composeTrackers } from '../tracking/compose.ts';
import { flattenParameters } from '../tracking/flatten.ts';
import { createJsonLinesTracker } from '../tracking/jsonLines.ts';
import { createMlflowTracker } from '../tracking/mlflow/tracker.ts';
import type { Tracker } from '../tracking/tracker.ts';
import type { Environment } from './environment.ts';
import type { Run } from './runDirectory.ts';
import type { Experiment } from './schema.ts';

export interface RunTrackingOptions {
  readonly run: Run;
  readonly config: Experiment;
  readonly environment: Environment;
  /** The experiment's file. */
  readonly source: string;
  readonly onWarning: (message: string) => void;
  /** Called when MLflow has given the run an identifier. */
  readonly onMlflowRun: (runId: string) => void;
}

/** The record of a run as JSON lines, and on MLflow where the environment or the experiment names a server. */
export function trackRun(options: RunTrackingOptions): Tracker {
  const { run, config, onWarning } = options;
  const trackers = [createJsonLinesTracker(join(run.directory, 'metrics.jsonl'), onWarning)];
  const mlflow = mlflowTracker(options);
  if (mlflow !== undefined) trackers.push(mlflow);
  const tracker = composeTrackers(trackers);
  if (run.state.step === 0) {
    tracker.logParameters({ ...flattenParameters(config), fold: run.state.fold });
    tracker.setTags(tags(options));
  }
  return tracker;
}

/** What of an event is worth a line in the record. */
export function logEvent(tracker: Tracker, event: TrainingEvent): void {
  switch (event.type) {
    case 'step': {
      const { loss, learningRate, gradientNorm, samplesPerSecond } = event;
      const norm = gradientNorm === undefined ? {} : { 'train/gradient_norm': gradientNorm };
      tracker.logMetrics(
        {
          'train/loss': loss,
          'train/learning_rate': learningRate,
          'train/samples_per_second': samplesPerSecond,
          ...norm,
        },
        event.step,
      );
      break;
    }
    case 'validation': {
      const perClass = Object.entries(event.perClass).map(([name, dice]) => [`val/dice/${name}`, dice]);
      tracker.logMetrics(
        {
          'val/loss': event.loss,
          'val/dice': event.meanDice,
          ...(Object.fromEntries(perClass) as Record<string, number>),
        },
        event.step,
      );
      break;
    }
    default:
  }
}

function mlflowTracker({ run, config, onWarning, onMlflowRun }: RunTrackingOptions): Tracker | undefined {
  const declared = config.tracking.mlflow;
  const uri = declared?.uri ?? process.env['MLFLOW_TRACKING_URI'];
  if (uri === undefined || uri === '') {
    if (declared === undefined) return undefined;
    throw new PhalanxError('tracking/mlflow-uri', {
      what: 'The experiment is to be tracked on MLflow, but no server is named',
      expected: 'tracking.mlflow.uri in the experiment, or MLFLOW_TRACKING_URI in the environment',
    });
  }
  const { experiment, fold, id, mlflowRunId } = run.state;
  return createMlflowTracker({
    uri,
    experiment: declared?.experiment ?? process.env['MLFLOW_EXPERIMENT_NAME'] ?? experiment,
    runName: `fold${fold}/${id}`,
    onRun: onMlflowRun,
    onWarning,
    ...(mlflowRunId === undefined ? {} : { runId: mlflowRunId }),
  });
}

/** Tags by MLflow's conventions (mlflow/utils/mlflow_tags.py). */
function tags({ run, config, environment, source }: RunTrackingOptions): Record<string, string> {
  const { git } = environment;
  return {
    'mlflow.source.name': source,
    'mlflow.source.type': 'LOCAL',
    'mlflow.note.content': config.description ?? '',
    ...(git === undefined ? {} : { 'mlflow.source.git.commit': git.commit, 'git.dirty': String(git.dirty) }),
    'phalanx.version': environment.phalanx,
    'phalanx.config_hash': run.state.configHash,
    'phalanx.processor': environment.processor,
    'phalanx.node': environment.node,
  };
}
