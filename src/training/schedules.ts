import { z } from 'zod';
import { PhalanxError } from '../core/errors.ts';

const warmup = {
  /** Steps over which the rate climbs in a line to the schedule's own start. */
  warmupSteps: z.int().nonnegative().default(0),
  /** The first step's share of the learning rate; torchvision's references use 0.01. */
  warmupFactor: z.number().positive().max(1).default(0.01),
};

/** The optimizer's learning rate throughout. */
const constantSchema = z.strictObject({ name: z.literal('constant'), ...warmup });

/** Falls along half a cosine wave (`CosineAnnealingLR` without restarts). */
const cosineSchema = z.strictObject({
  name: z.literal('cosine'),
  /** Where the rate ends. */
  minimum: z.number().nonnegative().default(0),
  ...warmup,
});

/** Falls to 0 as `(1 - step / steps) ^ power` (`PolynomialLR`). */
const polySchema = z.strictObject({
  name: z.literal('poly'),
  /** 1 is a straight line. */
  power: z.number().positive().default(0.9),
  ...warmup,
});

/** Falls by a factor again and again (`StepLR`). */
const stepSchema = z.strictObject({
  name: z.literal('step'),
  /** Steps between two reductions. */
  stepSize: z.int().positive(),
  /** Factor of each reduction. */
  gamma: z.number().positive().default(0.1),
  ...warmup,
});

/** Rises along half a cosine wave, then falls far below its start (`OneCycleLR`). The optimizer's learning rate is the peak. */
const oneCycleSchema = z.strictObject({
  name: z.literal('oneCycle'),
  /** Share of the steps in which the rate rises, in (0, 1). */
  warmupShare: z.number().gt(0).lt(1).default(0.3),
  /** The peak over the first rate. */
  divFactor: z.number().min(1).default(25),
  /** The first rate over the last. */
  finalDivFactor: z.number().positive().default(1e4),
  /** Momentum (beta 1 of Adam) falls from `maxMomentum` to `baseMomentum` as the rate rises, and back. */
  cycleMomentum: z.boolean().default(true),
  /** At the peak of the rate. */
  baseMomentum: z.number().min(0).lt(1).default(0.85),
  /** At both ends. */
  maxMomentum: z.number().min(0).lt(1).default(0.95),
});

export const scheduleSchema = z.discriminatedUnion('name', [
  constantSchema,
  cosineSchema,
  polySchema,
  stepSchema,
  oneCycleSchema,
]);

/** A schedule as an experiment writes it; defaults may be left out. */
export type ScheduleSpec = z.input<typeof scheduleSchema>;

/** What a schedule sets for one step. */
export interface Rates {
  readonly learningRate: number;
  /** Momentum of SGD or beta 1 of Adam, where the schedule moves it. */
  readonly momentum?: number;
}

/** From the 0-based step to the rates that its update uses. */
export type Schedule = (step: number) => Rates;

/**
 * The function that a specification describes. Each follows PyTorch's scheduler of the same idea
 * (`CosineAnnealingLR`, `PolynomialLR`, `StepLR`, `OneCycleLR` with its defaults, `LinearLR` as the warm-up before
 * them), stepped once per update.
 *
 * @param options.learningRate The optimizer's; the peak of `oneCycle`, where the others begin.
 * @param options.totalSteps Number of updates in the run.
 * @throws PhalanxError `training/warmup` when the warm-up is as long as the run.
 */
export function buildSchedule(
  spec: ScheduleSpec,
  { learningRate, totalSteps }: { readonly learningRate: number; readonly totalSteps: number },
): Schedule {
  const parsed = scheduleSchema.parse(spec);
  if (parsed.name === 'oneCycle') return oneCycle(parsed, learningRate, totalSteps);
  const { warmupSteps, warmupFactor } = parsed;
  if (warmupSteps >= totalSteps && warmupSteps > 0) {
    throw new PhalanxError('training/warmup', {
      what: 'The warm-up leaves no step to train at the full learning rate',
      where: 'schedule.warmupSteps',
      expected: `fewer than the ${totalSteps} steps of the run`,
      received: `${warmupSteps}`,
    });
  }
  const after = decay(parsed, learningRate, totalSteps - warmupSteps);
  return (step) => {
    if (step >= warmupSteps) return { learningRate: after(step - warmupSteps) };
    return { learningRate: learningRate * (warmupFactor + ((1 - warmupFactor) * step) / warmupSteps) };
  };
}

type Decay = Exclude<z.output<typeof scheduleSchema>, { name: 'oneCycle' }>;

function decay(spec: Decay, start: number, steps: number): (step: number) => number {
  switch (spec.name) {
    case 'constant':
      return () => start;
    case 'cosine':
      return (step) => cosineBetween(start, spec.minimum, Math.min(1, step / steps));
    case 'poly':
      return (step) => start * (1 - Math.min(1, step / steps)) ** spec.power;
    case 'step':
      return (step) => start * spec.gamma ** Math.floor(step / spec.stepSize);
    default:
      return spec satisfies never;
  }
}

function oneCycle(spec: z.output<typeof oneCycleSchema>, peak: number, totalSteps: number): Schedule {
  const first = peak / spec.divFactor;
  const last = first / spec.finalDivFactor;
  const top = spec.warmupShare * totalSteps - 1;
  const end = totalSteps - 1;
  const along = (step: number, a: number, b: number, c: number): number => {
    if (step <= top) return cosineBetween(a, b, top === 0 ? 1 : step / top);
    return cosineBetween(b, c, Math.min(1, (step - top) / (end - top)));
  };
  return (step) => {
    const learningRate = along(step, first, peak, last);
    if (!spec.cycleMomentum) return { learningRate };
    const { baseMomentum, maxMomentum } = spec;
    return { learningRate, momentum: along(step, maxMomentum, baseMomentum, maxMomentum) };
  };
}

/** Half a cosine wave from `from` (share 0) to `to` (share 1). */
function cosineBetween(from: number, to: number, share: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
}
