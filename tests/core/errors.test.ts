import { describe, expect, test } from 'vitest';
import { PhalanxError } from '../../src/core/errors.ts';
import { editDistance, nearest } from '../../src/core/nearest.ts';

describe('PhalanxError', () => {
  test('is one sentence of what, where, expected and received, and then what to do', () => {
    const cause = new Error('inner');
    const error = new PhalanxError(
      'data/size',
      { what: 'Sizes disagree', where: 'a.json', expected: '2048', received: '1024', fix: 'Export it again' },
      { cause },
    );
    expect(error.message).toBe('Sizes disagree (a.json): expected 2048, received 1024. Export it again.');
    expect(error.cause).toBe(cause);
    expect(error.code).toBe('data/size');
  });

  test('lists several things that are wrong', () => {
    const error = new PhalanxError('a/b', {
      what: 'Two are wrong',
      where: 'f',
      details: ['x', 'y'],
      fix: 'Mend',
    });
    expect(error.message).toBe('Two are wrong (f): x; y. Mend.');
  });

  test('leaves out what is not known', () => {
    expect(new PhalanxError('a/b', { what: 'Nothing to train on' }).message).toBe('Nothing to train on.');
    expect(new PhalanxError('a/b', { what: 'Bad', received: '3' }).message).toBe('Bad: received 3.');
  });
});

describe('nearest', () => {
  test('counts edits', () => {
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('same', 'same')).toBe(0);
    expect(editDistance('trian', 'train')).toBe(1);
  });

  test('finds the name that was meant, whatever its case, and nothing when none is close', () => {
    expect(nearest('resnet43', ['resnet18', 'resnet34', 'unet'])).toBe('resnet34');
    expect(nearest('UNet', ['fcn', 'unet'])).toBe('unet');
    expect(nearest('transformer', ['fcn', 'unet'])).toBeUndefined();
  });
});
