// Who lies in which scope, and what is visible: scopes open or closed, weights and operator types
// hidden, repeated blocks folded into one.
import type { Graph, GraphEdge, GraphNode } from "./data";

/** Keys: nodes are `#12`, scopes their path with a slash, `stage1/conv0/`; the root is "". */
export type Key = string;
export const IN: Key = "@in";
export const OUT: Key = "@out";

export const nodeKey = (index: number): Key => `#${index}`;
export const scopeKey = (path: string): Key => `${path}/`;
export const isScope = (key: Key): boolean => key.endsWith("/");
export const pathOf = (key: Key): string => key.slice(0, -1);
export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));
export const depthOf = (path: string): number => (path === "" ? 0 : path.split("/").length);

export interface Filters {
  fold: boolean;
  weights: boolean;
  /** Roles other than "forward" and "copy": backward and update operators. */
  backward: boolean;
  hiddenOps: ReadonlySet<string>;
}

/** Edges between two members of one scope, drawn as one arrow. */
export interface Flow {
  from: Key;
  to: Key;
  shape: string;
  /** Indices of the nodes at both ends of every edge in it: source, target, source, target … */
  ends: number[];
}

export interface ScopeFacts {
  path: string;
  operators: number;
  params: number;
  bytes: number;
  time: number;
  repeats: number;
}

/** One view of a graph under `filters`; independent of which scopes are open. */
export class Tree {
  /** Scope path -> keys of what is drawn in it. */
  readonly members = new Map<string, Key[]>([["", []]]);
  readonly flows = new Map<string, Map<string, Flow>>();
  readonly facts = new Map<string, ScopeFacts>();
  readonly drawn: boolean[];
  /** Effective edges: hidden operators are bridged. */
  readonly edges: GraphEdge[];
  private readonly levels = new Map<string, [string, Key][]>();
  private readonly standIn = new Map<string, string>();

  constructor(
    readonly graph: Graph,
    readonly filters: Filters,
  ) {
    this.drawn = graph.nodes.map((node) => this.isDrawn(node));
    this.edges = bridge(graph, this.drawn, filters);
    if (filters.fold) this.readFolds();
    for (const node of graph.nodes) if (this.drawn[node.index]) this.place(node);
    for (const edge of this.edges) this.route(edge);
    this.count();
  }

  /** All scopes, outer ones first. */
  get scopes(): string[] {
    return [...this.members.keys()].filter((path) => path !== "");
  }

  get depth(): number {
    return this.scopes.reduce((most, path) => Math.max(most, depthOf(path)), 0);
  }

  /** The key that stands for a node when only `expanded` scopes are open. */
  seenAs(node: GraphNode, expanded: ReadonlySet<string>): Key {
    for (const [scope, key] of this.levelsOf(node.scope)) {
      if (scope !== "" && !expanded.has(scope)) return scopeKey(scope);
      if (isScope(key) && !expanded.has(pathOf(key))) return key;
    }
    const folded = this.levelsOf(node.scope).at(-1)?.[1];
    return folded !== undefined && this.standsFor(node.scope, folded)
      ? folded
      : nodeKey(node.index);
  }

  /** Visible neighbours of every visible key, along (`next`) or against (`previous`) the arrows. */
  neighbours(expanded: ReadonlySet<string>): Record<"next" | "previous", Map<Key, Set<Key>>> {
    const next = new Map<Key, Set<Key>>();
    const previous = new Map<Key, Set<Key>>();
    const { nodes } = this.graph;
    const seen = nodes.map((node) => this.seenAs(node, expanded));
    for (const { source, target } of this.edges) {
      const [from, to] = [seen[source] as Key, seen[target] as Key];
      if (from === to) continue;
      put(next, from, to);
      put(previous, to, from);
    }
    return { next, previous };
  }

  private isDrawn(node: GraphNode): boolean {
    const { weights, backward, hiddenOps } = this.filters;
    if (node.weight) return weights;
    if (!backward && node.role !== "forward" && node.role !== "copy") return false;
    return node.kind !== "operator" || !hiddenOps.has(node.op);
  }

  private readFolds(): void {
    for (const [first, ...copies] of this.graph.folds) {
      if (first === undefined) continue;
      for (const copy of copies) this.standIn.set(copy, first);
    }
  }

  /** The path down to a scope as (scope, key of the next step in it); ends at a folded copy. */
  private levelsOf(path: string): [string, Key][] {
    const known = this.levels.get(path);
    if (known) return known;
    const made: [string, Key][] = [];
    const parts = path === "" ? [] : path.split("/");
    let at = "";
    for (const part of parts) {
      const inner = at === "" ? part : `${at}/${part}`;
      const first = this.standIn.get(inner);
      made.push([at, scopeKey(first ?? inner)]);
      if (first !== undefined) break;
      at = inner;
    }
    this.levels.set(path, made);
    return made;
  }

  /** True where `key` is the fold that a copy at `scope` disappears in. */
  private standsFor(scope: string, key: Key): boolean {
    return isScope(key) && !scopeKey(scope).startsWith(key);
  }

  private place(node: GraphNode): void {
    for (const [scope, key] of this.levelsOf(node.scope)) {
      const inner = pathOf(key);
      if (this.members.has(inner)) continue;
      this.members.set(inner, []);
      this.members.get(scope)?.push(key);
    }
    this.members.get(node.scope)?.push(nodeKey(node.index));
  }

  /** Enter an edge at every level it passes: among siblings, and through the doors of scopes. */
  private route(edge: GraphEdge): void {
    const { nodes } = this.graph;
    const [a, b] = [nodes[edge.source] as GraphNode, nodes[edge.target] as GraphNode];
    const up = this.pathTo(a);
    const down = this.pathTo(b);
    let same = 0;
    while (same < up.length && same < down.length && up[same]?.[1] === down[same]?.[1]) same += 1;
    const [from, to] = [up[same], down[same]];
    if (from && to && from[0] === to[0]) this.put(from[0], from[1], to[1], edge);
    for (const [scope, key] of up.slice(from && to ? same + 1 : same)) {
      this.put(scope, key, OUT, edge);
    }
    for (const [scope, key] of down.slice(from && to ? same + 1 : same)) {
      this.put(scope, IN, key, edge);
    }
  }

  private pathTo(node: GraphNode): [string, Key][] {
    const levels = this.levelsOf(node.scope);
    const last = levels.at(-1);
    if (last && this.standsFor(node.scope, last[1])) return levels;
    return [...levels, [node.scope, nodeKey(node.index)]];
  }

  private put(scope: string, from: Key, to: Key, edge: GraphEdge): void {
    let flows = this.flows.get(scope);
    if (!flows) {
      flows = new Map();
      this.flows.set(scope, flows);
    }
    const id = `${from}>${to}`;
    const known = flows.get(id);
    if (known) known.ends.push(edge.source, edge.target);
    else flows.set(id, { from, to, shape: edge.shape, ends: [edge.source, edge.target] });
  }

  private count(): void {
    const repeats = new Map(this.graph.folds.map((chain) => [chain[0] as string, chain.length]));
    for (const path of this.scopes) {
      const folded = this.filters.fold ? (repeats.get(path) ?? 1) : 1;
      this.facts.set(path, {
        path,
        operators: 0,
        params: 0,
        bytes: 0,
        time: 0,
        repeats: folded,
      });
    }
    for (const node of this.graph.nodes) {
      for (let path = node.scope; path !== ""; path = parentOf(path)) this.add(path, node);
    }
  }

  private add(path: string, node: GraphNode): void {
    const facts = this.facts.get(path);
    if (!facts) return;
    if (node.kind === "operator") {
      facts.operators += 1;
      facts.bytes += node.bytes;
      facts.time += node.time;
    } else if (node.weight && node.kind === "variable") facts.params += node.params;
  }
}

function put(map: Map<Key, Set<Key>>, key: Key, value: Key): void {
  const set = map.get(key);
  if (set) set.add(value);
  else map.set(key, new Set([value]));
}

/** Leave out what is not drawn; connect the readers of a hidden operator to what it reads. */
function bridge(graph: Graph, drawn: boolean[], filters: Filters): GraphEdge[] {
  const behind = new Map<number, GraphEdge[]>();
  for (const edge of graph.edges) {
    const target = graph.nodes[edge.target] as GraphNode;
    if (!filters.hiddenOps.has(target.op) || graph.nodes[edge.source]?.weight) continue;
    behind.set(edge.target, [...(behind.get(edge.target) ?? []), edge]);
  }
  const sources = (edge: GraphEdge): GraphEdge[] => {
    if (drawn[edge.source]) return [edge];
    const found = behind.get(edge.source) ?? [];
    return found.flatMap(sources);
  };
  return graph.edges
    .filter((edge) => drawn[edge.target])
    .flatMap((edge) => sources(edge).map((found) => ({ ...found, target: edge.target })));
}
