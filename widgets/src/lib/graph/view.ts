// One drawing of a graph: keeps what is open, hidden, selected and hovered, and shows it.
import { element, listen, setData, setText } from "../dom";
import { formatBytes, formatNanoseconds } from "../i18n";
import { captureKeys } from "../toolbar";
import type { Context, Drawing } from "../widget";
import { type ControlState, Controls } from "./controls";
import type { Graph, GraphNode } from "./data";
import { Focus, visibleKey } from "./focus";
import { type Item, layoutScene, type Scene, type Words } from "./layout";
import { graphTable, operatorText, Panel, summarise } from "./panel";
import { findNodes } from "./search";
import { Stage } from "./stage";
import type { GraphStore, GraphTraits } from "./store";
import { type Overlay, paint } from "./style";
import { depthOf, isScope, type Key, nodeKey, parentOf, pathOf, scopeKey, Tree } from "./tree";

type Choice = "fold_repeats" | "show_weights" | "show_backward" | "hide_ops";
const CHOICES: readonly Choice[] = ["fold_repeats", "show_weights", "show_backward", "hide_ops"];
const LIVE = ["graph", "expanded", "overlay", ...CHOICES] as const;

export class GraphDrawing implements Drawing {
  private readonly stage: Stage;
  private readonly controls: Controls;
  private readonly panel: Panel;
  private readonly status = element("div", { class: "dl-status dl-muted", "aria-live": "polite" });
  private readonly tableBox = element("div", { class: "dl-table-box", hidden: true });
  private readonly badge = element("span", { class: "dl-badge", hidden: true });
  private readonly note = element("div", { class: "dl-note", hidden: true });
  private readonly cleanups: (() => void)[] = [];
  private tree: Tree;
  private expanded: Set<string>;
  private scene: Scene = { width: 1, height: 1, items: [], links: [], doors: {} };
  private readonly focus = new Focus();
  private match = 0;
  private heard = "";

  constructor(private readonly context: Context<GraphStore, GraphTraits>) {
    const { model, root, translate } = context;
    this.expanded = new Set(model.get("expanded"));
    this.tree = this.makeTree();
    const label = translate("graph.stage", { summary: summarise(this.graph, translate) });
    this.stage = new Stage(model.get("height"), label, {
      pick: (item) => this.pick(item),
      hover: (item) => this.hover(item),
    });
    this.controls = new Controls(translate, this.controlEvents(), this.choices);
    this.panel = new Panel(translate, context.locale);
    const body = element("div", { class: "dl-body-row" }, this.stage.root, this.panel.root);
    this.controls.bar.append(this.badge);
    root.append(this.controls.bar, this.controls.chips, this.note, body, this.status);
    root.append(this.tableBox);
    this.listen();
    this.renew();
  }

  draw(): void {
    this.follow();
    this.showLink();
    this.stage.repaint();
  }

  /** The picture works without a kernel; only say that there is none. */
  private showLink(): void {
    const { connection, translate } = this.context;
    const { link } = connection;
    const isAlone = link === "stale" || link === "disconnected";
    this.badge.hidden = !isAlone;
    if (!isAlone) return;
    setData(this.badge, "state", link);
    setText(this.badge, translate(`link.${link}`));
    this.badge.title = translate(`link.${link}.note`);
  }

  dispose(): void {
    for (const end of this.cleanups) end();
  }

  private get graph(): Graph {
    return this.context.store.graph;
  }

  private get choices(): ControlState {
    const { model } = this.context;
    return {
      fold_repeats: model.get("fold_repeats"),
      show_weights: model.get("show_weights"),
      show_backward: model.get("show_backward"),
      overlay: model.get("overlay") as Overlay,
      hidden: new Set(model.get("hide_ops")),
    };
  }

  private makeTree(): Tree {
    const { fold_repeats: fold, show_weights: weights, show_backward, hidden } = this.choices;
    return new Tree(this.graph, { fold, weights, backward: show_backward, hiddenOps: hidden });
  }

  /** After a change of graph or filters: everything anew. */
  private renew(): void {
    const { translate } = this.context;
    this.tree = this.makeTree();
    this.controls.show(this.graph, this.tree.depth, this.choices);
    const isEmpty = this.graph.nodes.length === 0;
    const note = this.graph.note || "tree";
    this.note.hidden = this.graph.note === "" && !isEmpty;
    setText(this.note, translate(isEmpty ? "graph.empty" : `graph.note.${note}`));
    this.relayout();
    this.showTable();
  }

  /** After opening or closing scopes. `anchor` stays where it is on the screen. */
  private relayout(anchor?: Key): void {
    const { cache } = this.context.store;
    this.scene = layoutScene(this.tree, this.expanded, cache, this.words());
    this.focus.forget();
    this.controls.showDepth(this.openDepth());
    this.recolour(anchor);
    this.showStatus();
    this.remark();
  }

  private words(): Words {
    const { translate, locale } = this.context;
    const { overlay } = this.choices;
    return {
      operators: (count) => translate("graph.ops", { count }),
      params: (count) => translate("graph.params", { count }),
      detail: (node) => operatorText(node, overlay, locale),
    };
  }

  private recolour(anchor?: Key): void {
    const { overlay } = this.choices;
    this.stage.show(this.scene, paint(this.graph, this.scene.items, overlay), anchor);
  }

  /** The depth that is open everywhere. */
  private openDepth(): number {
    const closed = this.tree.scopes.filter((path) => !this.expanded.has(path)).map(depthOf);
    return closed.length > 0 ? Math.min(...closed) - 1 : this.tree.depth;
  }

  private showStatus(): void {
    const { translate } = this.context;
    const operators = this.graph.nodes.filter((node) => node.kind === "operator");
    const shown = this.scene.items.filter((item) => item.node?.kind === "operator").length;
    const counts = translate("graph.shown", { shown, total: operators.length });
    this.status.replaceChildren(
      `${summarise(this.graph, translate)}  —  ${counts}`,
      ...this.legend(operators),
    );
  }

  /** What the colours say; the chips say it for operator types. */
  private legend(operators: GraphNode[]): (Node | string)[] {
    const { translate, locale } = this.context;
    const { overlay } = this.choices;
    const most = (key: "bytes" | "time") => Math.max(0, ...operators.map((node) => node[key]));
    if (overlay === "bytes") return [heatKey(formatBytes(most("bytes"), locale))];
    if (overlay === "time") {
      const longest = most("time");
      return [longest > 0 ? heatKey(formatNanoseconds(longest)) : translate("graph.time.none")];
    }
    return overlay === "device" ? [...this.graph.devices].map(deviceKey) : [];
  }

  // ---- selection, hovering ------------------------------------------------------------------

  /** Take over a selection made elsewhere: by Python, by a linked view, by another drawing. */
  private follow(): void {
    const { selected } = this.context.selection;
    if (selected === this.heard) return;
    this.heard = selected;
    const node = this.graph.nodes.find((candidate) => candidate.name === selected);
    const facts = this.tree.facts.get(selected);
    this.focus.current = node ? nodeKey(node.index) : facts ? scopeKey(selected) : "";
    if (node) this.panel.showNode(node);
    else if (facts) this.panel.showScope(facts, this.graph.scopes[selected]);
    else this.panel.clear();
    this.remark();
    if (this.focus.current) this.stage.reveal(this.visible(this.focus.current));
  }

  private select(key: Key): void {
    const node = this.nodeOf(key);
    this.context.selection.select(node ? node.name : isScope(key) ? pathOf(key) : "");
    this.follow();
  }

  private nodeOf(key: Key): GraphNode | undefined {
    return key.startsWith("#") ? this.graph.nodes[Number(key.slice(1))] : undefined;
  }

  /** The key that stands for `key` in the picture as it is now. */
  private visible(key: Key): Key {
    return visibleKey(this.tree, this.expanded, key);
  }

  private pick(item: Item | undefined): void {
    this.select(item?.key ?? "");
    if (item && isScope(item.key)) this.toggle(item.key);
  }

  private hover(item: Item | undefined): void {
    this.focus.hovered = item && item.kind !== "open" ? item.key : "";
    this.remark();
  }

  private remark(): void {
    this.stage.mark(this.focus.marks(this.tree, this.expanded, this.scene));
  }

  // ---- opening and closing ------------------------------------------------------------------

  private toggle(key: Key): void {
    const path = pathOf(key);
    if (!this.expanded.delete(path)) this.expanded.add(path);
    this.saveExpanded();
    this.relayout(key);
  }

  private saveExpanded(): void {
    const { model } = this.context;
    model.set("expanded", [...this.expanded]);
    model.save_changes();
  }

  private expandTo(depth: number): void {
    this.expanded = new Set(this.tree.scopes.filter((path) => depthOf(path) <= depth));
    this.saveExpanded();
    this.relayout();
    this.stage.forgetView();
    this.stage.draw();
  }

  /** Open every scope around a node. */
  private unveil(node: GraphNode): void {
    const before = this.expanded.size;
    for (let path = node.scope; path !== ""; path = parentOf(path)) this.expanded.add(path);
    if (this.expanded.size === before) return;
    this.saveExpanded();
    this.relayout();
  }

  // ---- controls and keys --------------------------------------------------------------------

  private controlEvents() {
    return {
      search: (text: string) => this.search(text),
      nextMatch: () => this.nextMatch(),
      depth: (depth: number) => this.expandTo(depth),
      expandAll: (open: boolean) => this.expandTo(open ? Number.POSITIVE_INFINITY : 0),
      fit: () => this.stage.fit(),
      set: (name: Exclude<Choice, "hide_ops">, value: boolean) => this.choose(name, value),
      overlay: (overlay: Overlay) => this.choose("overlay", overlay),
      hide: (op: string, hidden: boolean) => this.hide(op, hidden),
      table: (shown: boolean) => {
        this.tableBox.hidden = !shown;
        this.showTable();
      },
    };
  }

  private choose<K extends Choice | "overlay">(name: K, value: GraphTraits[K]): void {
    this.context.model.set(name, value);
    this.context.model.save_changes();
  }

  private hide(op: string, hidden: boolean): void {
    const ops = new Set(this.context.model.get("hide_ops"));
    if (hidden) ops.add(op);
    else ops.delete(op);
    this.choose("hide_ops", [...ops].sort());
  }

  private search(text: string): void {
    this.focus.matches = findNodes(this.tree, text);
    this.match = 0;
    this.controls.showFound(Math.min(1, this.focus.matches.length), this.focus.matches.length);
    this.remark();
  }

  private nextMatch(): void {
    const node = this.focus.matches[this.match];
    if (!node) return;
    this.controls.showFound(this.match + 1, this.focus.matches.length);
    this.match = (this.match + 1) % this.focus.matches.length;
    this.unveil(node);
    this.select(nodeKey(node.index));
  }

  private showTable(): void {
    if (this.tableBox.hidden) return;
    const { translate, locale } = this.context;
    this.tableBox.replaceChildren(graphTable(this.tree, translate, locale));
  }

  private listen(): void {
    const { model, root, store } = this.context;
    const changed = (name: string) => () => {
      if (name === "graph") store.load(model);
      if (name === "graph" || (CHOICES as readonly string[]).includes(name)) this.renew();
      else if (name === "overlay") this.relayout();
      else this.takeExpanded();
    };
    for (const name of LIVE) {
      const handler = changed(name);
      model.on(`change:${name}`, handler);
      this.cleanups.push(() => model.off(`change:${name}`, handler));
    }
    this.cleanups.push(
      captureKeys(root, { "/": () => this.controls.focusSearch(), "0": () => this.stage.fit() }),
      listen(this.stage.root, "keydown", (event) => this.onKey(event)),
    );
  }

  private takeExpanded(): void {
    const given = this.context.model.get("expanded");
    const same = given.length === this.expanded.size && given.every((p) => this.expanded.has(p));
    if (same) return;
    this.expanded = new Set(given);
    this.relayout();
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = {
      ArrowDown: () => this.step("next"),
      ArrowUp: () => this.step("previous"),
      ArrowRight: () => this.sideways(1),
      ArrowLeft: () => this.sideways(-1),
      Enter: () => this.enter(),
      Escape: () => this.select(""),
      "+": () => this.stage.zoom(1.25),
      "-": () => this.stage.zoom(0.8),
    }[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  }

  /** Follow an arrow of the picture; from nowhere, start at its first item. */
  private step(direction: "next" | "previous"): void {
    const from = this.focus.current ? this.visible(this.focus.current) : "";
    const [to] = this.focus.neighbours(this.tree, this.expanded)[direction].get(from) ?? [];
    if (!from) this.selectFirst();
    else if (to) this.select(to);
  }

  private selectFirst(): void {
    const first = this.scene.items.find((item) => item.kind !== "open");
    if (first) this.select(first.key);
  }

  /** Among the items that are as far along as the selected one: to the left or right. */
  private sideways(direction: 1 | -1): void {
    const here = this.stage.find(this.focus.current ? this.visible(this.focus.current) : "");
    if (!here) {
      this.selectFirst();
      return;
    }
    const beside = this.scene.items.filter(
      (item) =>
        item.kind !== "open" &&
        Math.abs(item.y + item.h / 2 - here.y - here.h / 2) < here.h &&
        (item.x - here.x) * direction > 0,
    );
    beside.sort((a, b) => (a.x - b.x) * direction);
    if (beside[0]) this.select(beside[0].key);
  }

  /** Open or close the selected block; on a node, close the block around it. */
  private enter(): void {
    if (isScope(this.focus.current)) this.toggle(this.focus.current);
    else {
      const scope = this.nodeOf(this.focus.current)?.scope ?? "";
      if (scope === "" || !this.tree.members.has(scope)) return;
      this.select(scopeKey(scope));
      this.toggle(scopeKey(scope));
    }
  }
}

function heatKey(most: string): HTMLElement {
  const scale = element("i", { class: "dl-heat" });
  return element("span", { class: "dl-key" }, "0", scale, most);
}

function deviceKey([name, colour]: [string, string]): HTMLElement {
  const swatch = element("i", { style: `background:${colour}` });
  return element("span", { class: "dl-key" }, swatch, name);
}
