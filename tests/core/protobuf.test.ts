import { expect, test } from 'vitest';
import { byteCount, double, integer, integers, message, single, text } from '../../src/core/protobuf.ts';
import { decode, messages, texts } from './protobuf.ts';

test('a message is what protobuf.dev shows', () => {
  expect(Buffer.concat(integer(1, 150)).toString('hex')).toBe('089601');
  expect(Buffer.concat(text(2, 'testing')).toString('hex')).toBe('120774657374696e67');
  expect(Buffer.concat(integers(6, [3, 270, 86942])).toString('hex')).toBe('3206038e029ea705');
  expect(Buffer.concat(integer(1, -2)).toString('hex')).toBe('08feffffffffffffffff01');
});

test('a message is read as it was written, in pieces that are not copied', () => {
  const large = Float32Array.from({ length: 1000 }, (_, index) => index);
  const bytes = new Uint8Array(large.buffer);
  const fields = [
    ...integer(1, 2n ** 40n),
    ...single(2, 0.5),
    ...double(3, -1.25),
    ...message(20, [...text(1, 'Größe'), ...message(2, [bytes])]),
    ...message(20, []),
  ];
  expect(fields).toContain(bytes);
  const whole = Buffer.concat(fields);
  expect(byteCount(fields)).toBe(whole.length);
  const decoded = decode(whole);
  expect(decoded.get(1)).toEqual([2n ** 40n]);
  expect(Buffer.from(decoded.get(2)![0] as Uint8Array).readFloatLE()).toBe(0.5);
  expect(Buffer.from(decoded.get(3)![0] as Uint8Array).readDoubleLE()).toBe(-1.25);
  const [inner, empty] = messages(decoded, 20);
  expect(texts(inner!, 1)).toEqual(['Größe']);
  expect(Buffer.compare(inner!.get(2)![0] as Uint8Array, bytes)).toBe(0);
  expect(empty!.size).toBe(0);
});
