/**
 * Names of one architecture in the hand of several libraries, brought to one spelling. Only for comparison: what is
 * written or loaded keeps the names of the model.
 */
export function commonNames(names: Iterable<string>): ReadonlyMap<string, string> {
  const all = [...names];
  const blocks = timmBlocks(all);
  return new Map(
    all.map((name) => [name, densenet(blocks === undefined ? name : efficientnet(name, blocks))]),
  );
}

/** torchvision's files name DenseNet's layers `norm.1`, its models `norm1`. */
function densenet(name: string): string {
  return name.replace(/(denselayer\d+\.(?:norm|relu|conv))\.([12])\./, '$1$2.');
}

interface Block {
  readonly index: number;
  /** With a convolution before the depthwise one. */
  readonly expands: boolean;
}

/** timm numbers EfficientNet's blocks by stage, `blocks.2.0`, the others throughout, `_blocks.3`. */
function timmBlocks(names: readonly string[]): ReadonlyMap<string, Block> | undefined {
  if (!names.some((name) => /(?:^|\.)conv_stem\.weight$/.test(name))) return undefined;
  const blocks = new Map<string, Block>();
  for (const name of names) {
    const path = timmBlock.exec(name)?.[2];
    if (path === undefined || blocks.has(path)) continue;
    const expands = names.some((other) => other.includes(`${path}.conv_pwl.`));
    blocks.set(path, { index: blocks.size, expands });
  }
  return blocks;
}

const timmBlock = /^(.*?)(blocks\.\d+\.\d+)\.(.+)$/;

/** To the names of EfficientNet-PyTorch (https://github.com/lukemelas/EfficientNet-PyTorch). */
function efficientnet(name: string, blocks: ReadonlyMap<string, Block>): string {
  const [, prefix = '', path = '', rest = ''] = timmBlock.exec(name) ?? [];
  const block = blocks.get(path);
  if (block === undefined) return renamed(name, stem);
  return `${prefix}_blocks.${block.index}.${renamed(rest, block.expands ? expandingBlock : plainBlock)}`;
}

function renamed(name: string, layers: Readonly<Record<string, string>>): string {
  for (const [timm, other] of Object.entries(layers)) {
    const at = name.lastIndexOf(`${timm}.`);
    if (at === 0 || name[at - 1] === '.') return name.slice(0, at) + other + name.slice(at + timm.length);
  }
  return name;
}

const stem = {
  conv_stem: '_conv_stem',
  bn1: '_bn0',
  conv_head: '_conv_head',
  bn2: '_bn1',
  classifier: '_fc',
};

const excitation = { 'se.conv_reduce': '_se_reduce', 'se.conv_expand': '_se_expand' };

const plainBlock = {
  conv_dw: '_depthwise_conv',
  bn1: '_bn1',
  conv_pw: '_project_conv',
  bn2: '_bn2',
  ...excitation,
};

const expandingBlock = {
  conv_pwl: '_project_conv',
  conv_pw: '_expand_conv',
  bn1: '_bn0',
  conv_dw: '_depthwise_conv',
  bn2: '_bn1',
  bn3: '_bn2',
  ...excitation,
};
