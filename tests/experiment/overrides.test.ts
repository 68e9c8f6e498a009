import { describe, expect, test } from 'vitest';
import { extendExperiment } from '../../src/experiment/define.ts';
import { applyOverrides, mergeDeclarations } from '../../src/experiment/overrides.ts';
import { experimentSchema } from '../../src/experiment/schema.ts';
import { parseDeclared } from '../../src/experiment/validate.ts';
import { minimal } from './declarations.ts';

describe('--set', () => {
  test('reads JSON where it is JSON and text where it is not', () => {
    const settings = ['a=1', 'b=true', 'c=null', 'd=[1,2]', 'e={"f":"g"}', 'h=text', 'i=', 'j=x=y', 'k=1e-3'];
    expect(applyOverrides({}, settings)).toEqual({
      a: 1,
      b: true,
      c: null,
      d: [1, 2],
      e: { f: 'g' },
      h: 'text',
      i: '',
      j: 'x=y',
      k: 0.001,
    });
  });

  test('goes along paths, makes what is missing on the way, and leaves the declaration as it was', () => {
    const declared = { training: { steps: 1 }, loss: [{ name: 'bce' }] };
    const before = structuredClone(declared);
    const settings = ['training.steps=5', 'data.folds.count=3', 'loss.0.weight=2', 'loss.1={"name":"dice"}'];
    expect(applyOverrides(declared, settings)).toEqual({
      training: { steps: 5 },
      data: { folds: { count: 3 } },
      loss: [{ name: 'bce', weight: 2 }, { name: 'dice' }],
    });
    expect(declared).toEqual(before);
  });

  test('the later of two wins', () => {
    expect(applyOverrides({}, ['a.b=1', 'a.b=2', 'a.c=3'])).toEqual({ a: { b: 2, c: 3 } });
  });

  test.each(['a', '=1', '.a=1', 'a.=1', 'a..b=1', ''])(
    'refuses %j, which has no path or no value',
    (setting) => {
      expect(() => applyOverrides({}, [setting])).toThrow(
        /--set option cannot be applied: expected path=value/,
      );
    },
  );

  test.each(['seed.x=1', 'text.length=1', 'none.x=1'])(
    'refuses %s, which leads through a plain value',
    (setting) => {
      expect(() => applyOverrides({ seed: 1, text: 'abc', none: null }, [setting])).toThrow(
        /to hold settings/,
      );
    },
  );

  test.each(['list.2=1', 'list.x=1', 'list.-1=1', 'list.length=9', 'list.4294967295=1'])(
    'refuses %s, which is no place in a list of one',
    (setting) => {
      expect(() => applyOverrides({ list: [1] }, [setting])).toThrow(/an index from 0 to 1/);
    },
  );

  test.each([null, 5, 'text', undefined])('refuses to set anything on %j', (declared) => {
    expect(() => applyOverrides(declared, ['a=1'])).toThrow(/to hold settings/);
  });

  test.each(['__proto__.polluted=1', '__proto__={"polluted":1}', 'constructor.prototype.polluted=1'])(
    '%s touches no prototype and is named by validation',
    (setting) => {
      const result = applyOverrides(minimal, [setting]);
      expect(({} as { polluted?: number }).polluted).toBeUndefined();
      expect((result as { polluted?: number }).polluted).toBeUndefined();
      const key = setting.split(/[.=]/)[0]!;
      expect(() => parseDeclared(experimentSchema, result, 'x.ts')).toThrow(`${key} is not a setting`);
    },
  );
});

describe('extendExperiment', () => {
  test('merges objects key by key and replaces lists', () => {
    const extended = extendExperiment(minimal, {
      data: { imageSize: 128, folds: { count: 3 } },
      loss: [{ name: 'dice' }],
      seed: 7,
    });
    expect(extended).toEqual({
      ...minimal,
      data: { ...minimal.data, imageSize: 128, folds: { count: 3 } },
      loss: [{ name: 'dice' }],
      seed: 7,
    });
    expect(minimal.data.imageSize).toBe(64);
  });

  test('a name that changes leaves the options of the old one behind; the same name keeps them', () => {
    const base = extendExperiment(minimal, { optimizer: { weightDecay: 0.1 } });
    const sgd = { name: 'sgd', learningRate: 0.1 } as const;
    expect(extendExperiment(base, { optimizer: sgd }).optimizer).toEqual(sgd);
    expect(extendExperiment(base, { optimizer: { name: 'adamw', learningRate: 1 } }).optimizer).toEqual({
      name: 'adamw',
      learningRate: 1,
      weightDecay: 0.1,
    });
  });

  test('undefined changes nothing', () => {
    expect(mergeDeclarations({ a: 1, b: { c: 2 } }, { a: undefined, b: { c: undefined } })).toEqual({
      a: 1,
      b: { c: 2 },
    });
  });

  test('keys with the names of inherited properties are keys like any other', () => {
    const changes: unknown = JSON.parse('{"__proto__": {"polluted": 1}, "toString": "x"}');
    const merged = mergeDeclarations({ a: 1 }, changes) as Record<string, unknown>;
    expect(merged['polluted']).toBeUndefined();
    expect(Object.keys(merged).sort()).toEqual(['__proto__', 'a', 'toString']);
  });

  test('extending twice is extending by both', () => {
    const [a, b] = [{ seed: 3, data: { imageSize: 96 } }, { data: { channels: 1 as const } }];
    expect(extendExperiment(extendExperiment(minimal, a), b)).toEqual(
      extendExperiment(minimal, mergeDeclarations(a, b) as typeof a),
    );
  });
});
