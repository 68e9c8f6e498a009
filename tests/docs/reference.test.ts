import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pages } from '../../tools/docs/pages.ts';
import { root } from '../../tools/docs/program.ts';

describe('the reference', () => {
  it.each(pages)(
    '$path says what the source says; "npm run docs" writes it anew',
    async ({ path, render }) => {
      expect(readFileSync(join(root, path), 'utf8')).toBe(await render());
    },
  );
});
