// Words beside the picture: facts of the selected node or block, and the table of operators.
import { type Cell, element, table } from "../dom";
import { formatBytes, formatNanoseconds, type Locale, type Translate } from "../i18n";
import type { Graph, GraphNode } from "./data";
import { countText } from "./measure";
import type { ScopeFacts, Tree } from "./tree";

type Fact = [label: string, value: string];

/** Rows of the table beyond this many are counted, not written. */
const ROWS = 1000;

export class Panel {
  readonly root: HTMLElement;

  constructor(
    private readonly translate: Translate,
    private readonly locale: Locale,
  ) {
    this.root = element("aside", {
      ...{ class: "dl-panel", hidden: true, "aria-live": "polite" },
      "aria-label": translate("graph.panel"),
    });
  }

  clear(): void {
    this.root.hidden = true;
    this.root.replaceChildren();
  }

  showNode(node: GraphNode): void {
    this.show(node.name, this.nodeFacts(node));
    const attrs = Object.entries(node.attrs);
    if (attrs.length === 0) return;
    this.root.append(element("h4", {}, this.translate("graph.attrs")), factList(attrs));
  }

  showScope(facts: ScopeFacts, kind: string | undefined): void {
    const t = this.translate;
    const rows: Fact[] = [
      [t("graph.kind"), kind ?? t("graph.block")],
      [t("graph.operators"), String(facts.operators)],
      [t("graph.parameters"), facts.params ? countText(facts.params) : ""],
      [t("graph.bytes"), facts.bytes ? formatBytes(facts.bytes, this.locale) : ""],
      [t("graph.time"), facts.time ? formatNanoseconds(facts.time) : ""],
      [t("graph.repeats"), facts.repeats > 1 ? `×${facts.repeats}` : ""],
    ];
    this.show(facts.path, rows);
  }

  private show(title: string, facts: Fact[]): void {
    this.root.hidden = false;
    const given = facts.filter(([, value]) => value !== "");
    this.root.replaceChildren(element("h3", {}, title), factList(given));
  }

  private nodeFacts(node: GraphNode): Fact[] {
    const t = this.translate;
    return [
      [t("graph.operator"), node.op || kindText(node, t)],
      [t("graph.shape"), node.shape],
      [t("graph.dtype"), node.dtype],
      [t("graph.bytes"), node.bytes ? formatBytes(node.bytes, this.locale) : ""],
      [t("graph.parameters"), node.params ? node.params.toLocaleString(this.locale) : ""],
      [t("graph.device"), node.device],
      [t("graph.block"), node.scope],
      [t("graph.role"), node.role === "forward" ? "" : node.role],
      [t("graph.time"), node.time ? formatNanoseconds(node.time) : ""],
      [t("graph.line"), node.span],
    ];
  }
}

function kindText(node: GraphNode, t: Translate): string {
  if (node.kind === "auxiliary") return t("graph.auxiliary");
  return t(node.weight ? "graph.weight" : "graph.input");
}

function factList(facts: Fact[]): HTMLDListElement {
  const list = element("dl");
  for (const [label, value] of facts) {
    list.append(element("dt", {}, label), element("dd", { "data-fact": label }, value));
  }
  return list;
}

/** The text form of the picture: one row per operator that the filters leave. */
export function graphTable(tree: Tree, t: Translate, locale: Locale): HTMLElement {
  const { graph } = tree;
  const operators = graph.nodes.filter((n) => n.kind === "operator" && tree.drawn[n.index]);
  const sources = readers(tree);
  const rows = operators
    .slice(0, ROWS)
    .map((node) => tableRow(node, sources.get(node.index) ?? [], locale));
  const head = [
    ...[t("graph.name"), t("graph.operator"), t("graph.from"), t("graph.shape")],
    ...[t("graph.parameters"), t("graph.bytes"), t("graph.device"), t("graph.line")],
  ];
  const caption = t("graph.caption", { summary: summarise(graph, t), shown: rows.length });
  return table(caption, head, rows);
}

function readers({ graph, edges }: Tree): Map<number, string[]> {
  const sources = new Map<number, string[]>();
  for (const { source, target } of edges) {
    const from = graph.nodes[source];
    if (!from || from.weight) continue;
    const known = sources.get(target);
    if (known) known.push(from.name);
    else sources.set(target, [from.name]);
  }
  return sources;
}

function tableRow(node: GraphNode, sources: string[], locale: Locale): Cell[] {
  return [
    { text: node.name, value: node.name },
    { text: node.op },
    { text: sources.join(", ") },
    { text: node.shape },
    { text: node.params ? countText(node.params) : "", number: true, value: node.params },
    { text: node.bytes ? formatBytes(node.bytes, locale) : "", number: true, value: node.bytes },
    { text: node.device },
    { text: node.span },
  ];
}

/** Operator types with their counts, most frequent first. */
export function operatorTypes(graph: Graph): [op: string, count: number, category: string][] {
  const counts = new Map<string, [number, string]>();
  for (const node of graph.nodes) {
    if (node.kind !== "operator") continue;
    counts.set(node.op, [(counts.get(node.op)?.[0] ?? 0) + 1, node.category]);
  }
  const made = [...counts].map(([op, [count, category]]): [string, number, string] => [
    op,
    count,
    category,
  ]);
  return made.sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
}

/** One line that says what the picture shows. */
export function summarise(graph: Graph, t: Translate): string {
  const operators = graph.nodes.filter((node) => node.kind === "operator").length;
  const text = t("graph.summary", { title: graph.title, operators });
  return graph.params ? `${text} · ${t("graph.params", { count: countText(graph.params) })}` : text;
}

/** The second line of an operator: what it is, and what the colours say of it. */
export function operatorText(node: GraphNode, overlay: string, locale: Locale): string {
  if (overlay === "device" && node.device) return `${node.op} · ${node.device}`;
  if (overlay === "bytes" && node.bytes) return `${node.op} · ${formatBytes(node.bytes, locale)}`;
  if (overlay === "time" && node.time) return `${node.op} · ${formatNanoseconds(node.time)}`;
  return `${node.op} ${node.detail}`.trim();
}
