import * as tf from '@tensorflow/tfjs-core';
import { PhalanxError } from '../core/errors.ts';
import type { PhalanxBackend } from './backend.ts';

/** All variables as they are before a trace, so that the trace's assignments can be told and taken back. */
export interface VariableSnapshot {
  readonly count: number;
  /** The variable that held this data before the trace. */
  readonly ownerOf: (dataId: tf.DataId) => tf.Variable | undefined;
  /** The variables that have been assigned since. */
  readonly assigned: () => tf.Variable[];
  /** Gives every variable its value back and disposes those that the trace created. Call it once. */
  readonly restore: () => void;
  /** @throws PhalanxError `engine/variable-created-in-trace`, `engine/variable-disposed-in-trace` */
  readonly check: () => void;
}

export function snapshotVariables(backend: PhalanxBackend): VariableSnapshot {
  const registered = () => Object.values(tf.engine().registeredVariables);
  // Another reference to each variable's data keeps it alive when the trace assigns the variable.
  const before = new Map(registered().map((variable) => [variable, tf.keep(backend.share(variable))]));
  const owners = new Map([...before].map(([variable, { dataId }]) => [dataId, variable]));
  const created: tf.Variable[] = [];
  return {
    count: before.size,
    ownerOf: (dataId) => owners.get(dataId),
    assigned: () =>
      [...before]
        .filter(([variable, { dataId }]) => variable.dataId !== dataId)
        .map(([variable]) => variable),
    restore() {
      created.push(...registered().filter((variable) => !before.has(variable)));
      for (const [variable, value] of before) {
        if (!variable.isDisposed && variable.dataId !== value.dataId) variable.assign(value);
        value.dispose();
      }
      for (const variable of created) variable.dispose();
    },
    check() {
      const disposed = [...before.keys()].filter((variable) => variable.isDisposed);
      if (created.length > 0) {
        throw new PhalanxError('engine/variable-created-in-trace', {
          what: `A compiled function created the variable ${created[0]!.name}`,
          fix: 'Create variables before the first call',
        });
      }
      if (disposed.length > 0) {
        throw new PhalanxError('engine/variable-disposed-in-trace', {
          what: `A compiled function disposed the variable ${disposed[0]!.name}`,
        });
      }
    },
  };
}
