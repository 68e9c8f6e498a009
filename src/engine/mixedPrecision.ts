/** Our ops that compute in bfloat16 as well, where what comes before or after them does. */
const ops = [
  'PhalanxAfter',
  'PhalanxBatchNorm',
  'PhalanxBatchNormAdd',
  'PhalanxBatchNormAddGrad',
  'PhalanxBatchNormGrad',
  'PhalanxChannelScale',
  'PhalanxChannelScaleGrad',
  'PhalanxGelu',
  'PhalanxGeluGrad',
  'PhalanxLayerNorm',
  'PhalanxLayerNormGrad',
  'PhalanxSpatialMean',
  'PhalanxSpatialMeanGrad',
  'PhalanxUpsampleConcat',
  'PhalanxUpsampleConcatGrad',
];

const VARIABLE = 'TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_INFERLIST_ADD';

/**
 * Makes TensorFlow's rewrite to bfloat16 know our ops. It reads its additions from the environment, each time it
 * rewrites; what is there already stays.
 */
export function registerMixedPrecision(): void {
  const given = process.env[VARIABLE]?.split(',') ?? [];
  process.env[VARIABLE] = [...new Set([...given, ...ops])].join(',');
}
