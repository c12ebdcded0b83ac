// The picture as SVG: up to a thousand items, each an element that style sheets and tests can see.
import { type Item, type Link, type Pen, type Scene, trace } from "./layout";
import type { Paint } from "./style";
import { isScope, type Key } from "./tree";

const NS = "http://www.w3.org/2000/svg";
const ARROW = 6;

export function svgElement<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number> = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  const made = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** The arrow head that all lines share; ids are per page, so each view needs its own. */
export function arrowMarker(id: string): SVGDefsElement {
  const head = svgElement("path", {
    d: `M0 0L${ARROW} ${ARROW / 2}L0 ${ARROW}z`,
    class: "dl-head",
  });
  const marker = svgElement(
    "marker",
    {
      ...{ id, viewBox: `0 0 ${ARROW} ${ARROW}`, refX: ARROW, refY: ARROW / 2 },
      ...{ markerWidth: 7, markerHeight: 7, orient: "auto", markerUnits: "userSpaceOnUse" },
    },
    head,
  );
  return svgElement("defs", {}, marker);
}

/** Draw the scene into a group. Colours are left to the style sheet, but for the data colours. */
export function drawSvg(scene: Scene, paint: Paint, arrow: string): SVGGElement {
  const group = svgElement("g");
  const frames = scene.items.filter((item) => item.kind === "open");
  for (const item of frames) group.append(frameElement(item));
  for (const link of scene.links) group.append(...linkElements(link, arrow));
  for (const item of frames) group.append(titleElement(item));
  for (const item of scene.items) if (item.kind !== "open") group.append(itemElement(item, paint));
  return group;
}

function frameElement(item: Item): SVGGElement {
  const { x, y, w, h } = item;
  return svgElement(
    "g",
    { class: "dl-frame", "data-key": item.key },
    svgElement("rect", { x, y, width: w, height: h, rx: 8 }),
  );
}

/** Titles come after the lines, which may pass under them. */
function titleElement(item: Item): SVGTextElement {
  const { x, y, lines } = item;
  const place = { x: x + 10, y: y + 17, class: "dl-label dl-title" };
  return svgElement("text", place, `− ${lines[0]}`);
}

function itemElement(item: Item, paint: Paint): SVGGElement {
  const { x, y, w, h } = item;
  const kind = item.kind === "closed" ? "closed" : (item.node?.kind ?? "operator");
  const weight = item.node?.weight ? " dl-weight" : "";
  const made = svgElement("g", { class: `dl-item dl-${kind}${weight}`, "data-key": item.key });
  const colour = paint.colour(item);
  if (colour) made.style.setProperty("--dl-data", colour);
  if (colour) made.classList.add("dl-coloured");
  if ((item.scope?.repeats ?? 1) > 1) made.append(copiesBehind(item));
  const round = kind === "operator" ? 5 : kind === "closed" ? 9 : h / 2;
  made.append(svgElement("rect", { x, y, width: w, height: h, rx: round, class: "dl-body" }));
  if (kind === "closed") {
    const inner = { x: x + 3, y: y + 3, width: w - 6, height: h - 6, rx: 6, class: "dl-inner" };
    made.append(svgElement("rect", inner));
  }
  if (colour && kind === "operator") {
    made.append(svgElement("rect", { x, y, width: 6, height: h, rx: 3, class: "dl-tag" }));
  }
  made.append(...textElements(item));
  return made;
}

/** A folded block looks like a stack of cards. */
function copiesBehind(item: Item): SVGGElement {
  const { x, y, w, h } = item;
  const cards = [6, 3].map((offset) => {
    const place = { x: x + offset, y: y + offset, width: w, height: h };
    return svgElement("rect", { ...place, rx: 9, class: "dl-body" });
  });
  return svgElement("g", {}, ...cards);
}

function textElements(item: Item): SVGTextElement[] {
  const { x, y, w, h, lines } = item;
  const centre = x + w / 2 + (item.node?.kind === "operator" ? 2 : 0);
  const sign = item.kind === "closed" ? "+ " : "";
  const first = y + h / 2 + (lines[1] ? -3 : 4);
  const made = [svgElement("text", { x: centre, y: first, class: "dl-label" }, sign + lines[0])];
  if (lines[1]) {
    made.push(svgElement("text", { x: centre, y: y + h / 2 + 12, class: "dl-detail" }, lines[1]));
  }
  return made;
}

function linkElements(link: Link, arrow: string): SVGElement[] {
  const path = svgElement("path", { d: pathData(link.points), class: "dl-link" });
  path.dataset.from = link.from;
  path.dataset.to = link.to;
  // A line through a frame's door continues outside: only its last piece has a head.
  if (endsAtItem(link)) path.setAttribute("marker-end", `url(#${arrow})`);
  if (!link.label) return [path];
  const { labelX: x, labelY: y } = link;
  return [path, svgElement("text", { x, y: y + 3, class: "dl-shape" }, link.label)];
}

export function endsAtItem(link: Link): boolean {
  return !link.to.startsWith("@");
}

function pathData(points: number[]): string {
  const parts: string[] = [];
  const n = (value: number) => value.toFixed(1);
  const pen: Pen = {
    moveTo: (x, y) => parts.push(`M${n(x)} ${n(y)}`),
    lineTo: (x, y) => parts.push(`L${n(x)} ${n(y)}`),
    quadraticCurveTo: (cx, cy, x, y) => parts.push(`Q${n(cx)} ${n(cy)} ${n(x)} ${n(y)}`),
  };
  trace(points, pen);
  return parts.join("");
}

/** Mark the selected item, its lines and neighbours, and dim the rest while something is hovered. */
export function markSvg(
  group: SVGGElement,
  scene: Scene,
  marks: { selected: Key; lit: ReadonlySet<Key>; litLinks: ReadonlySet<number>; dim: boolean },
): void {
  group.classList.toggle("dl-dim", marks.dim);
  for (const made of group.querySelectorAll<SVGGElement>("[data-key]")) {
    const key = made.dataset.key ?? "";
    made.classList.toggle("dl-selected", key === marks.selected);
    made.classList.toggle("dl-lit", marks.lit.has(key) || holdsLit(key, marks.lit));
  }
  const paths = group.querySelectorAll<SVGPathElement>(".dl-link");
  scene.links.forEach((_, i) => {
    paths[i]?.classList.toggle("dl-lit", marks.litLinks.has(i));
  });
}

function holdsLit(key: Key, lit: ReadonlySet<Key>): boolean {
  if (!isScope(key)) return false;
  for (const other of lit) if (other.startsWith(key)) return true;
  return false;
}
