import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';

/** What the figures depend on besides the code; nothing that names this one machine. */
export interface Machine {
  /** Machines of one kind share a results file. */
  readonly kind: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Those that matter for arithmetic. */
  readonly instructions: readonly string[];
  /** True where bfloat16 is computed by instructions of its own. */
  readonly bfloat16: boolean;
  readonly system: string;
  /** By package. */
  readonly versions: Readonly<Record<string, string>>;
}

const interesting = [
  'avx2',
  'fma',
  'avx512f',
  'avx512_vnni',
  'avx512_bf16',
  'amx_tile',
  'amx_bf16',
  'amx_int8',
];

/** From a line of `/proc/cpuinfo`. */
export function instructionsOf(cpuinfo: string): string[] {
  const flags = new Set(/^flags\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]?.split(/\s+/));
  return interesting.filter((name) => flags.has(name));
}

/** A file name for machines of this sort, such as `amd-epyc-2-cores-avx2`. */
export function machineKind(processor: string, cores: number, instructions: readonly string[]): string {
  const slug = processor
    .replace(/\((R|TM)\)|@.*|\b(CPU|Processor)\b/gi, ' ')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  const widest = ['amx_bf16', 'avx512_bf16', 'avx512f', 'avx2'].find((name) => instructions.includes(name));
  return [slug, cores, 'cores', (widest ?? 'plain').replace('_', '-')].join('-');
}

/** @param python With the peers installed, whose versions are then told too. */
export async function describeMachine(python?: string): Promise<Machine> {
  const cpuinfo = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const processor = cpus()[0]?.model.trim() ?? 'unknown';
  const cores = availableParallelism();
  const instructions = instructionsOf(cpuinfo);
  return {
    kind: machineKind(processor, cores, instructions),
    processor,
    cores,
    memoryBytes: totalmem(),
    instructions,
    bfloat16: instructions.some((name) => name.endsWith('_bf16')),
    system: `${process.platform}-${process.arch}`,
    versions: {
      node: process.versions.node,
      ...(python === undefined ? {} : await peerVersions(python)),
    },
  };
}

async function peerVersions(python: string): Promise<Record<string, string>> {
  const names = [
    'torch',
    'torchvision',
    'segmentation-models-pytorch',
    'albumentations',
    'opencv-python-headless',
    'numpy',
  ];
  const script = `import json, platform; from importlib.metadata import version
print(json.dumps({'python': platform.python_version(), **{n: version(n) for n in ${JSON.stringify(names)}}}))`;
  const { stdout } = await promisify(execFile)(python, ['-c', script]);
  return JSON.parse(stdout) as Record<string, string>;
}
