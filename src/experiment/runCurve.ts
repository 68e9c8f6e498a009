import { join } from 'node:path';
import type { TrainingCurve } from '../analysis/report/writeReport.ts';
import { readJsonLines } from '../tracking/jsonLines.ts';
import type { Run } from './runDirectory.ts';

/** Losses and scores of a run by step; where a run was resumed, what it repeated replaces what was lost. */
export async function readCurve(run: Run): Promise<TrainingCurve> {
  const loss = new Map<number, number>();
  const dice = new Map<number, number>();
  for await (const record of readJsonLines(join(run.directory, 'metrics.jsonl'))) {
    if (record.type !== 'metrics') continue;
    const { 'train/loss': stepLoss, 'val/dice': meanDice } = record.values;
    if (stepLoss !== undefined) loss.set(record.step, stepLoss);
    if (meanDice !== undefined) dice.set(record.step, meanDice);
  }
  const inOrder = (points: Map<number, number>) => [...points].sort(([a], [b]) => a - b);
  return { name: run.state.experiment, loss: inOrder(loss), dice: inOrder(dice) };
}
