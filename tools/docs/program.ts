import { join, resolve } from 'node:path';
import ts from 'typescript';

export const root = resolve(import.meta.dirname, '../..');

/**
 * Types of the given files, checked with the project's own settings.
 *
 * @param unwritten files that are not on disk, by absolute path.
 */
export function createProgram(
  files: readonly string[],
  unwritten: ReadonlyMap<string, string> = new Map(),
): ts.Program {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, 'tsconfig.json'),
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
        throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
      },
    },
  );
  if (config === undefined) throw new Error('tsconfig.json cannot be read');
  const host = ts.createCompilerHost(config.options);
  return ts.createProgram(files, config.options, {
    ...host,
    fileExists: (path) => unwritten.has(path) || host.fileExists(path),
    readFile: (path) => unwritten.get(path) ?? host.readFile(path),
    // A file that is not written may lie in a folder that does not exist.
    directoryExists: (path) =>
      [...unwritten.keys()].some((file) => file.startsWith(`${path}/`)) ||
      host.directoryExists?.(path) === true,
    getSourceFile: (path, options, ...rest) => {
      const text = unwritten.get(path);
      if (text === undefined) return host.getSourceFile(path, options, ...rest);
      return ts.createSourceFile(path, text, options);
    },
  });
}
