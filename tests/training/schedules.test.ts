import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { buildSchedule, scheduleSchema } from '../../src/training/schedules.ts';
import type { ScheduleSpec } from '../../src/training/schedules.ts';

interface Goldens {
  readonly learningRate: number;
  readonly totalSteps: number;
  readonly cases: readonly {
    readonly spec: ScheduleSpec;
    readonly learningRates: readonly number[];
    readonly momenta: readonly number[] | null;
  }[];
}

const goldens = JSON.parse(
  await readFile(new URL('../goldens/objectives/schedules.json', import.meta.url), 'utf8'),
) as Goldens;

describe('schedules equal PyTorch', () => {
  test.each(goldens.cases.map((golden) => [JSON.stringify(golden.spec), golden] as const))(
    '%s',
    (_, golden) => {
      const schedule = buildSchedule(golden.spec, goldens);
      golden.learningRates.forEach((expected, step) => {
        const { learningRate, momentum } = schedule(step);
        expect(Math.abs(learningRate - expected)).toBeLessThan(1e-9 * goldens.learningRate);
        if (golden.momenta === null) expect(momentum).toBeUndefined();
        else expect(momentum).toBeCloseTo(golden.momenta[step]!, 10);
      });
    },
  );
});

test.each([1, 2, 3, 4])('one-cycle over %i steps has a rate at each', (totalSteps) => {
  const schedule = buildSchedule({ name: 'oneCycle' }, { learningRate: 1, totalSteps });
  for (let step = 0; step < totalSteps; step++) {
    const { learningRate } = schedule(step);
    expect(learningRate).toBeGreaterThan(0);
    expect(learningRate).toBeLessThanOrEqual(1);
  }
});

test('a warm-up longer than the run is refused', () => {
  const build = () => buildSchedule({ name: 'cosine', warmupSteps: 10 }, { learningRate: 1, totalSteps: 10 });
  expect(build).toThrow(/fewer than the 10 steps/);
});

test.each([
  { name: 'cosin' },
  { name: 'step' },
  { name: 'oneCycle', warmupSteps: 3 },
  { name: 'poly', power: -1 },
])('refuses %j', (spec) => {
  expect(scheduleSchema.safeParse(spec).success).toBe(false);
});
