// Lanes on a canvas: bars for operators, a line for bytes in use, arrows for copies.
import { prepare, type Surface, ticks } from "../lib/canvas";
import { formatBytes, formatNanoseconds, type Locale } from "../lib/i18n";
import { colour, inkOn, type Theme } from "../lib/theme";
import type { Span } from "../lib/timeline";
import type { DevicesStore, Lane } from "./store";

export const LEFT = 64;
const LANE = 58;
const BAR = 26;
const BAR_TOP = 4;
const USAGE = 18;
const BOTTOM = 18;

export const PHASES = ["forward", "backward", "update"] as const;
const COPY_HUE = 3;

export function phaseColour(phase: string): string {
  const index = (PHASES as readonly string[]).indexOf(phase);
  return colour(index < 0 ? 7 : index);
}

export const copyColour = colour(COPY_HUE);

export function heightFor(lanes: number): number {
  return Math.max(1, lanes) * LANE + BOTTOM;
}

export interface Marks {
  device: string;
  current: number;
  selected: string;
}

export function laneAt(y: number, lanes: Lane[]): Lane | undefined {
  return lanes[Math.floor(y / LANE)];
}

export function laneTop(index: number): number {
  return index * LANE;
}

export function timeAt(x: number, span: Span, width: number): number {
  return span.start + ((x - LEFT) / Math.max(1, width - LEFT)) * (span.end - span.start);
}

export function xOf(time: number, span: Span, width: number): number {
  return LEFT + ((time - span.start) / Math.max(1, span.end - span.start)) * (width - LEFT);
}

/** Draw all lanes; returns how many bars were in sight. */
export function drawLanes(
  canvas: HTMLCanvasElement,
  store: DevicesStore,
  span: Span,
  marks: Marks,
  theme: Theme,
  locale: Locale,
): number {
  const surface = prepare(canvas);
  if (!surface) return 0;
  const lanes = store.ordered();
  drawGrid(surface, span, lanes, theme);
  let drawn = 0;
  lanes.forEach((lane, index) => {
    drawn += drawBars(surface, store, lane, index, span, marks, theme);
    drawUsage(surface, lane, index, span, theme, locale);
  });
  drawCopies(surface, store, lanes, span, theme);
  return drawn;
}

function drawGrid(surface: Surface, span: Span, lanes: Lane[], theme: Theme): void {
  const { context, width, height } = surface;
  context.font = `11px ${theme.font}`;
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  context.fillStyle = theme.text;
  context.textBaseline = "middle";
  context.textAlign = "left";
  lanes.forEach((lane, index) => {
    const y = laneTop(index);
    context.fillText(lane.device, 4, y + BAR_TOP + BAR / 2);
    stroke(context, [
      [0, y + LANE - 0.5],
      [width, y + LANE - 0.5],
    ]);
  });
  context.textAlign = "center";
  const length = span.end - span.start;
  for (const at of ticks(0, length, Math.max(2, Math.floor(width / 130)))) {
    const x = Math.round(xOf(span.start + at, span, width)) + 0.5;
    stroke(context, [
      [x, 0],
      [x, height - BOTTOM],
    ]);
    if (x < width - 18) context.fillText(`+${formatNanoseconds(at)}`, x, height - 8);
  }
}

function drawBars(
  { context, width }: Surface,
  store: DevicesStore,
  lane: Lane,
  index: number,
  span: Span,
  marks: Marks,
  theme: Theme,
): number {
  let drawn = 0;
  const y = laneTop(index) + BAR_TOP;
  for (let i = 0; i < lane.operators.size; i += 1) {
    const [start, end] = [lane.cell(i, "start"), lane.cell(i, "end")];
    if (end < span.start || start > span.end) continue;
    drawn += 1;
    const x = Math.max(LEFT, xOf(start, span, width));
    const w = Math.max(0.8, xOf(end, span, width) - x - 0.4);
    const chosen = marks.selected !== "" && belongs(store.handle(lane, i), marks.selected);
    const phase = store.names.text(lane.cell(i, "phase"));
    context.globalAlpha = marks.selected && !chosen ? 0.3 : 1;
    context.fillStyle = phaseColour(phase);
    context.fillRect(x, y, w, BAR);
    context.globalAlpha = 1;
    if (w > 34)
      label(context, store.names.text(lane.cell(i, "op")), { x, y, w }, phaseColour(phase), theme);
    const current = marks.device === lane.device && marks.current === i;
    if (chosen || current) {
      context.strokeStyle = theme.text;
      context.lineWidth = current ? 2.5 : 1.5;
      context.strokeRect(x, y, w, BAR);
    }
  }
  return drawn;
}

function belongs(name: string, selected: string): boolean {
  return name === selected || name.startsWith(`${selected}/`);
}

function label(
  context: CanvasRenderingContext2D,
  text: string,
  { x, y, w }: { x: number; y: number; w: number },
  fill: string,
  theme: Theme,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, w - 3, BAR);
  context.clip();
  context.fillStyle = inkOn(fill);
  context.font = `11px ${theme.font}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(text, x + 4, y + BAR / 2);
  context.restore();
}

/** Bytes in use below the bars, from 0 to the lane's peak. */
function drawUsage(
  { context, width }: Surface,
  lane: Lane,
  index: number,
  span: Span,
  theme: Theme,
  locale: Locale,
): void {
  if (lane.peak === 0) return;
  const base = laneTop(index) + LANE - 3;
  const y = (bytes: number) => base - (bytes / lane.peak) * (USAGE - 2);
  const { time, bytes } = lane.usage.columns;
  context.beginPath();
  context.moveTo(LEFT, base);
  let last = 0;
  for (let i = 0; i < lane.usage.size; i += 1) {
    const x = Math.min(width, Math.max(LEFT, xOf(time[i] ?? 0, span, width)));
    context.lineTo(x, y(last));
    last = bytes[i] ?? 0;
    context.lineTo(x, y(last));
  }
  context.lineTo(width, y(last));
  context.lineTo(width, base);
  context.closePath();
  context.globalAlpha = 0.35;
  context.fillStyle = colour(5);
  context.fill();
  context.globalAlpha = 1;
  context.fillStyle = theme.muted;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.font = `10px ${theme.font}`;
  context.fillText(formatBytes(lane.used, locale), 4, base - USAGE / 2 + 2);
}

function drawCopies(
  { context, width }: Surface,
  store: DevicesStore,
  lanes: Lane[],
  span: Span,
  theme: Theme,
): void {
  const place = new Map(lanes.map((lane, index) => [lane.device, index]));
  const { source, target, time } = store.copies.columns;
  context.strokeStyle = copyColour;
  context.fillStyle = copyColour;
  context.lineWidth = 1.6;
  for (let i = 0; i < store.copies.size; i += 1) {
    const at = time[i] ?? 0;
    if (at < span.start || at > span.end) continue;
    const from = place.get(store.names.text(source[i] ?? -1));
    const to = place.get(store.names.text(target[i] ?? -1));
    const x = xOf(at, span, width);
    if (from === undefined || to === undefined || from === to) diamond(context, x, to ?? from ?? 0);
    else
      arrow(context, x, laneTop(from) + BAR_TOP + BAR / 2, laneTop(to) + BAR_TOP + BAR / 2, theme);
  }
}

/** A copy inside one device, or from somewhere that is no device. */
function diamond(context: CanvasRenderingContext2D, x: number, lane: number): void {
  const y = laneTop(lane) + BAR_TOP + BAR + 4;
  context.beginPath();
  context.moveTo(x, y - 4);
  context.lineTo(x + 4, y);
  context.lineTo(x, y + 4);
  context.lineTo(x - 4, y);
  context.closePath();
  context.fill();
}

function arrow(
  context: CanvasRenderingContext2D,
  x: number,
  from: number,
  to: number,
  theme: Theme,
): void {
  const tip = to > from ? -6 : 6;
  context.lineWidth = 4;
  context.strokeStyle = theme.background; // a halo, so that it stands out from the bars
  stroke(context, [
    [x, from],
    [x, to],
  ]);
  context.lineWidth = 1.8;
  context.strokeStyle = copyColour;
  stroke(context, [
    [x, from],
    [x, to],
  ]);
  context.beginPath();
  context.moveTo(x, to);
  context.lineTo(x - 4, to + tip);
  context.lineTo(x + 4, to + tip);
  context.closePath();
  context.fill();
}

function stroke(context: CanvasRenderingContext2D, points: [number, number][]): void {
  context.beginPath();
  for (const [i, [x, y]] of points.entries()) {
    if (i === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  context.stroke();
}
