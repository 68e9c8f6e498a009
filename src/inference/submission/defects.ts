import { nearest } from '../../core/nearest.ts';

/** What a submission can have wrong; all but `suspicious-empty` make it invalid. */
export type SubmissionDefectKind =
  'header' | 'row' | 'rle' | 'unknown' | 'duplicate' | 'order' | 'missing' | 'row-count' | 'suspicious-empty';

export interface SubmissionDefect {
  readonly kind: SubmissionDefectKind;
  readonly severity: 'error' | 'warning';
  /** 1-based line of the file, when the defect has one. */
  readonly line?: number;
  readonly what: string;
}

const listedPerKind = 1000;
const longestName = 200;
/** Comparing every unknown name with every known one would take minutes on a file of nothing else. */
const suggestions = 20;

/** Collects defects, bounded in number so that a file of nothing but defects cannot fill the memory. */
export class DefectList {
  readonly listed: SubmissionDefect[] = [];
  unlisted = 0;
  errors = 0;
  readonly #counts = new Map<SubmissionDefectKind, number>();

  add(kind: SubmissionDefectKind, what: string, line?: number): void {
    this.errors++;
    this.#push({ kind, severity: 'error', what, ...(line === undefined ? {} : { line }) });
  }

  warn(what: string, line?: number): void {
    const place = line === undefined ? {} : { line };
    this.#push({ kind: 'suspicious-empty', severity: 'warning', what, ...place });
  }

  addUnknown(noun: 'image' | 'class', name: string, known: readonly string[], line: number): void {
    const tried = (this.#counts.get('unknown') ?? 0) < suggestions && name.length <= longestName;
    const near = tried ? nearest(name, known) : undefined;
    const hint = near === undefined ? '' : ` (nearest: "${near}")`;
    this.add('unknown', `unknown ${noun} ${JSON.stringify(name.slice(0, longestName))}${hint}`, line);
  }

  #push(defect: SubmissionDefect): void {
    const count = (this.#counts.get(defect.kind) ?? 0) + 1;
    this.#counts.set(defect.kind, count);
    if (count <= listedPerKind) this.listed.push(defect);
    else this.unlisted++;
  }
}
