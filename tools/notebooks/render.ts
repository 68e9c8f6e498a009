import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipelineOf } from '../../src/analysis/pictures.ts';
import type { Table } from '../../src/analysis/report/page.ts';
import { writeFileAtomic } from '../../src/core/atomicFile.ts';
import ts from 'typescript';
import type { Notebook, Output } from './notebook.ts';

export interface RenderedNotebook {
  readonly markdown: string;
  /** Files that the Markdown shows, by their path relative to it. */
  readonly files: ReadonlyMap<string, Uint8Array | string>;
}

/**
 * Runs a notebook's cells and renders them as Markdown.
 *
 * @param path - The notebook's file; its base name is that of the folder with its pictures.
 */
export async function renderNotebook<Parameters extends object, Data>(
  path: string,
  notebook: Notebook<Parameters, Data>,
  parameters: Partial<Parameters> = {},
): Promise<RenderedNotebook> {
  const name = basename(path, '.ts');
  const sources = cellSources(path, await readFile(path, 'utf8'));
  const folder = await mkdtemp(join(tmpdir(), `phalanx-notebook-${name}-`));
  const files = new Map<string, Uint8Array | string>();
  const parts = [
    `# ${notebook.title}`,
    `<!-- Rendered from ${name}.ts by \`npm run notebooks\`; edit that file instead. -->`,
  ];
  try {
    const data = await notebook.prepare({ ...notebook.parameters, ...parameters }, folder);
    for (const cell of notebook.cells) {
      if (typeof cell === 'string') {
        parts.push(cell.trim());
        continue;
      }
      const output = await cell(data);
      parts.push(`\`\`\`ts\n${sources.shift() ?? ''}\n\`\`\``);
      parts.push(await show(output, name, files));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return { markdown: `${parts.join('\n\n')}\n`, files };
}

/** Writes a rendered notebook and its pictures into a folder; pictures of an earlier rendering are removed. */
export async function writeNotebook(folder: string, name: string, rendered: RenderedNotebook): Promise<void> {
  await rm(join(folder, name), { recursive: true, force: true });
  for (const [path, content] of rendered.files) await writeFileAtomic(join(folder, path), content);
  await writeFileAtomic(join(folder, `${name}.md`), rendered.markdown);
}

async function show(output: Output, name: string, files: Map<string, Uint8Array | string>): Promise<string> {
  const number = String(files.size + 1).padStart(2, '0');
  switch (output.kind) {
    case 'chart': {
      const path = `${name}/${number}.svg`;
      files.set(path, output.chart.svg.text);
      return `![chart](${path})`;
    }
    case 'picture': {
      const path = `${name}/${number}.webp`;
      files.set(path, await pipelineOf(output.image).webp({ quality: 88, effort: 5 }).toBuffer());
      return `![${output.caption}](${path})\n\n*${output.caption}*`;
    }
    case 'table':
      return markdownTable(output.table);
    default:
      return output satisfies never;
  }
}

function markdownTable({ columns, rows, textColumns = [] }: Table): string {
  const line = (cells: readonly (string | number)[]): string =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  const align = columns.map((_, index) => (index === 0 || textColumns.includes(index) ? ':--' : '--:'));
  return [line(columns), line(align), ...rows.map(({ cells }) => line(cells))].join('\n');
}

/** The text of each code cell as it stands in the notebook's file. */
export function cellSources(path: string, text: string): string[] {
  const sources: string[] = [];
  const visit = (node: ts.Node): void => {
    if (
      ts.isPropertyAssignment(node) &&
      node.name.getText() === 'cells' &&
      ts.isArrayLiteralExpression(node.initializer)
    ) {
      for (const element of node.initializer.elements)
        if (ts.isArrowFunction(element)) sources.push(dedented(element.getText()));
      return;
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return sources;
}

function dedented(text: string): string {
  const lines = text.split('\n');
  const indent = Math.min(...lines.slice(1).map((line) => /^ */.exec(line)![0].length), 80);
  return lines.map((line, index) => (index === 0 ? line : line.slice(indent))).join('\n');
}
