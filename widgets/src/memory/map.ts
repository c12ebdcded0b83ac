// The map itself: rectangles time × address on a canvas.
import { prepare, type Surface, ticks } from "../lib/canvas";
import { formatBytes, formatNanoseconds, type Locale } from "../lib/i18n";
import { nodeOf } from "../lib/selection";
import { colour, inkOn, type Theme } from "../lib/theme";
import type { Span } from "../lib/timeline";
import type { Space } from "./store";

export const LEFT = 64;
const BOTTOM = 18;
const TOP = 6;
/** A rectangle this wide and high has room for its owner's name. */
const NAMED = { width: 46, height: 13 };

export const CATEGORIES = [
  "parameter",
  "gradient",
  "activation",
  "data",
  "arena",
  "other",
] as const;

export interface Scale {
  x(time: number): number;
  y(address: number): number;
  time(x: number): number;
  address(y: number): number;
}

export function scaleOf(space: Space, span: Span, width: number, height: number): Scale {
  const top = Math.max(1, space.top) * 1.04;
  const perTime = (width - LEFT) / Math.max(1e-9, span.end - span.start);
  const perByte = (height - BOTTOM - TOP) / top;
  return {
    x: (time) => LEFT + (time - span.start) * perTime,
    y: (address) => height - BOTTOM - address * perByte,
    time: (x) => span.start + (x - LEFT) / perTime,
    address: (y) => (height - BOTTOM - y) / perByte,
  };
}

/** Pools are coloured by category, slots and plans by owner. */
export function colourOf(space: Space, index: number): string {
  if (space.kind !== "pool") return colour(space.cell(index, "owner"));
  const category = space.text(space.cell(index, "note"));
  const known = (CATEGORIES as readonly string[]).indexOf(category);
  return colour(known < 0 ? CATEGORIES.length - 1 : known);
}

export interface Marks {
  /** Row under the pointer or the keyboard's mark; -1: none. */
  current: number;
  /** Owner that is selected in this or a linked view. */
  selected: string;
}

/** Draw one space; returns how many rectangles were in sight. */
export function drawMap(
  canvas: HTMLCanvasElement,
  space: Space,
  span: Span,
  marks: Marks,
  theme: Theme,
  locale: Locale,
  peakLabel: string,
): number {
  const surface = prepare(canvas);
  if (!surface) return 0;
  const scale = scaleOf(space, span, surface.width, surface.height);
  drawAxes(surface, space, span, scale, theme, locale);
  const drawn = drawRectangles(surface, space, span, scale, marks, theme);
  drawPeak(surface, space, scale, theme, peakLabel);
  return drawn;
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

function boxOf(space: Space, index: number, span: Span, scale: Scale): Box | undefined {
  const start = space.cell(index, "start");
  const end = space.cell(index, "end");
  if (end < span.start || start > span.end) return undefined;
  const x = scale.x(Math.max(start, span.start));
  const y = scale.y(space.cell(index, "address") + space.cell(index, "bytes"));
  return {
    x,
    y,
    width: Math.max(0.7, scale.x(Math.min(end, span.end)) - x - 0.5),
    height: Math.max(0.7, scale.y(space.cell(index, "address")) - y - 0.5),
  };
}

function drawRectangles(
  { context }: Surface,
  space: Space,
  span: Span,
  scale: Scale,
  marks: Marks,
  theme: Theme,
): number {
  let drawn = 0;
  for (let i = 0; i < space.rows.size; i += 1) {
    const box = boxOf(space, i, span, scale);
    if (!box) continue;
    drawn += 1;
    const owner = space.text(space.cell(i, "owner"));
    const chosen = isSelected(owner, marks.selected);
    context.globalAlpha = marks.selected && !chosen ? 0.25 : 0.88;
    context.fillStyle = colourOf(space, i);
    context.fillRect(box.x, box.y, box.width, box.height);
    if (box.width > NAMED.width && box.height > NAMED.height)
      drawName(context, box, owner, colourOf(space, i), theme);
    if (chosen || i === marks.current) outline(context, box, theme, i === marks.current);
  }
  context.globalAlpha = 1;
  return drawn;
}

/** A selected scope (`lenet0`) includes what lies in it. */
export function isSelected(owner: string, selected: string): boolean {
  if (selected === "") return false;
  return owner === selected || nodeOf(owner) === selected || owner.startsWith(`${selected}/`);
}

function outline(context: CanvasRenderingContext2D, box: Box, theme: Theme, strong: boolean): void {
  context.globalAlpha = 1;
  context.strokeStyle = theme.text;
  context.lineWidth = strong ? 2.5 : 1.5;
  context.strokeRect(box.x, box.y, box.width, box.height);
}

function drawName(
  context: CanvasRenderingContext2D,
  box: Box,
  name: string,
  fill: string,
  theme: Theme,
): void {
  context.save();
  context.globalAlpha = 1;
  context.beginPath();
  context.rect(box.x, box.y, box.width - 3, box.height);
  context.clip();
  context.fillStyle = inkOn(fill);
  context.font = `11px ${theme.font}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(name, box.x + 4, box.y + box.height / 2 + 0.5);
  context.restore();
}

function drawAxes(
  { context, width, height }: Surface,
  space: Space,
  span: Span,
  scale: Scale,
  theme: Theme,
  locale: Locale,
): void {
  context.font = `11px ${theme.font}`;
  context.strokeStyle = theme.line;
  context.fillStyle = theme.text;
  context.lineWidth = 1;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const bytes of ticks(0, Math.max(64, space.top), 5, 1024)) {
    const y = Math.round(scale.y(bytes)) + 0.5;
    line(context, LEFT, y, width, y);
    context.fillText(formatBytes(bytes, locale), LEFT - 6, y);
  }
  context.textBaseline = "alphabetic";
  context.textAlign = "center";
  const plan = space.kind === "plan";
  const length = span.end - span.start;
  for (const at of ticks(0, length, Math.max(2, Math.floor(width / 130)))) {
    const x = scale.x(span.start + at);
    if (x > width - 18) continue;
    context.fillText(plan ? String(span.start + at) : `+${formatNanoseconds(at)}`, x, height - 4);
  }
}

function drawPeak(
  { context, width }: Surface,
  space: Space,
  scale: Scale,
  theme: Theme,
  label: string,
): void {
  const y = Math.round(scale.y(space.peak)) + 0.5;
  context.strokeStyle = theme.text;
  context.setLineDash([6, 4]);
  context.lineWidth = 1.2;
  line(context, LEFT, y, width, y);
  context.setLineDash([]);
  context.font = `11px ${theme.font}`;
  context.textAlign = "right";
  const wide = context.measureText(label).width;
  context.fillStyle = theme.background;
  context.fillRect(width - wide - 8, y - 7, wide + 6, 14);
  context.fillStyle = theme.text;
  context.textBaseline = "middle";
  context.fillText(label, width - 5, y);
}

function line(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  toX: number,
  toY: number,
): void {
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(toX, toY);
  context.stroke();
}
