import { describe, expect, it } from 'vitest';
import { parseArguments, UsageError } from '../../benchmarks/arguments.ts';

describe('arguments of npm run bench', () => {
  it('reads a suite and its options in any order', () => {
    expect(parseArguments(['--quick', 'engine', '--json', 'out.json', '--only', 'resnet-?18'])).toEqual({
      suite: 'engine',
      quick: true,
      json: 'out.json',
      only: /resnet-?18/i,
      bfloat16: false,
      soak: false,
    });
    expect(parseArguments(['job', '--bfloat16'])).toMatchObject({
      suite: 'job',
      quick: false,
      bfloat16: true,
    });
  });

  it('reads a soak of the suite that has one', () => {
    expect(parseArguments(['inference', '--soak', '--quick'])).toMatchObject({ soak: true, quick: true });
    expect(() => parseArguments(['data', '--soak'])).toThrow(/inference/);
  });

  it.each([[[]], [['speed']], [['engine', 'job']], [['engine', '--fast']], [['engine', '--only', '(']]])(
    'refuses %j',
    (words) => {
      expect(() => parseArguments(words)).toThrow(UsageError);
    },
  );
});
