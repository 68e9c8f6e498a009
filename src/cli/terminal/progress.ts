import type { styleText } from 'node:util';

export type ProgressMode = 'bar' | 'lines' | 'silent';

/** Milliseconds between two redraws of a bar, and between two plain lines. */
const redraw = 100;
const lineEvery = 10_000;

/** Seconds before a rate means anything. */
const settled = 0.5;

/** Progress of one piece of work: how far, how fast, how long still, and what it measures on the way. */
export class Progress {
  readonly #label: string;
  #total = 0;
  readonly #mode: ProgressMode;
  readonly #style: (style: Parameters<typeof styleText>[0], text: string) => string;
  readonly #start = performance.now();
  #from = 0;
  #shown: number;
  #done = 0;
  #detail = '';
  #closed = false;

  constructor(
    label: string,
    mode: ProgressMode,
    style: (style: Parameters<typeof styleText>[0], text: string) => string,
  ) {
    this.#label = label;
    this.#mode = mode;
    this.#style = style;
    this.#shown = mode === 'bar' ? -Infinity : this.#start;
  }

  /** Work that was done before this process began; it does not count for the rate. */
  startAt(done: number): void {
    this.#from = done;
    this.#done = done;
  }

  /** @param detail what to show besides, such as `loss 0.31  dice 0.82`. */
  update(done: number, total: number, detail = this.#detail): void {
    this.#done = done;
    this.#total = total;
    this.#detail = detail;
    const now = performance.now();
    if (now - this.#shown < (this.#mode === 'bar' ? redraw : lineEvery)) return;
    this.#shown = now;
    this.#draw();
  }

  /** Shows a line of its own above the bar. */
  say(text: string): void {
    if (this.#mode === 'silent') return;
    if (this.#mode === 'bar') process.stderr.write('\r\x1b[2K');
    process.stderr.write(`${text}\n`);
    if (this.#mode === 'bar') this.#draw();
  }

  /** Takes the bar away; for work that is part of other work with a bar of its own. */
  clear(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#mode === 'bar') process.stderr.write('\r\x1b[2K');
  }

  close(): void {
    if (this.#closed) return;
    if (this.#total === 0) {
      this.clear();
      return;
    }
    this.#closed = true;
    this.#draw();
    if (this.#mode === 'bar') process.stderr.write('\n');
  }

  #draw(): void {
    if (this.#mode === 'silent') return;
    const seconds = (performance.now() - this.#start) / 1000;
    const rate = seconds < settled ? 0 : (this.#done - this.#from) / seconds;
    const left = rate > 0 ? `${duration((this.#total - this.#done) / rate)} left` : '';
    const time = this.#done >= this.#total || this.#closed ? duration(seconds) : left;
    const facts = [`${this.#done}/${this.#total}`, rateText(rate), time, this.#detail].filter(
      (part) => part !== '',
    );
    if (this.#mode === 'lines') {
      process.stderr.write(`${this.#label}  ${facts.join('  ')}\n`);
      return;
    }
    const columns = process.stderr.columns;
    const text = facts.join('  ');
    const room = Math.min(30, columns - this.#label.length - text.length - 5);
    const line = room < 10 ? `${this.#label}  ${text}` : `${this.#label}  ${this.#bar(room)}  ${text}`;
    process.stderr.write(`\r\x1b[2K${room < 10 ? line.slice(0, columns - 1) : line}`);
  }

  #bar(width: number): string {
    const share = this.#total === 0 ? 1 : Math.min(1, this.#done / this.#total);
    const eighths = Math.round(share * width * 8);
    const partial = ' ▏▎▍▌▋▊▉'[eighths % 8] ?? '';
    const full = '█'.repeat(Math.floor(eighths / 8));
    const bar = (full + (full.length < width ? partial : '')).padEnd(width);
    return `${this.#style('cyan', bar)}▕`;
  }
}

/** `1.3 s`, `2 min 05 s`, `3 h 20 min`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const pad = (value: number): string => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

function rateText(rate: number): string {
  if (rate === 0) return '';
  return rate >= 1
    ? `${rate >= 10 ? rate.toFixed(0) : rate.toFixed(1)}/s`
    : `${(1 / rate).toFixed(1)} s each`;
}
