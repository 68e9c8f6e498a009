import { startedEngine } from './running.ts';
import { activeTrace } from './trace.ts';

/** Whether ops of our own may be used: they compute on processors, and no other program knows them. */
export function hasOwnKernels(): boolean {
  return startedEngine().info.device === 'cpu' && activeTrace()?.portable !== true;
}
