import { fileURLToPath } from 'node:url';

const engineFolder = fileURLToPath(new URL('.', import.meta.url));

/** The place, `file:line:column`, in a stack that is neither the engine's nor tfjs' own. */
export function callerIn(stack: string): string | undefined {
  for (const frame of stack.split('\n')) {
    const place = /^\s+at (?:.*\()?(?:file:\/\/)?(\/.*:\d+:\d+)\)?$/.exec(frame)?.[1];
    if (place === undefined || place.startsWith(engineFolder)) continue;
    if (!/[/]@tensorflow[/]|[/]tfjs-core[/]src[/]/.test(place)) return place;
  }
  return undefined;
}

/** The node that TensorFlow names in an error, without the functions around it. */
export function nodeIn(message: string): string | undefined {
  return /\{\{node (?:[^}]*\/)?([^}/]+)\}\}/.exec(message)?.[1];
}
