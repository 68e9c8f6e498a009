/** A table as code hosts render it; cells are escaped where they would break it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Blocks with an empty line between them, and a newline at the end of the file. */
export function page(...blocks: readonly (string | undefined)[]): string {
  return `${blocks.filter((block) => block !== undefined && block !== '').join('\n\n')}\n`;
}

export function code(text: string): string {
  return `\`${text}\``;
}

/** The address of a heading, as code hosts make it. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
}

export function generatedFrom(sources: string): string {
  return `<!-- Written by \`npm run docs\` from ${sources}; change it there. -->`;
}

/** Prose of a comment as part of a page: one line, without JSDoc's line breaks. */
export function prose(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
