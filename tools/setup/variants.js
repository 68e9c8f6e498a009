import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { SetupError } from './setupError.js';

/**
 * One build of TensorFlow that the addon can be linked with. `wheels` are what pip downloads, pinned by version and
 * hash; `python` and `platforms` choose the files whatever Python runs pip. `home` is where the libraries and headers
 * lie in the unpacked folder; `gigabytes` is what it takes there, `megabytes` what is downloaded.
 *
 * @typedef {{
 *   name: string, wheels: [requirement: string, sha256: string][], python: string, platforms: string[], home: string,
 *   megabytes: number, gigabytes: number, libraries: string[], glibc: [number, number],
 * }} Variant
 */

const linux = {
  python: '3.11',
  platforms: ['manylinux_2_27_x86_64', 'manylinux_2_17_x86_64', 'manylinux_2_12_x86_64'],
  libraries: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
  glibc: [2, 27],
};

/** Engines by `process.platform` and `process.arch`; a machine has a `cpu` one and may have a `cuda` one. */
const variants = {
  'linux-x64': {
    cpu: {
      ...linux,
      name: 'tensorflow-cpu-2.21.0-linux-x64',
      wheels: [
        ['tensorflow-cpu==2.21.0', '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c'],
      ],
      home: '.',
      megabytes: 274,
      gigabytes: 1,
    },
    // The layout of site-packages: the libraries of `tensorflow` look for CUDA's in ../nvidia/*/lib.
    cuda: {
      ...linux,
      name: 'tensorflow-cuda-2.21.0-linux-x64',
      wheels: [
        ['tensorflow==2.21.0', '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124'],
        // What `tensorflow[and-cuda]==2.21.0` asks for: CUDA 12.9, cuDNN 9.
        ['nvidia-cublas-cu12==12.9.3.13', 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72'],
        [
          'nvidia-cuda-cupti-cu12==12.8.90',
          'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182',
        ],
        [
          'nvidia-cuda-nvcc-cu12==12.9.86',
          '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
        ],
        [
          'nvidia-cuda-nvrtc-cu12==12.9.86',
          '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
        ],
        [
          'nvidia-cuda-runtime-cu12==12.9.79',
          '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
        ],
        ['nvidia-cudnn-cu12==9.28.0.42', '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375'],
        ['nvidia-cufft-cu12==11.4.1.4', 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28'],
        [
          'nvidia-curand-cu12==10.3.10.19',
          '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
        ],
        [
          'nvidia-cusolver-cu12==11.7.5.82',
          '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
        ],
        [
          'nvidia-cusparse-cu12==12.5.10.65',
          '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
        ],
        ['nvidia-nccl-cu12==2.32.3', 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c'],
        [
          'nvidia-nvjitlink-cu12==12.9.86',
          'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
        ],
      ],
      home: 'tensorflow',
      megabytes: 3380,
      gigabytes: 6,
    },
  },
};

/**
 * The engine for this machine.
 *
 * @param {'cpu' | 'cuda'} kind
 * @returns {Variant}
 */
export function engineVariant(kind) {
  const machine = `${process.platform}-${process.arch}`;
  const kinds = variants[machine];
  if (kinds === undefined) {
    const known = Object.keys(variants).join(', ');
    throw new SetupError(`There is no engine for ${machine} yet: run Phalanx on one of ${known}.`);
  }
  const variant = kinds[kind];
  const glibc = process.report.getReport().header.glibcVersionRuntime;
  const [major, minor] = (glibc ?? '0.0').split('.').map(Number);
  if (major < variant.glibc[0] || (major === variant.glibc[0] && minor < variant.glibc[1])) {
    throw new SetupError(
      `The engine needs glibc ${variant.glibc.join('.')} or later, and this system has ` +
        `${glibc ?? 'another C library'}: use a distribution such as Debian 11, Ubuntu 20.04 or newer.`,
    );
  }
  return variant;
}

/** True where NVIDIA's driver is installed: its kernel module is loaded, or its library is known to the linker. */
export function hasNvidiaDriver() {
  if (existsSync('/proc/driver/nvidia/version')) return true;
  for (const program of ['ldconfig', '/sbin/ldconfig']) {
    const { status, stdout } = spawnSync(program, ['-p'], { encoding: 'utf8' });
    if (status === 0) return /\blibcuda\.so\.1\b/.test(stdout);
  }
  return false;
}
