import type { RegisterCommand } from './command.ts';
import { registerAugment } from './commands/augment.ts';
import { registerData } from './commands/data.ts';
import { registerDemo } from './commands/demo.ts';
import { registerEvaluate } from './commands/evaluate.ts';
import { registerLogits } from './commands/logits.ts';
import { registerModel } from './commands/model.ts';
import { registerPredict } from './commands/predict.ts';
import { registerRuns } from './commands/runs.ts';
import { registerSubmission } from './commands/submission.ts';
import { registerTrain } from './commands/train.ts';

/** Every command, in the order of the help. */
export const commands: readonly RegisterCommand[] = [
  registerDemo,
  registerData,
  registerAugment,
  registerTrain,
  registerEvaluate,
  registerPredict,
  registerLogits,
  registerSubmission,
  registerModel,
  registerRuns,
];
