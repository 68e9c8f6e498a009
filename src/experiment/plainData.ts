import { PhalanxError, messageOf } from '../core/errors.ts';

/** Deepest nesting of a declaration. */
const maxDepth = 64;

/**
 * A copy of what a file declares, if it is plain data: texts, numbers, booleans, null, lists and objects, as deep as
 * settings ever are. Functions, class instances, circles and the like cannot be recorded with a run.
 *
 * @param where the file, for the message.
 * @throws PhalanxError `experiment/not-data` naming the place.
 */
export function plainData(value: unknown, where: string): unknown {
  return copy(value, [], where);
}

function copy(value: unknown, path: readonly string[], where: string): unknown {
  if (path.length > maxDepth) throw notData(path.slice(0, 4), where, `nested more than ${maxDepth} deep`);
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'undefined':
      return value;
    case 'object':
      break;
    default:
      throw notData(path, where, `a ${typeof value}`);
  }
  if (value === null) return null;
  try {
    if (Array.isArray(value)) {
      return Array.from(value as unknown[], (item, index) => copy(item, [...path, String(index)], where));
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    // By its shape, not its identity: a file may be run in a module system with an Object of its own.
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      throw notData(path, where, `an instance of ${value.constructor.name}`);
    }
    // fromEntries, because a key such as __proto__ must stay a key.
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, copy(item, [...path, key], where)]),
    );
  } catch (cause) {
    if (cause instanceof PhalanxError) throw cause;
    throw notData(path, where, messageOf(cause), cause);
  }
}

function notData(path: readonly string[], where: string, received: string, cause?: unknown): PhalanxError {
  return new PhalanxError(
    'experiment/not-data',
    {
      what:
        path.length === 0
          ? 'The file declares something else than settings'
          : `${path.join('.')} is not data`,
      where,
      expected: 'texts, numbers, booleans, null, lists and objects',
      received,
    },
    cause === undefined ? undefined : { cause },
  );
}
