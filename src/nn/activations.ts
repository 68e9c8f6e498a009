import * as tf from '@tensorflow/tfjs-core';
import { gelu } from '../engine/ops/gelu.ts';
import { silu } from '../engine/ops/silu.ts';
import type { Context } from './context.ts';
import { Layer } from './module.ts';

/** A layer without state: the identity, or one elementwise function. */
abstract class Elementwise extends Layer {
  protected abstract apply(x: tf.Tensor4D): tf.Tensor4D;

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    const y = this.apply(x);
    context.observe?.(this, x, y);
    return y;
  }
}

/** `torch.nn.ReLU` */
export class Relu extends Elementwise {
  protected override apply(x: tf.Tensor4D): tf.Tensor4D {
    return tf.relu(x);
  }
}

/** `torch.nn.ReLU6` */
export class Relu6 extends Elementwise {
  protected override apply(x: tf.Tensor4D): tf.Tensor4D {
    return tf.relu6(x);
  }
}

/** `torch.nn.SiLU`, also called swish */
export class Silu extends Elementwise {
  protected override apply(x: tf.Tensor4D): tf.Tensor4D {
    return silu(x);
  }
}

/** `torch.nn.GELU`, exact */
export class Gelu extends Elementwise {
  protected override apply(x: tf.Tensor4D): tf.Tensor4D {
    return gelu(x);
  }
}

/** `torch.nn.Sigmoid` */
export class Sigmoid extends Elementwise {
  protected override apply(x: tf.Tensor4D): tf.Tensor4D {
    return tf.sigmoid(x);
  }
}

/** `torch.nn.Identity`: keeps the numbering of a `Sequential` where the original has a layer switched off. */
export class Identity extends Layer {
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return x;
  }
}
