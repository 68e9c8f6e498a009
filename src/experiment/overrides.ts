import { PhalanxError } from '../core/errors.ts';

/**
 * Applies `path=value` settings (`training.steps=100`, `model.encoder.name=resnet34`) to a copy of a declaration.
 * Values are read as JSON where they are JSON, and as text otherwise; the schema decides whether they fit.
 *
 * @throws PhalanxError `experiment/override` when a setting has no `=`, or its path leads through a plain value or past the end of
 * a list.
 */
export function applyOverrides(declared: unknown, settings: readonly string[]): unknown {
  const copy = structuredClone(declared);
  for (const setting of settings) {
    const separator = setting.indexOf('=');
    const path = setting.slice(0, separator).split('.');
    if (separator < 1 || path.includes(''))
      throw overrideError(setting, 'path=value, such as training.steps=100');
    let place: unknown = copy;
    for (const [depth, key] of path.entries()) {
      const above = path.slice(0, depth).join('.') || 'the declaration';
      if (typeof place !== 'object' || place === null)
        throw overrideError(setting, `${above} to hold settings`);
      if (Array.isArray(place) && !(/^\d{1,9}$/.test(key) && Number(key) <= place.length)) {
        throw overrideError(setting, `${above} to be followed by an index from 0 to ${place.length}`);
      }
      const settings = place as Record<string, unknown>;
      if (depth === path.length - 1) setOwn(settings, key, parseValue(setting.slice(separator + 1)));
      else if (!Object.hasOwn(settings, key)) setOwn(settings, key, {});
      place = settings[key];
    }
  }
  return copy;
}

/** Assigns without following the prototype, because a key such as `__proto__` must stay a key. */
function setOwn(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function overrideError(setting: string, expected: string): PhalanxError {
  return new PhalanxError('experiment/override', {
    what: 'A --set option cannot be applied',
    expected,
    received: JSON.stringify(setting),
  });
}

/** Settings of one experiment laid over those of another: objects merge key by key, everything else replaces. */
export type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> | undefined }
    : T;

/** See `extendExperiment`; a `name` that changes takes its neighbours with it, since options belong to a name. */
export function mergeDeclarations(base: unknown, changes: unknown): unknown {
  if (!isPlainObject(base) || !isPlainObject(changes)) return changes;
  if (changes['name'] !== undefined && changes['name'] !== base['name']) return changes;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) continue;
    setOwn(merged, key, Object.hasOwn(base, key) ? mergeDeclarations(base[key], value) : value);
  }
  return merged;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
