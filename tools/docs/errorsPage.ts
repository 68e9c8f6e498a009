import { findErrorSites } from './errorSites.ts';
import type { ErrorSite } from './errorSites.ts';
import { code, generatedFrom, page, table } from './markdown.ts';

/** `docs/reference/errors.md`: every code of a PhalanxError. */
export async function errorsPage(): Promise<string> {
  const sites = await findErrorSites();
  const areas = [...new Set(sites.map(areaOf))];
  return page(
    generatedFrom('every `new PhalanxError(…)` and every defect in `src/`'),
    '# Errors',
    'What a person can mend is reported in one sentence, which ends in a code such as `[image/truncated]` (`phalanx … --debug` adds the stack trace). The message itself names the file, key or tensor, what was expected and what was received; here is what each code means. Codes stay the same across releases. … stands for what is known only when it happens.',
    areas.map((area) => `[${area}](#${area})`).join(' · '),
    ...areas.flatMap((area) => [
      `## ${area}`,
      table(
        ['code', 'what', 'what to do', 'thrown in'],
        rowsOf(sites.filter((site) => areaOf(site) === area)),
      ),
    ]),
  );
}

function areaOf({ code }: ErrorSite): string {
  return code.split('/', 1)[0]!;
}

/** One row per code; its different messages stand below each other. */
function rowsOf(sites: readonly ErrorSite[]): string[][] {
  return [...new Set(sites.map((site) => site.code))].map((name) => {
    const own = sites.filter((site) => site.code === name);
    const distinct = (texts: readonly string[]): string =>
      [...new Set(texts.filter((text) => text !== ''))].map(escape).join('<br>');
    const files = [...new Set(own.map(({ file }) => file))];
    return [
      code(name),
      distinct(own.flatMap(({ what }) => what)),
      distinct(own.flatMap(({ fix }) => fix)),
      files.map((file) => `[${file.replace(/^src\//, '')}](../../${file})`).join('<br>'),
    ];
  });
}

/** Messages are plain text; `<person>` is not a tag. */
function escape(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('*', '\\*');
}
