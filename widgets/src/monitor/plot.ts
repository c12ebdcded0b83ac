// The curves, drawn by uPlot.
import uPlot from "uplot";
import { formatMetric } from "../lib/i18n";
import { colour, dash, type Theme } from "../lib/theme";
import { baseName, isFraction, type MonitorStore, type Points, thin, valueRange } from "./store";

export interface PlotOptions {
  log: boolean;
  robust: boolean;
  hidden: ReadonlySet<string>;
}

/** Points per series beyond which drawing more changes no pixel. */
const LIMIT = 1600;
const HEIGHT = 240;
/** There is no step 2.5: axis marks stand 1, 2 or 5 times a power of ten apart. */
const WHOLE_STEPS = [0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((power) =>
  [1, 2, 5].map((factor) => factor * 10 ** power),
);

export interface Look {
  stroke: string;
  dash: number[];
}

/** Colour by base series, dashes for validation: `loss` and `val_loss` belong together. */
export function look(names: string[], name: string): Look {
  const bases = [...new Set(names.map(baseName))];
  const index = bases.indexOf(baseName(name));
  return { stroke: colour(index), dash: name === baseName(name) ? dash(0) : dash(1) };
}

export class Plot {
  private chart: uPlot | undefined;
  private key = "";
  private drawn: [number, number] = [0, 0];
  private ranges: Record<string, [number, number]> = {};

  constructor(
    private readonly host: HTMLElement,
    private readonly store: MonitorStore,
    private readonly theme: () => Theme,
    private readonly hover: (step: number | undefined) => void,
  ) {}

  draw(options: PlotOptions): void {
    const names = [...this.store.series.keys()].filter((name) => !options.hidden.has(name));
    const width = this.host.clientWidth;
    if (width === 0) return;
    const smooth = this.store.smoothing > 0;
    const parts = names.flatMap((name) => this.parts(name, smooth));
    this.setRanges(names, parts, options, smooth);
    const key = JSON.stringify([names, options.log, smooth, this.theme()]);
    if (key !== this.key) this.rebuild(key, names, options, smooth, width);
    if (this.chart?.width !== width) this.chart?.setSize({ width, height: HEIGHT });
    const zoomed = this.zoomed();
    const data = joined(parts);
    this.chart?.setData(data, !zoomed);
    // Short series are handed over as they are and go on growing: remember the ends by value.
    this.drawn = [data[0][0] ?? 0, data[0][data[0].length - 1] ?? 0];
    if (zoomed) this.chart?.redraw();
  }

  /** Undo the zoom made by dragging. */
  fit(): void {
    const [min, max] = this.drawn;
    this.chart?.setScale("x", { min, max });
  }

  dispose(): void {
    this.chart?.destroy();
  }

  /** True while the user looks at a part: then new data must not move the axis. */
  private zoomed(): boolean {
    const { min, max } = this.chart?.scales.x ?? {};
    if (min == null || max == null) return false;
    return min > this.drawn[0] || max < this.drawn[1];
  }

  private parts(name: string, smooth: boolean): Points[] {
    const series = this.store.series.get(name);
    if (!series) return [];
    const raw = thin(series.steps, series.values, LIMIT);
    return smooth ? [raw, thin(series.steps, series.smooth, LIMIT)] : [raw];
  }

  private setRanges(names: string[], parts: Points[], options: PlotOptions, smooth: boolean): void {
    const each = smooth ? 2 : 1;
    for (const [scale, fraction] of [
      ["y", false],
      ["fraction", true],
    ] as const) {
      const columns = parts
        .filter((_, i) => isFraction(names[Math.floor(i / each)] ?? "") === fraction)
        .map(([, values]) => values);
      this.ranges[scale] = valueRange(columns, options.robust, options.log && !fraction);
    }
  }

  private rebuild(
    key: string,
    names: string[],
    options: PlotOptions,
    smooth: boolean,
    width: number,
  ): void {
    this.key = key;
    this.chart?.destroy();
    const all = [...this.store.series.keys()];
    const lines = names.flatMap((name) => seriesOptions(all, name, smooth));
    const chart = new uPlot(
      {
        width,
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: { x: true, y: false, dist: 5 } },
        scales: this.scales(options),
        axes: this.axes(names),
        series: [{}, ...lines],
        hooks: { setCursor: [(plot) => this.hover(hoveredStep(plot))] },
      },
      [[]],
      this.host,
    );
    this.chart = chart;
  }

  private scales(options: PlotOptions): uPlot.Scales {
    return {
      x: { time: false },
      y: { distr: options.log ? 3 : 1, range: () => this.ranges.y ?? [0, 1] },
      fraction: { range: () => this.ranges.fraction ?? [0, 1] },
    };
  }

  private axes(names: string[]): uPlot.Axis[] {
    const { text, line, font } = this.theme();
    const base = {
      stroke: text,
      font: `11px ${font}`,
      grid: { stroke: line, width: 1 },
      ticks: { stroke: line, width: 1 },
    };
    const values = (_: uPlot, marks: number[]) =>
      marks.map((mark) => (mark == null ? "" : formatMetric(mark)));
    const axes: uPlot.Axis[] = [
      { ...base, size: 30, incrs: WHOLE_STEPS },
      { ...base, values, size: 56 },
    ];
    if (names.some(isFraction)) {
      axes.push({ ...base, values, size: 48, side: 1, scale: "fraction", grid: { show: false } });
    }
    return axes;
  }
}

function seriesOptions(all: string[], name: string, smooth: boolean): uPlot.Series[] {
  const { stroke, dash } = look(all, name);
  const base = { scale: isFraction(name) ? "fraction" : "y", spanGaps: true };
  const line: uPlot.Series = { ...base, label: name, stroke, dash, width: 2 };
  line.points = { show: false };
  if (!smooth) return [line];
  const faint: uPlot.Series = { ...base, stroke: `${stroke}55`, width: 1, points: { show: false } };
  return [faint, line];
}

function hoveredStep(plot: uPlot): number | undefined {
  const index = plot.cursor.idx;
  return index == null ? undefined : plot.data[0][index];
}

/** uPlot wants one common x column. */
function joined(parts: Points[]): uPlot.AlignedData {
  if (parts.length === 0) return [[]];
  return uPlot.join(parts as unknown as uPlot.AlignedData[]);
}
