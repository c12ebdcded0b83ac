// The metric series as they arrive, and their smoothed copies.
import type { Strings, Table } from "../lib/decode";
import type { Frame, Progress } from "../lib/schema";
import type { Store } from "../lib/widget";

export interface Series {
  name: string;
  steps: number[];
  values: number[];
  smooth: number[];
}

const NOTHING: Progress = {
  state: "empty",
  step: 0,
  total: 0,
  epoch: 0,
  epochs: 0,
  rate: 0,
  remaining: -1,
  elapsed: 0,
  lr: -1,
  message: "",
  rateLocked: false,
};

export class MonitorStore implements Store {
  progress: Progress = NOTHING;
  readonly series = new Map<string, Series>();
  points = 0;
  private weight = 0;

  receive(frame: Frame, tables: Record<string, Table>, strings: Strings): void {
    if (frame.reset) this.clear();
    if (frame.progress) this.progress = frame.progress;
    const metrics = tables.metrics;
    if (!metrics) return;
    const { series, step, value } = metrics.columns;
    for (let row = 0; row < metrics.rows; row += 1) {
      this.add(strings.get(series?.[row] ?? -1), step?.[row] ?? 0, value?.[row] ?? 0);
    }
  }

  get lively(): boolean {
    return this.progress.state === "running" || this.progress.state === "paused";
  }

  /** Weight of the past in the moving average: 0 is the raw line, 0.99 very smooth. */
  setSmoothing(weight: number): void {
    this.weight = weight;
    for (const series of this.series.values()) {
      series.smooth = [];
      for (let i = 0; i < series.values.length; i += 1) this.extendSmooth(series, i);
    }
  }

  get smoothing(): number {
    return this.weight;
  }

  private add(name: string, step: number, value: number): void {
    let series = this.series.get(name);
    if (!series) {
      series = { name, steps: [], values: [], smooth: [] };
      this.series.set(name, series);
    }
    series.steps.push(step);
    series.values.push(value);
    this.extendSmooth(series, series.values.length - 1);
    this.points += 1;
  }

  /** s[i] = w s[i-1] + (1-w) v[i], started at the first value; a NaN passes through once. */
  private extendSmooth(series: Series, index: number): void {
    const value = series.values[index] ?? Number.NaN;
    const before = series.smooth[index - 1];
    const usable = before !== undefined && Number.isFinite(before);
    series.smooth.push(usable ? this.weight * before + (1 - this.weight) * value : value);
  }

  private clear(): void {
    this.series.clear();
    this.points = 0;
  }
}

export type Points = [number[], number[]];

/**
 * At most about `limit` points that look the same on screen: the lowest and the highest of each
 * stretch, so that no spike is lost.
 */
export function thin(steps: number[], values: number[], limit: number): Points {
  const count = steps.length;
  if (count <= limit) return [steps, values];
  const stretch = Math.ceil((2 * count) / limit);
  const xs: number[] = [];
  const ys: number[] = [];
  const keep = (i: number) => {
    xs.push(steps[i] ?? 0);
    ys.push(values[i] ?? Number.NaN);
  };
  for (let start = 0; start < count; start += stretch) {
    const [low, high] = extremes(values, start, Math.min(count, start + stretch));
    keep(Math.min(low, high));
    if (low !== high) keep(Math.max(low, high));
  }
  return [xs, ys];
}

function extremes(values: number[], start: number, end: number): [number, number] {
  let low = start;
  let high = start;
  for (let i = start + 1; i < end; i += 1) {
    const value = values[i] ?? Number.NaN;
    if (!(value >= (values[low] ?? Number.NaN))) low = i;
    if (!(value <= (values[high] ?? Number.NaN))) high = i;
  }
  return [low, high];
}

/**
 * Range of the y axis. Robust: without the outermost 1 % on each side, so that one outlier does
 * not flatten the curve; never narrower than what makes a constant line visible.
 */
export function valueRange(columns: number[][], robust: boolean, log: boolean): [number, number] {
  const all = columns.flat().filter((v) => Number.isFinite(v) && (!log || v > 0));
  if (all.length === 0) return log ? [0.1, 1] : [0, 1];
  all.sort((a, b) => a - b);
  const cut = robust ? Math.floor(all.length * 0.01) : 0;
  const low = all[cut] ?? 0;
  const high = all[all.length - 1 - cut] ?? 1;
  if (log) return low < high ? [low / 1.15, high * 1.15] : [low / 2, low * 2];
  const margin = low < high ? (high - low) * 0.06 : Math.max(Math.abs(low) * 0.1, 1e-6);
  return [low - margin, high + margin];
}

/** Accuracy and its like have an axis of their own: they live in 0 … 1 and grow. */
export function isFraction(name: string): boolean {
  return /(^|_)(acc|accuracy|top\d*|f1|auc|recall|precision)/i.test(name);
}

/** `val_loss` belongs to `loss`: same colour, dashed. */
export function baseName(name: string): string {
  return name.replace(/^(val|valid|validation|test)_/i, "");
}
