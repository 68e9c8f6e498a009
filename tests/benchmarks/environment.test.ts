import { describe, expect, it } from 'vitest';
import { ownBytes, proportionalBytes, treeBytes } from '../../benchmarks/processTree.ts';
import { environmentKey } from '../../benchmarks/peers/environment.ts';

describe('the peers’ environment', () => {
  const key = environmentKey('# peers\nb==2\na==1\n', 'Python 3.11.7\n');

  it('is named after pins, not after their order or comments', () => {
    expect(environmentKey('a==1\nb==2 # why\n', 'Python 3.11.7')).toBe(key);
    expect(key).toMatch(/^[0-9a-f]{16}$/);
  });

  it('changes with a pin and with Python', () => {
    expect(environmentKey('a==1\nb==3\n', 'Python 3.11.7')).not.toBe(key);
    expect(environmentKey('a==1\nb==2\n', 'Python 3.12.1')).not.toBe(key);
  });
});

describe('memory of a process tree', () => {
  it('reads the proportional set size', () => {
    expect(proportionalBytes('Rss:  900 kB\nPss:   500 kB\nPss_Dirty: 400 kB\n')).toBe(512_000);
  });

  it('can leave out mapped files', () => {
    expect(ownBytes('Pss:  500 kB\nPss_Anon: 20 kB\nPss_File: 400 kB\nPss_Shmem: 80 kB\n')).toBe(102_400);
  });

  it('counts this process and grows with it', () => {
    const before = treeBytes(process.pid);
    const held = Buffer.alloc(200e6, 1);
    expect(treeBytes(process.pid) - before).toBeGreaterThan(0.9 * held.length);
  });
});
