import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import ts from 'typescript';
import { buildProgram } from '../../src/cli/main.ts';
import { anchor } from '../../tools/docs/markdown.ts';
import { createProgram, root } from '../../tools/docs/program.ts';

const documents = ['README.md', 'CONTRIBUTING.md', ...markdownBelow('docs')].filter((path) =>
  existsSync(join(root, path)),
);

function markdownBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join(folder, path));
}

function read(document: string): string {
  return readFileSync(join(root, document), 'utf8');
}

/** The fenced blocks of a language, each with the text before it. */
function blocks(document: string, language: string): { readonly before: string; readonly code: string }[] {
  const text = read(document);
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map((match) => ({
    before: text.slice(0, match.index),
    code: match[1] ?? '',
  }));
}

/**
 * The TypeScript of the documents as files: a snippet that the line before it names, as in "Here is
 * `experiments/bones/unet.ts`:", gets that name, so that others can import it.
 */
function snippets(): Map<string, string> {
  const files = new Map<string, string>();
  for (const document of documents) {
    let folder = 'experiments/bones';
    for (const [index, { before, code }] of blocks(document, 'ts').entries()) {
      const named = /`(experiments\/[\w/-]+\.ts)`[^\n]*\n*$/.exec(before)?.[1];
      if (named !== undefined) folder = dirname(named);
      const path = named ?? join(folder, `${document.replaceAll(/\W/g, '-')}-${index + 1}.ts`);
      files.set(join(root, path), code);
    }
  }
  return files;
}

/** Splits a command line as a shell does, as far as documents need it: a word is quoted whole or not at all. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
}

describe('the documents', () => {
  it('hold TypeScript that compiles', () => {
    const files = snippets();
    expect(files.size).toBeGreaterThan(0);
    const program = createProgram([...files.keys()], files);
    const problems = [...files.keys()].flatMap((path) => {
      const source = program.getSourceFile(path);
      const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      return found.map(({ messageText }) => `${path}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
    });
    expect(problems).toEqual([]);
  });

  const commands = documents.flatMap((document) =>
    blocks(document, 'sh').flatMap(({ code }) =>
      [...code.replaceAll('\\\n', '').matchAll(/npx phalanx (.*)$/gm)].map((match) => ({
        document,
        line: (match[1] ?? '').replace(/\s+#.*$/, ''),
      })),
    ),
  );

  it.each(commands)('$document: phalanx $line', async ({ line }) => {
    const program = buildProgram(new AbortController().signal);
    const given = words(line);
    let command = program;
    for (const word of given) {
      const inner = command.commands.find((candidate) => candidate.name() === word);
      if (inner === undefined) break;
      command = inner;
    }
    expect(command.commands, `${line} names no command`).toHaveLength(0);
    let parsed = false;
    command.action(() => {
      parsed = true;
    });
    await program.parseAsync(given, { from: 'user' });
    expect(parsed).toBe(true);
  });

  it.each(documents)('%s: every link leads somewhere', (document) => {
    const text = read(document).replaceAll(/^```[^]*?^```$/gm, '');
    const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1] ?? '')
      .filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(document, link));
    expect(broken).toEqual([]);
  });
});

function leadsSomewhere(document: string, link: string): boolean {
  const [path = '', heading] = link.split('#');
  const target = path === '' ? document : normalize(join(dirname(document), path));
  if (!existsSync(join(root, target))) return false;
  if (heading === undefined) return true;
  const headings = [...read(target).matchAll(/^#+ (.*)$/gm)].map((match) => anchor(match[1] ?? ''));
  return headings.includes(heading);
}
