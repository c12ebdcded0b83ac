// Layered layout, one small dagre run per open scope, cached by structure: blocks that are built
// alike are laid out once, and opening one scope lays out only that scope and those around it.
import { Graph as Dagre, layout as runDagre } from "@dagrejs/dagre";
import type { GraphNode } from "./data";
import { countText, shorten, textWidth } from "./measure";
import { IN, isScope, type Key, OUT, pathOf, type ScopeFacts, type Tree } from "./tree";

export interface Item {
  key: Key;
  kind: "node" | "closed" | "open";
  x: number;
  y: number;
  w: number;
  h: number;
  lines: [string, string];
  node?: GraphNode;
  scope?: ScopeFacts;
}

export interface Link {
  from: Key;
  to: Key;
  /** x, y, x, y … of a smooth line (see `trace`). */
  points: number[];
  label: string;
  labelX: number;
  labelY: number;
  ends: number[];
}

/** What to draw, in drawing order: frames before their contents. */
export interface Scene {
  width: number;
  height: number;
  items: Item[];
  links: Link[];
  /** Where lines enter and leave the frame, from its left side. */
  doors: { in?: number; out?: number };
}

export const LABEL_SIZE = 12;
export const DETAIL_SIZE = 10.5;
export const EDGE_SIZE = 9.5;
/** How much wider bold letters are. */
const BOLD = 1.08;
const PAD = 14;
const HEAD = 26;
const DOOR = 4;

interface Placed {
  width: number;
  height: number;
  /** x, y of every member's centre. */
  centres: number[];
  /** Per flow: its points, and the centre of its label. */
  lines: { points: number[]; labelX: number; labelY: number }[];
}

/** Placed scopes by structural signature, and how often it was asked. */
export class LayoutCache {
  hits = 0;
  layouts = 0;
  private readonly placed = new Map<string, Placed>();

  constructor(private readonly limit = 4000) {}

  get(signature: string, make: () => Placed): Placed {
    const known = this.placed.get(signature);
    if (known) {
      this.hits += 1;
      return known;
    }
    this.layouts += 1;
    if (this.placed.size >= this.limit) this.placed.clear();
    const made = make();
    this.placed.set(signature, made);
    return made;
  }
}

/** Words of the interface that stand in the picture. */
export interface Words {
  operators(count: number): string;
  params(count: string): string;
  /** The second line of an operator. */
  detail(node: GraphNode): string;
}

/** Lay the visible part of `tree` out. */
export function layoutScene(
  tree: Tree,
  expanded: ReadonlySet<string>,
  cache: LayoutCache,
  words: Words,
): Scene {
  return new Composer(tree, expanded, cache, words).scope("");
}

class Composer {
  constructor(
    private readonly tree: Tree,
    private readonly expanded: ReadonlySet<string>,
    private readonly cache: LayoutCache,
    private readonly words: Words,
  ) {}

  /** The scene of one scope, its frame included (the root has none). */
  scope(path: string): Scene {
    const keys = this.tree.members.get(path) ?? [];
    const inner = new Map<Key, Scene>();
    const items = keys.map((key) => this.item(key, inner));
    const flows = [...(this.tree.flows.get(path)?.values() ?? [])];
    const sizes = items.map(({ w, h }) => [w, h] as const);
    const places = new Map(keys.map((key, place) => [key, place]));
    const doors = [IN, OUT].filter((door) => flows.some((f) => f.from === door || f.to === door));
    for (const door of doors) {
      places.set(door, sizes.length);
      sizes.push([DOOR, DOOR]);
    }
    const ends = flows.map((f) => [places.get(f.from) ?? 0, places.get(f.to) ?? 0] as const);
    const labels = flows.map((f) => (f.from === IN || f.to === OUT ? "" : f.shape));
    const widths = labels.map((text) => Math.ceil(textWidth(text, EDGE_SIZE)));
    const sinks = doors.includes(OUT) ? places.get(OUT) : undefined;
    const signature = `${sizes.join(";")}|${ends.join(";")}|${widths}|${sinks ?? ""}`;
    const placed = this.cache.get(signature, () => place(sizes, ends, widths, sinks));
    return this.assemble(path, items, inner, placed, (link, i) => {
      const flow = flows[i];
      if (!flow) return undefined;
      return { ...link, from: flow.from, to: flow.to, label: labels[i] ?? "", ends: flow.ends };
    });
  }

  private item(key: Key, inner: Map<Key, Scene>): Item {
    if (!isScope(key)) return this.nodeItem(key);
    const path = pathOf(key);
    const facts = this.tree.facts.get(path) as ScopeFacts;
    const title = this.title(path, facts);
    if (!this.expanded.has(path)) {
      const params = facts.params ? ` · ${this.words.params(countText(facts.params))}` : "";
      const detail = this.words.operators(facts.operators) + params;
      const { w } = sized([`+ ${title}`, detail], 44, BOLD);
      return { ...sized([title, detail], 44), w, key, kind: "closed", scope: facts };
    }
    const scene = this.scope(path);
    inner.set(key, scene);
    const w = Math.max(scene.width, textWidth(title, LABEL_SIZE) * BOLD + 2 * PAD + 20);
    return {
      ...{ key, kind: "open", x: 0, y: 0, w, h: scene.height },
      ...{ lines: [title, ""], scope: facts },
    };
  }

  private title(path: string, facts: ScopeFacts): string {
    const kind = this.tree.graph.scopes[path];
    const name = shorten(path.slice(path.lastIndexOf("/") + 1));
    return `${name}${kind ? ` · ${kind}` : ""}${facts.repeats > 1 ? `  ×${facts.repeats}` : ""}`;
  }

  private nodeItem(key: Key): Item {
    const node = this.tree.graph.nodes[Number(key.slice(1))] as GraphNode;
    const detail = node.kind === "operator" ? this.words.detail(node) : node.shape;
    const lines: [string, string] = [shorten(node.label), shorten(detail, 32)];
    return { ...sized(lines, node.kind === "operator" ? 40 : 34), key, kind: "node", node };
  }

  private assemble(
    path: string,
    items: Item[],
    inner: Map<Key, Scene>,
    placed: Placed,
    link: (line: Placed["lines"][number], index: number) => Link | undefined,
  ): Scene {
    const [left, top] = path === "" ? [PAD, PAD] : [PAD, HEAD];
    const width = placed.width + 2 * left;
    const height = placed.height + top + PAD;
    const scene: Scene = { width, height, items: [], links: [], doors: {} };
    const boxes = new Map<Key, { item: Item; scene: Scene | undefined }>();
    items.forEach((item, i) => {
      const x = (placed.centres[2 * i] ?? 0) - item.w / 2 + left;
      const y = (placed.centres[2 * i + 1] ?? 0) - item.h / 2 + top;
      const part = inner.get(item.key);
      boxes.set(item.key, { item: { ...item, x, y }, scene: part });
      scene.items.push({ ...item, x, y });
      if (part) append(scene, part, x + (item.w - part.width) / 2, y);
    });
    placed.lines.forEach((line, i) => {
      const made = link({ ...line, points: shifted(line.points, left, top) }, i);
      if (!made) return;
      made.labelX += left;
      made.labelY += top;
      this.dock(made, boxes, scene);
      scene.links.push(made);
    });
    return scene;
  }

  /** Lead a line through the doors: to the frame's edge, and from one frame's edge inwards. */
  private dock(
    link: Link,
    boxes: Map<Key, { item: Item; scene: Scene | undefined }>,
    scene: Scene,
  ): void {
    const { points } = link;
    const last = points.length - 2;
    if (link.from === IN) {
      points[1] = 0;
      scene.doors.in ??= points[0];
    }
    if (link.to === OUT) {
      points[last + 1] = scene.height;
      scene.doors.out ??= points[last];
    }
    const source = boxes.get(link.from);
    const target = boxes.get(link.to);
    if (source?.scene) {
      points[0] = doorX(source.item, source.scene, source.scene.doors.out);
      points[1] = source.item.y + source.item.h;
    }
    if (target?.scene) {
      points[last] = doorX(target.item, target.scene, target.scene.doors.in);
      points[last + 1] = target.item.y;
    }
  }
}

/** Where a door of the scene inside `item` lies in the scene around it. */
function doorX(item: Item, scene: Scene, door: number | undefined): number {
  return item.x + (item.w - scene.width) / 2 + (door ?? scene.width / 2);
}

function sized(lines: [string, string], height: number, weight = 1) {
  const first = textWidth(lines[0], LABEL_SIZE) * weight;
  const widest = Math.max(first, textWidth(lines[1], DETAIL_SIZE));
  const w = Math.round(Math.max(64, widest + 26));
  return { lines, x: 0, y: 0, w, h: lines[1] ? height : height - 10 };
}

function append(scene: Scene, part: Scene, dx: number, dy: number): void {
  for (const item of part.items) scene.items.push({ ...item, x: item.x + dx, y: item.y + dy });
  for (const link of part.links) {
    scene.links.push({
      ...link,
      points: shifted(link.points, dx, dy),
      labelX: link.labelX + dx,
      labelY: link.labelY + dy,
    });
  }
}

function shifted(points: number[], dx: number, dy: number): number[] {
  return points.map((value, i) => value + (i % 2 ? dy : dx));
}

/** Run dagre on one scope. A scope with a way out ends there: loose ends are tied above it. */
function place(
  sizes: (readonly [number, number])[],
  ends: (readonly [number, number])[],
  labelWidths: number[],
  out: number | undefined,
): Placed {
  const graph = new Dagre({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 18, edgesep: 10, ranksep: 34 });
  sizes.forEach(([width, height], i) => {
    graph.setNode(String(i), { width, height });
  });
  ends.forEach(([from, to], i) => {
    const width = labelWidths[i] ?? 0;
    const size = width > 0 ? { width: width + 8, height: 12, labelpos: "r" } : {};
    graph.setEdge(String(from), String(to), { minlen: 1, weight: 1, ...size }, String(i));
  });
  if (out !== undefined) {
    const leaving = new Set(ends.map(([from]) => from));
    sizes.forEach((_, i) => {
      if (i === out || leaving.has(i)) return;
      graph.setEdge(String(i), String(out), { minlen: 1, weight: 0 }, `tie${i}`);
    });
  }
  if (sizes.length > 0) runDagre(graph);
  return read(graph, sizes.length, ends);
}

function read(graph: Dagre, count: number, ends: (readonly [number, number])[]): Placed {
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  const centres: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const { x, y } = graph.node(String(i)) as { x: number; y: number };
    centres.push(x, y);
  }
  const lines = ends.map(([from, to], i) => {
    const line = graph.edge(String(from), String(to), String(i)) as {
      points: { x: number; y: number }[];
      x?: number;
      y?: number;
    };
    return {
      points: line.points.flatMap(({ x, y }) => [x, y]),
      labelX: line.x ?? 0,
      labelY: line.y ?? 0,
    };
  });
  return { width: Math.max(0, width), height: Math.max(0, height), centres, lines };
}

/** What can follow a line: an SVG path or a canvas. */
export interface Pen {
  moveTo(x: number, y: number): void;
  quadraticCurveTo(cx: number, cy: number, x: number, y: number): void;
  lineTo(x: number, y: number): void;
}

/** Draw a smooth line: the given points are bends, met halfway between them. */
export function trace(points: number[], pen: Pen): void {
  const at = (i: number): [number, number] => [points[2 * i] ?? 0, points[2 * i + 1] ?? 0];
  const last = points.length / 2 - 1;
  pen.moveTo(...at(0));
  if (last === 1) pen.lineTo(...at(1));
  for (let i = 1; i < last; i += 1) {
    const [cx, cy] = at(i);
    const [nx, ny] = at(i + 1);
    const end = i === last - 1;
    pen.quadraticCurveTo(cx, cy, end ? nx : (cx + nx) / 2, end ? ny : (cy + ny) / 2);
  }
}
