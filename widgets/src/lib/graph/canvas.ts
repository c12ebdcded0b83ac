// The picture on a canvas: for thousands of items. Only what the window shows is drawn.
import type { Theme } from "../theme";
import {
  DETAIL_SIZE,
  EDGE_SIZE,
  type Item,
  LABEL_SIZE,
  type Link,
  type Scene,
  trace,
} from "./layout";
import { mix, type Paint } from "./style";
import { endsAtItem } from "./svg";
import type { Key } from "./tree";

export interface Window {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** What the camera sees; `bounds` holds the box around each link. */
export interface Shown {
  window: Window;
  bounds: readonly Window[];
  scale: number;
}

export interface Marks {
  selected: Key;
  lit: ReadonlySet<Key>;
  litLinks: ReadonlySet<number>;
  dim: boolean;
}

/** Letters smaller than this many screen pixels are not drawn. */
const LEGIBLE = 5;

export function drawCanvas(
  context: CanvasRenderingContext2D,
  scene: Scene,
  paint: Paint,
  theme: Theme,
  shown: Shown,
  marks: Marks,
): void {
  const visible = scene.items.filter((item) => inside(item, shown.window));
  const text = shown.scale * DETAIL_SIZE >= LEGIBLE;
  const frames = visible.filter((item) => item.kind === "open");
  for (const item of frames) drawFrame(context, item, theme);
  scene.links.forEach((link, i) => {
    const bounds = shown.bounds[i];
    if (bounds && overlap(bounds, shown.window)) drawLink(context, link, theme, text, marks, i);
  });
  context.globalAlpha = 1;
  if (text) for (const item of frames) drawTitle(context, item, theme);
  for (const item of visible) {
    if (item.kind === "open") continue;
    context.globalAlpha = marks.dim && !marks.lit.has(item.key) ? 0.4 : 1;
    drawItem(context, item, paint, theme, text, marks.selected === item.key);
  }
  context.globalAlpha = 1;
}

export function inside(item: Item, shown: Window): boolean {
  const { x, y, w, h } = item;
  return x + w >= shown.left && x <= shown.right && y + h >= shown.top && y <= shown.bottom;
}

/** The box around a link. */
export function boundsOf(link: Link): Window {
  const made = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (let i = 0; i < link.points.length; i += 2) {
    const [x, y] = [link.points[i] ?? 0, link.points[i + 1] ?? 0];
    made.left = Math.min(made.left, x);
    made.right = Math.max(made.right, x);
    made.top = Math.min(made.top, y);
    made.bottom = Math.max(made.bottom, y);
  }
  return made;
}

export function overlap(a: Window, b: Window): boolean {
  return a.right >= b.left && a.left <= b.right && a.bottom >= b.top && a.top <= b.bottom;
}

function drawFrame(context: CanvasRenderingContext2D, item: Item, theme: Theme): void {
  const { x, y, w, h } = item;
  context.beginPath();
  context.roundRect(x, y, w, h, 8);
  context.fillStyle = theme.dark ? "rgba(255,255,255,.035)" : "rgba(0,40,90,.035)";
  context.fill();
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  context.stroke();
}

function drawTitle(context: CanvasRenderingContext2D, item: Item, theme: Theme): void {
  context.font = `600 ${LABEL_SIZE}px ${theme.font}`;
  context.textAlign = "left";
  context.fillStyle = theme.text;
  withHalo(context, `− ${item.lines[0]}`, item.x + 10, item.y + 17, theme);
}

/** A line that passes behind a text must not strike it through. */
function withHalo(
  context: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  theme: Theme,
): void {
  context.strokeStyle = theme.background;
  context.lineWidth = 4;
  context.lineJoin = "round";
  context.strokeText(text, x, y);
  context.fillText(text, x, y);
}

function drawLink(
  context: CanvasRenderingContext2D,
  link: Link,
  theme: Theme,
  text: boolean,
  marks: Marks,
  index: number,
): void {
  const lit = marks.litLinks.has(index);
  context.globalAlpha = marks.dim && !lit ? 0.35 : 1;
  context.strokeStyle = lit ? theme.accent : theme.muted;
  context.lineWidth = lit ? 2.4 : 1.1;
  context.beginPath();
  trace(link.points, context);
  context.stroke();
  if (endsAtItem(link)) drawHead(context, link.points, lit ? theme.accent : theme.muted);
  if (!text || !link.label) return;
  context.font = `${EDGE_SIZE}px ${theme.font}`;
  context.textAlign = "center";
  context.fillStyle = theme.muted;
  withHalo(context, link.label, link.labelX, link.labelY + 3, theme);
}

function drawHead(context: CanvasRenderingContext2D, points: number[], colour: string): void {
  const last = points.length - 2;
  const [x, y] = [points[last] ?? 0, points[last + 1] ?? 0];
  const angle = Math.atan2(y - (points[last - 1] ?? 0), x - (points[last - 2] ?? 0));
  context.save();
  context.translate(x, y);
  context.rotate(angle);
  context.beginPath();
  context.moveTo(0, 0);
  context.lineTo(-7, -3.5);
  context.lineTo(-7, 3.5);
  context.closePath();
  context.fillStyle = colour;
  context.fill();
  context.restore();
}

function drawItem(
  context: CanvasRenderingContext2D,
  item: Item,
  paint: Paint,
  theme: Theme,
  text: boolean,
  selected: boolean,
): void {
  const { x, y, w, h } = item;
  const isOperator = item.node?.kind === "operator";
  const colour = paint.colour(item);
  const paper = theme.dark ? "#1b2026" : "#ffffff";
  context.beginPath();
  context.roundRect(x, y, w, h, item.kind === "closed" ? 9 : isOperator ? 5 : h / 2);
  context.fillStyle = colour ? mix(colour, paper, 0.24) : theme.dark ? "#2a323c" : "#eef1f5";
  context.fill();
  context.setLineDash(item.node && !isOperator ? [4, 3] : []);
  context.strokeStyle = selected ? theme.accent : (colour ?? theme.muted);
  context.lineWidth = selected ? 3 : item.kind === "closed" ? 1.8 : 1.1;
  context.stroke();
  context.setLineDash([]);
  if (text) drawLines(context, item, theme);
}

function drawLines(context: CanvasRenderingContext2D, item: Item, theme: Theme): void {
  const { x, y, w, h, lines } = item;
  context.textAlign = "center";
  context.fillStyle = theme.text;
  context.font = `${LABEL_SIZE}px ${theme.font}`;
  const sign = item.kind === "closed" ? "+ " : "";
  context.fillText(sign + lines[0], x + w / 2, y + h / 2 + (lines[1] ? -3 : 4));
  if (!lines[1]) return;
  context.font = `${DETAIL_SIZE}px ${theme.font}`;
  context.fillText(lines[1], x + w / 2, y + h / 2 + 12);
}
