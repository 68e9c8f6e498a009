import type { HostTensor, StateDict } from '../../nn/safetensors/format.ts';
import { commonNames } from './dialects.ts';

export interface Matched {
  /** Under the target's names where they are known there, else under their own. */
  readonly tensors: StateDict;
  /** Names of what the target has no use for: a classifier, or all but the encoder of a whole model. */
  readonly dropped: readonly string[];
}

/** What training wrappers put before every name. */
const wrappers = ['module.', 'model.', '_orig_mod.', 'net.', 'network.'];

/** Where whole models keep their encoder. */
const encoderPlaces = ['encoder.', 'backbone.'];

/** The classifiers of torchvision, timm, EfficientNet-PyTorch and SegFormer, which no encoder has. */
const classifier = /^(?:fc|_fc|classifier|head|heads|head_fc|last_linear|aux_head)\./;

/**
 * Finds the spelling of a file's names that fits a target best: as they are, without the prefix of a wrapper, an
 * encoder's names inside a whole model or the other way round, and the libraries' own names of the same layers.
 *
 * @param names Of the target.
 * @param encoders Paths of encoders inside the target; `''` where it is one itself.
 */
export function matchNames(
  source: StateDict,
  names: readonly string[],
  encoders: readonly string[],
): Matched {
  const wanted = new Map([...commonNames(names)].map(([name, common]) => [common, name]));
  const common = commonNames(source.keys());
  const bare = unwrapped([...source].map(([name, tensor]) => [common.get(name) ?? name, tensor]));
  const hits = (candidate: Named) => candidate.filter(([name]) => wanted.has(name)).length;
  const best = candidates(bare, encoders).reduce((a, b) => (hits(b) > hits(a) ? b : a));
  const isEncoder = best !== bare || encoders.includes('');
  const tensors = new Map<string, HostTensor>();
  const dropped: string[] = [];
  for (const [name, tensor] of best) {
    const target = wanted.get(name);
    if (target === undefined && isEncoder && classifier.test(name)) dropped.push(name);
    else tensors.set(target ?? name, tensor);
  }
  const kept = new Set(best.map(([, tensor]) => tensor));
  for (const [name, tensor] of bare) if (!kept.has(tensor)) dropped.push(name);
  return { tensors, dropped };
}

type Named = readonly (readonly [name: string, tensor: HostTensor])[];

function unwrapped(named: Named): Named {
  const wrapper = wrappers.find((prefix) => named.every(([name]) => name.startsWith(prefix)));
  if (wrapper === undefined || named.length === 0) return named;
  return unwrapped(named.map(([name, tensor]) => [name.slice(wrapper.length), tensor]));
}

/** The names as they are come first: of equally good ones the first is taken. */
function candidates(bare: Named, encoders: readonly string[]): readonly Named[] {
  if (encoders.includes('')) {
    const inside = encoderPlaces.map((place) =>
      bare.flatMap(([name, tensor]) =>
        name.startsWith(place) ? [[name.slice(place.length), tensor] as const] : [],
      ),
    );
    return [bare, ...inside];
  }
  const spread = encoders.flatMap((path) =>
    bare.map(([name, tensor]) => [classifier.test(name) ? name : `${path}.${name}`, tensor] as const),
  );
  return [bare, spread];
}
