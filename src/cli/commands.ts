import type { RegisterCommand } from './command.ts';
import { registerRuns } from './commands/runs.ts';

/** Every command, in the order of the help. */
export const commands: readonly RegisterCommand[] = [registerRuns];
