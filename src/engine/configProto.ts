import { double, integer, message, text } from '../core/protobuf.ts';
import type { Fields } from '../core/protobuf.ts';

/** What a GPU may be used for; see `EngineOptions`. */
export interface GpuSettings {
  /** Which of the machine's GPUs TensorFlow sees, or `none`. */
  readonly visible: number | 'none';
  readonly memoryGrowth: boolean;
  /** Of the GPU's memory, in (0, 1]. */
  readonly memoryFraction?: number | undefined;
}

export interface ConfigSettings {
  readonly bfloat16: boolean;
  readonly threads: number;
  /** Left out where a context is already open. */
  readonly gpu?: GpuSettings | undefined;
}

/**
 * TensorFlow's `ConfigProto`, serialized. Field numbers: tensorflow/core/protobuf/config.proto and
 * rewriter_config.proto.
 */
export function configProto({ bfloat16, threads, gpu }: ConfigSettings): Uint8Array {
  const on = 1;
  const rewriteOptions = bfloat16 ? integer(31 /* auto_mixed_precision_onednn_bfloat16 */, on) : [];
  const graphOptions = message(10 /* rewrite_options */, rewriteOptions);
  const fields = [
    ...(gpu?.visible === 'none' ? noGpus() : []),
    ...integer(2 /* intra_op_parallelism_threads */, threads),
    ...integer(5 /* inter_op_parallelism_threads */, threads),
    ...(gpu === undefined || gpu.visible === 'none' ? [] : message(6 /* gpu_options */, gpuOptions(gpu))),
    ...message(10 /* graph_options */, graphOptions),
  ];
  return new Uint8Array(Buffer.concat(fields));
}

/** An entry of the map `device_count`. */
function noGpus(): Fields {
  return message(1 /* device_count */, [...text(1 /* key */, 'GPU'), ...integer(2 /* value */, 0)]);
}

function gpuOptions({ visible, memoryGrowth, memoryFraction }: GpuSettings): Fields {
  return [
    ...(memoryFraction === undefined ? [] : double(1 /* per_process_gpu_memory_fraction */, memoryFraction)),
    ...integer(4 /* allow_growth */, memoryGrowth ? 1 : 0),
    ...text(5 /* visible_device_list */, String(visible)),
  ];
}
