import * as tf from '@tensorflow/tfjs-core';

/**
 * Scaled dot-product attention (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762) of every pixel of `query`
 * `[N, H, W, C]` over all pixels of `key` and `value` `[N, h, w, C]`, with `heads` groups of consecutive channels each
 * by itself.
 *
 * @returns `[N, H, W, C]`
 */
export function attention(
  query: tf.Tensor4D,
  key: tf.Tensor4D,
  value: tf.Tensor4D,
  heads: number,
): tf.Tensor4D {
  const [batch, height, width, channels] = query.shape;
  const scaled = tf.mul<tf.Tensor4D>(query, (channels / heads) ** -0.5);
  const scores = tf.matMul(splitHeads(scaled, heads), splitHeads(key, heads), false, true);
  const mixed = tf.matMul(tf.softmax(scores), splitHeads(value, heads));
  const joined = heads === 1 ? mixed : tf.transpose(mixed, [0, 2, 1, 3]);
  return tf.reshape(joined, [batch, height, width, channels]);
}

/** `[N, H, W, C]` to `[N, heads, H·W, C / heads]`. */
function splitHeads(x: tf.Tensor4D, heads: number): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  // A lone head's channels stand in order already.
  if (heads === 1) return tf.reshape(x, [batch, 1, height * width, channels]);
  const apart = tf.reshape<tf.Rank.R4>(x, [batch, height * width, heads, channels / heads]);
  return tf.transpose(apart, [0, 2, 1, 3]);
}
