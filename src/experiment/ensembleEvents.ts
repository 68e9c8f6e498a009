import type { EnsembleEvent } from '../inference/ensemble/ensemble.ts';
import type { ThresholdFinding } from '../inference/ensemble/thresholds.ts';
import type { PredictionEvent } from '../inference/predict.ts';
import type { Decisions } from '../inference/search/decisions.ts';
import type { SearchProgress } from '../inference/search/searchEnsemble.ts';

/** What happens while an ensemble is made. */
export type RunEnsembleEvent =
  | { readonly type: 'member'; readonly name: string; readonly index: number; readonly members: number }
  | { readonly type: 'prediction'; readonly event: PredictionEvent }
  | { readonly type: 'thresholds'; readonly findings: readonly ThresholdFinding[] }
  | { readonly type: 'search'; readonly progress: SearchProgress }
  | { readonly type: 'decisions'; readonly decisions: Decisions; readonly path: string }
  | { readonly type: 'ensemble'; readonly event: EnsembleEvent };
