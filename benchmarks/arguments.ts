import { parseArgs } from 'node:util';

export const suites = ['engine', 'models', 'job', 'data', 'inference'] as const;

export type SuiteName = (typeof suites)[number];

export interface BenchOptions {
  readonly suite: SuiteName;
  /** Fewer repetitions: a rough answer soon. */
  readonly quick: boolean;
  /** Where else the results go, as JSON. */
  readonly json: string | undefined;
  /** Measure only the works whose names match. */
  readonly only: RegExp | undefined;
  /** Measure bfloat16 also where the processor has no instructions for it. */
  readonly bfloat16: boolean;
  /** Ensemble a whole competition's worth of synthetic logits instead. */
  readonly soak: boolean;
}

export const usage = `usage: npm run bench -- SUITE [--quick] [--json FILE] [--only PATTERN] [--bfloat16]
       npm run bench -- inference --soak [--quick] [--json FILE]

SUITE     ${suites.join(' | ')}
--quick   fewer repetitions
--json    write the results to FILE as well
--only    only the works whose names match the regular expression
--bfloat16  measure bfloat16 also on a processor without instructions for it
--soak    with "inference": five synthetic models of 300 images (20 with --quick) to a submission, on Phalanx alone`;

/** Something the person at the keyboard can put right. */
export class UsageError extends Error {}

/** @throws UsageError */
export function parseArguments(words: readonly string[]): BenchOptions {
  const { positionals, values } = parse(words);
  const [name, ...rest] = positionals;
  const suite = suites.find((known) => known === name);
  if (suite === undefined || rest.length > 0) {
    throw new UsageError(`Expected one suite, received "${positionals.join(' ')}".\n\n${usage}`);
  }
  if (values.soak && suite !== 'inference') {
    throw new UsageError(`Only the suite "inference" has a --soak.\n\n${usage}`);
  }
  return {
    suite,
    quick: values.quick,
    json: values.json,
    only: values.only === undefined ? undefined : pattern(values.only),
    bfloat16: values.bfloat16,
    soak: values.soak,
  };
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        only: { type: 'string' },
        bfloat16: { type: 'boolean', default: false },
        soak: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
}

function pattern(source: string): RegExp {
  try {
    return new RegExp(source, 'i');
  } catch {
    throw new UsageError(`--only expects a regular expression, received "${source}".`);
  }
}
