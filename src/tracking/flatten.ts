import type { ParameterValue } from './tracker.ts';

/**
 * A nested configuration as dotted keys: `{ model: { decoder: { name: 'unet' } } }` becomes
 * `{ 'model.decoder.name': 'unet' }`. Arrays of plain values stay one value (JSON); arrays of objects are numbered.
 */
export function flattenParameters(value: unknown, prefix = ''): Record<string, ParameterValue> {
  if (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean'
  ) {
    return { [prefix]: value };
  }
  if (typeof value !== 'object') return {};
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object' || item === null)) {
    return { [prefix]: JSON.stringify(value) };
  }
  const flat: Record<string, ParameterValue> = {};
  for (const [key, item] of Object.entries(value)) {
    Object.assign(flat, flattenParameters(item, prefix === '' ? key : `${prefix}.${key}`));
  }
  return flat;
}
