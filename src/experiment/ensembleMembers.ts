import { PhalanxError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import type { AnyMember } from '../inference/ensemble/combination.ts';
import { LogitStore } from '../inference/store/logitStore.ts';
import { ttaOf } from '../inference/tta/options.ts';
import type { Tta } from '../inference/tta/options.ts';
import type { MemberDeclaration } from './memberSchema.ts';
import { storeOf } from './predictRun.ts';
import type { PredictedSplit } from './predictRun.ts';
import { resolveEnsemble } from './resolve.ts';
import { findRun } from './runDirectory.ts';
import type { Run } from './runDirectory.ts';
import type { Ensemble } from './schema.ts';

/** A declared member with what it refers to. */
export type PlannedMember = { readonly name: string; readonly declared: MemberDeclaration } & (
  | { readonly kind: 'run'; readonly run: Run; readonly tta: Tta }
  | { readonly kind: 'logits'; readonly folder: string }
  | { readonly kind: 'ensemble'; readonly config: Ensemble; readonly members: readonly PlannedMember[] }
);

/** A member that predicts. */
export type PlannedRun = Extract<PlannedMember, { readonly kind: 'run' }>;

/**
 * Finds what an ensemble's members refer to, through the ensembles among them.
 *
 * @param outer the ensembles that it is inside of.
 * @throws PhalanxError `ensemble/circular`, `run/missing`, and what loading another ensemble throws.
 */
export async function planMembers(
  config: Ensemble,
  runs: string,
  outer: readonly string[] = [],
): Promise<PlannedMember[]> {
  const planned: PlannedMember[] = [];
  for (const declared of config.members) {
    if (declared.run !== undefined) {
      const run = await findRun(runs, declared.run);
      const tta = ttaOf(declared.tta ?? config.tta);
      planned.push({ kind: 'run', name: memberName(run), declared, run, tta });
    } else if (declared.logits !== undefined) {
      planned.push({ kind: 'logits', name: declared.logits, declared, folder: declared.logits });
    } else {
      const inner = await resolveEnsemble(declared.ensemble!);
      if (outer.includes(inner.path)) {
        throw new PhalanxError('ensemble/circular', {
          what: 'The ensemble is a member of itself',
          where: declared.ensemble!,
          expected: 'ensembles inside one another that end',
          received: [...outer, inner.path].join(' > '),
        });
      }
      const members = await planMembers(inner.config, runs, [...outer, inner.path]);
      planned.push({ kind: 'ensemble', name: inner.name, declared, config: inner.config, members });
    }
  }
  return planned;
}

/** The runs of an ensemble and of those inside it. */
export function runsOf(planned: readonly PlannedMember[]): PlannedRun[] {
  return planned.flatMap((member) => {
    if (member.kind === 'ensemble') return runsOf(member.members);
    return member.kind === 'run' ? [member] : [];
  });
}

/**
 * The members as `ensemble()` takes them.
 *
 * @throws PhalanxError `ensemble/unknown-class`, `ensemble/nested-search`.
 */
export function membersOf(
  planned: readonly PlannedMember[],
  split: PredictedSplit,
  classes: readonly string[],
): AnyMember[] {
  return planned.map((member): AnyMember => {
    const { name, declared } = member;
    const weight = weightOf(declared, classes);
    switch (member.kind) {
      case 'run':
        return { name, weight, store: storeOf(member.run, split, member.tta) };
      case 'logits':
        return { name, weight, store: new LogitStore(member.folder) };
      case 'ensemble': {
        const { combine, threshold } = member.config;
        if (threshold === 'search') throw nestedSearch(name, 'threshold: search', 'thresholds');
        refuseFound(name, member.config);
        const members = membersOf(member.members, split, classes);
        return { name, weight, combine, threshold: byClass(threshold, classes, 'threshold', 0.5), members };
      }
    }
  });
}

function weightOf(
  { weight, classes: own }: MemberDeclaration,
  classes: readonly string[],
): number | number[] {
  if (typeof weight === 'number' && own === undefined) return weight;
  const weights = byClass(weight, classes, 'weight', 1);
  if (own === undefined) return weights;
  for (const name of own) requireClass(name, classes, 'classes');
  return weights.map((each, c) => (own.includes(classes[c]!) ? each : 0));
}

/** An ensemble inside another gives its logits or its votes, and nothing that is found or done afterwards. */
function refuseFound(name: string, { weights, postProcess }: Ensemble): void {
  if (weights !== undefined) throw nestedSearch(name, 'weights', 'weights and thresholds');
  if (Object.keys(postProcess).length > 0) {
    throw new PhalanxError('ensemble/nested-search', {
      what: 'The masks of an ensemble inside another are not worked on',
      where: name,
      expected: 'no postProcess',
      received: `postProcess of ${Object.keys(postProcess).join(', ')}`,
      fix: 'Declare it in the outer ensemble',
    });
  }
}

function nestedSearch(where: string, received: string, found: string): PhalanxError {
  return new PhalanxError('ensemble/nested-search', {
    what: 'Nothing is searched for an ensemble inside another',
    where,
    expected: 'numbers',
    received,
    fix: `Write the ${found} that its own search found into its file`,
  });
}

/**
 * A setting of each class, in order.
 *
 * @param setting its name, for messages.
 * @throws PhalanxError `ensemble/unknown-class`.
 */
export function byClass(
  declared: number | Readonly<Record<string, number>>,
  classes: readonly string[],
  setting: string,
  otherwise: number,
): number[] {
  if (typeof declared === 'number') return classes.map(() => declared);
  return namedByClass(declared, classes, setting, otherwise);
}

/** As `byClass`, of anything. */
export function namedByClass<Value>(
  declared: Readonly<Record<string, Value>>,
  classes: readonly string[],
  setting: string,
  otherwise: Value,
): Value[] {
  for (const name of Object.keys(declared)) requireClass(name, classes, setting);
  return classes.map((name) => (Object.hasOwn(declared, name) ? declared[name]! : otherwise));
}

function requireClass(name: string, classes: readonly string[], setting: string): void {
  if (classes.includes(name)) return;
  const hint = nearest(name, classes);
  throw new PhalanxError('ensemble/unknown-class', {
    what: `The ensemble's ${setting} name a class that the dataset does not have`,
    where: `${setting}.${name}`,
    expected: hint === undefined ? `one of ${classes.join(', ')}` : `perhaps ${hint}`,
  });
}

export function memberName({ state }: Run): string {
  return `${state.experiment}/fold${state.fold}/${state.id}`;
}
