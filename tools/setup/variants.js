import { SetupError } from './setupError.js';

/**
 * One build of TensorFlow that the addon can be linked with. `requirement` is what pip downloads, pinned by version
 * and hash; `python` and `platform` choose the wheel whatever Python runs pip.
 *
 * @typedef {{
 *   name: string, requirement: string, sha256: string, python: string, platform: string,
 *   megabytes: number, libraries: string[], glibc: [number, number],
 * }} Variant
 */

/** Engines by `process.platform` and `process.arch`. A CUDA or macOS engine is another entry. */
const variants = {
  'linux-x64': {
    name: 'tensorflow-cpu-2.21.0-linux-x64',
    requirement: 'tensorflow-cpu==2.21.0',
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    python: '3.11',
    platform: 'manylinux_2_27_x86_64',
    megabytes: 274,
    libraries: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
    glibc: [2, 27],
  },
};

/** The engine for this machine. */
export function engineVariant() {
  const machine = `${process.platform}-${process.arch}`;
  const variant = variants[machine];
  if (variant === undefined) {
    const known = Object.keys(variants).join(', ');
    throw new SetupError(`There is no engine for ${machine} yet: run Phalanx on one of ${known}.`);
  }
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
