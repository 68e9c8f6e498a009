import { writeFileAtomic } from '../../core/atomicFile.ts';
import { datasetAnalysisSchema } from './schema.ts';
import type { DatasetAnalysis } from './schema.ts';

/**
 * Writes an analysis as JSON that follows the schema.
 *
 * @throws PhalanxError `file/write`.
 */
export async function writeAnalysis(path: string, analysis: DatasetAnalysis): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(datasetAnalysisSchema.parse(analysis))}\n`);
}
