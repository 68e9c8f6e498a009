import { z } from 'zod';
import { messageOf } from '../core/errors.ts';

/** In one line, what kept JSON from being parsed or from having its schema: the first defect, at most 300 characters. */
export function parseDefect(cause: unknown): string {
  if (!(cause instanceof z.ZodError)) return messageOf(cause).slice(0, 300);
  const { path, message } = cause.issues[0]!;
  return `${path.map(String).join('.')} ${message}`.trim().slice(0, 300);
}

/** All of it in one line, at most 500 characters. */
export function parseDefects(cause: unknown): string {
  const all = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll(/\s+/g, ' ') : messageOf(cause);
  return all.slice(0, 500);
}
