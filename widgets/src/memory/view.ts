// MemoryView's page element: choice of space, map, facts under the pointer, table.
import { type Cell, element, setData, setText, table } from "../lib/dom";
import { formatBytes, formatNanoseconds, type Key } from "../lib/i18n";
import { notice } from "../lib/notice";
import type { PlanMap } from "../lib/schema";
import { colour } from "../lib/theme";
import { throttle } from "../lib/throttle";
import { type Span, steadySpan, Timeline, zoomable } from "../lib/timeline";
import { type Facts, tip } from "../lib/tip";
import { captureKeys, select, setChoices, toggle, toolbar } from "../lib/toolbar";
import type { Context, Drawing } from "../lib/widget";
import type { MemoryTraits } from "../memory";
import { CATEGORIES, drawMap, isSelected, LEFT, scaleOf } from "./map";
import { savingBars } from "./saving";
import type { MemoryStore, Space } from "./store";

/** `auto` shows the span in which about so many buffers came. */
const LATEST = 100;
const TABLE_ROWS = 500;
/** The table is written at most so often, in milliseconds. */
const TABLE_PAUSE = 500;

export function memoryView(context: Context<MemoryStore, MemoryTraits>): Drawing {
  return new MemoryView(context);
}

class MemoryView implements Drawing {
  private readonly canvas = element("canvas", {
    class: "dl-canvas",
    tabindex: 0,
    role: "img",
  });
  private readonly badge = element("span", { class: "dl-badge", role: "status" });
  private readonly facts = element("span", { class: "dl-number" });
  private readonly legend = element("div", { class: "dl-bar dl-legend" });
  private readonly empty = element("div", { class: "dl-empty" });
  private readonly rows = element("div", { class: "dl-table-box", hidden: true });
  private readonly notice;
  private readonly timeline: Timeline;
  private readonly chooser;
  private readonly tableButton;
  private readonly tip;
  private current = -1;
  private shownSpaces = "";
  private span: Span = { start: 0, end: 1 };
  private readonly endKeys: () => void;

  constructor(private readonly context: Context<MemoryStore, MemoryTraits>) {
    const { root, translate, invalidate, model, locale } = context;
    this.notice = notice(translate);
    this.timeline = new Timeline(context);
    this.chooser = select(
      { label: translate("memory.space"), action: "space", onChange: () => this.changeSpace() },
      [],
    );
    this.tableButton = toggle({
      action: "table",
      label: translate("common.table"),
      pressed: false,
      onChange: invalidate,
    });
    this.empty.append(translate("memory.empty"), element("code", {}, translate("memory.hint")));
    root.append(
      toolbar(
        translate("common.toolbar"),
        element("span", { class: "dl-title" }, translate("memory.title")),
        this.chooser,
        ...this.timeline.controls,
        this.tableButton,
        element("span", { class: "dl-spring" }),
        this.badge,
      ),
      element("div", { class: "dl-bar" }, this.facts),
      this.notice.node,
    );
    const plan = model.get("_plan");
    if (isPlan(plan)) root.append(savingBars(plan, translate, locale));
    root.append(this.empty, this.canvas, this.legend, this.rows);
    this.tip = tip(root);
    this.listen();
    this.endKeys = captureKeys(root, this.shortcuts());
  }

  draw(): void {
    const { root, store, connection } = this.context;
    this.offerSpaces();
    const space = this.space();
    this.notice.update(connection.link);
    const key: Key = `link.${connection.link}`;
    setText(this.badge, this.context.translate(key));
    setData(this.badge, "state", connection.link);
    this.empty.hidden = space !== undefined;
    this.canvas.hidden = space === undefined;
    setData(root, "dropped", store.dropped);
    if (!space) return;
    this.drawSpace(space);
    this.drawLegend(space);
    this.drawTable();
  }

  dispose(): void {
    this.endKeys();
  }

  private drawSpace(space: Space): void {
    const { root, translate, locale, selection, store } = this.context;
    this.span = this.spanOf(space);
    const peak = formatBytes(space.peak, locale);
    const now = translate(space.kind === "plan" ? "memory.plan.now" : "memory.now", {
      used: formatBytes(space.used, locale),
      peak,
      count: space.kind === "plan" ? space.rows.size : space.live.size,
    });
    const dropped = store.dropped ? translate("common.dropped", { count: store.dropped }) : "";
    setText(this.facts, [now, dropped].filter(Boolean).join(" · "));
    this.canvas.setAttribute("aria-label", `${this.label(space)}: ${now}`);
    const marks = { current: this.current, selected: selection.selected };
    const drawn = drawMap(
      this.canvas,
      space,
      this.span,
      marks,
      this.context.theme(),
      locale,
      translate("memory.peak", { bytes: peak }),
    );
    for (const [name, value] of [
      ["space", space.name],
      ["used", space.used],
      ["peak", space.peak],
      ["live", space.live.size],
      ["drawn", drawn],
    ] as const) {
      setData(root, name, value);
    }
  }

  private spanOf(space: Space): Span {
    const { size } = space.rows;
    const whole = { start: size ? space.cell(0, "start") : 0, end: Math.max(1, space.lastTime) };
    if (space.kind === "plan")
      return this.timeline.following ? whole : this.timeline.span(whole, whole);
    const first = size > LATEST ? space.cell(size - LATEST, "start") : whole.start;
    const latest = size > LATEST ? steadySpan(first, whole.end) : whole;
    return this.timeline.span(whole, latest);
  }

  private space(): Space | undefined {
    return this.context.store.spaces.get(this.chooser.value);
  }

  private changeSpace(): void {
    this.current = -1;
    this.tip.hide();
    this.timeline.setFollowing(true);
  }

  /** List the pools and arenas that have been seen; the first arena or plan is what one came for. */
  private offerSpaces(): void {
    const spaces = [...this.context.store.spaces.values()];
    const names = spaces.map((space) => space.name).join();
    if (names === this.shownSpaces) return;
    this.shownSpaces = names;
    setChoices(
      this.chooser,
      spaces.map((space) => ({ value: space.name, label: this.label(space) })),
    );
  }

  private label(space: Space): string {
    return this.context.translate(`memory.${space.kind}`, {
      device: space.device,
      plan: space.plan,
    });
  }

  // Pointer and keyboard -----------------------------------------------------------------

  private listen(): void {
    zoomable(this.canvas, LEFT, this.timeline);
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => this.mark(-1));
    this.canvas.addEventListener("click", () => this.selectCurrent());
  }

  private point(event: PointerEvent): void {
    const space = this.space();
    if (!space) return;
    const { clientWidth, clientHeight } = this.canvas;
    const scale = scaleOf(space, this.span, clientWidth, clientHeight);
    const found = space.find(scale.time(event.offsetX), scale.address(event.offsetY));
    this.mark(found, event.offsetX, event.offsetY);
  }

  /** Mark a row, and say what it is beside the pointer, or beside the row itself. */
  private mark(index: number, pointerX?: number, pointerY?: number): void {
    if (index !== this.current) {
      this.current = index;
      this.context.invalidate();
    }
    const space = this.space();
    if (!space || index < 0) {
      this.tip.hide();
      return;
    }
    const scale = scaleOf(space, this.span, this.canvas.clientWidth, this.canvas.clientHeight);
    const x = Math.max(LEFT, scale.x(space.cell(index, "start")));
    const middle = space.cell(index, "address") + space.cell(index, "bytes") / 2;
    const { offsetLeft, offsetTop } = this.canvas;
    const [left, top] = [pointerX ?? x, pointerY ?? scale.y(middle)];
    this.tip.show(this.describe(space, index), offsetLeft + left, offsetTop + top);
  }

  /** Buffer, owner, size, who freed the bytes before and who takes them next. */
  private describe(space: Space, index: number): Facts {
    const { translate, locale } = this.context;
    const facts: Facts = [[translate("memory.owner"), this.owner(space, index)]];
    const buffer = space.cell(index, "buffer");
    if (buffer >= 0) facts.push([translate("memory.buffer"), `#${buffer}`]);
    facts.push([translate("memory.bytes"), formatBytes(space.cell(index, "bytes"), locale)]);
    facts.push([translate("memory.address"), String(space.cell(index, "address"))]);
    if (space.kind === "pool") {
      facts.push([
        translate("memory.category"),
        this.category(space.text(space.cell(index, "note"))),
      ]);
    }
    facts.push([translate("memory.from"), this.when(space, space.cell(index, "start"))]);
    facts.push([translate("memory.to"), this.when(space, space.cell(index, "end"))]);
    facts.push([translate("memory.before"), this.before(space, index)]);
    facts.push([translate("memory.after"), this.after(space, index)]);
    return facts;
  }

  private owner(space: Space, index: number): string {
    return space.text(space.cell(index, "owner"));
  }

  private before(space: Space, index: number): string {
    const told = space.kind === "pool" ? "" : space.text(space.cell(index, "note"));
    const row = told ? -1 : space.before(index);
    return told || (row < 0 ? this.context.translate("memory.fresh") : this.owner(space, row));
  }

  private after(space: Space, index: number): string {
    const row = space.after(index);
    return row < 0 ? this.context.translate("memory.nobody") : this.owner(space, row);
  }

  private when(space: Space, time: number): string {
    if (!Number.isFinite(time)) return this.context.translate("memory.lives");
    return space.kind === "plan" ? String(time) : formatNanoseconds(time);
  }

  private category(name: string): string {
    const known = CATEGORIES.find((category) => category === name);
    return known ? this.context.translate(`memory.category.${known}`) : name;
  }

  private selectCurrent(): void {
    const space = this.space();
    const owner = space && this.current >= 0 ? this.owner(space, this.current) : "";
    this.context.selection.select(owner);
  }

  /** Left and right walk through the owners of the same bytes, up and down through addresses. */
  private shortcuts(): Record<string, () => void> {
    const walk = (next: (space: Space) => number) => () => {
      const space = this.space();
      if (!space) return;
      const index = this.current < 0 ? space.rows.size - 1 : next(space);
      if (index >= 0) this.mark(index);
    };
    return {
      ArrowLeft: walk((space) => space.before(this.current)),
      ArrowRight: walk((space) => space.after(this.current)),
      ArrowUp: walk((space) => neighbour(space, this.current, 1)),
      ArrowDown: walk((space) => neighbour(space, this.current, -1)),
      Enter: () => this.selectCurrent(),
      "+": () => this.timeline.zoom(0.7, 0.5),
      "-": () => this.timeline.zoom(1.4, 0.5),
      "0": () => this.timeline.setFollowing(true),
      t: () => this.tableButton.click(),
      f: () => this.timeline.setFollowing(!this.timeline.following),
    };
  }

  // Legend and table ---------------------------------------------------------------------

  private drawLegend(space: Space): void {
    this.legend.hidden = space.kind !== "pool";
    if (this.legend.childElementCount > 0) return;
    CATEGORIES.forEach((category, index) => {
      const swatch = element("i", { style: `background:${colour(index)}` });
      const name = this.context.translate(`memory.category.${category}`);
      this.legend.append(element("span", { class: "dl-key" }, swatch, name));
    });
  }

  private drawTable(): void {
    this.rows.hidden = this.tableButton.getAttribute("aria-pressed") !== "true";
    if (!this.rows.hidden) this.fillTable();
  }

  /** Hundreds of rows at every frame would cost more than the drawing, and nobody could read. */
  private readonly fillTable = throttle(() => this.writeTable(), TABLE_PAUSE);

  private writeTable(): void {
    const space = this.space();
    if (!space) return;
    const { translate } = this.context;
    const head = (
      ["buffer", "owner", "category", "address", "bytes", "from", "to", "before"] as const
    ).map((name) => translate(`memory.${name}`));
    const rows = listed(space).map((index) => this.tableRow(space, index));
    const caption = translate("memory.table", { space: this.label(space) });
    this.rows.replaceChildren(table(caption, head, rows));
    this.markRows(space);
  }

  private tableRow(space: Space, index: number): Cell[] {
    const { locale } = this.context;
    const bytes = space.cell(index, "bytes");
    const end = space.cell(index, "end");
    const note = space.kind === "pool" ? space.text(space.cell(index, "note")) : "";
    const number = (text: string, value: number): Cell => ({ text, value, number: true });
    const buffer = space.cell(index, "buffer");
    return [
      number(buffer < 0 ? "" : `#${buffer}`, buffer),
      { text: this.owner(space, index), value: this.owner(space, index) },
      { text: this.category(note), value: note },
      number(String(space.cell(index, "address")), space.cell(index, "address")),
      number(formatBytes(bytes, locale), bytes),
      number(this.when(space, space.cell(index, "start")), space.cell(index, "start")),
      number(this.when(space, end), Number.isFinite(end) ? end : -1),
      { text: this.before(space, index) },
    ];
  }

  private markRows(space: Space): void {
    const { selected } = this.context.selection;
    const body = this.rows.querySelectorAll("tbody tr");
    listed(space).forEach((index, i) => {
      const chosen = isSelected(this.owner(space, index), selected);
      body[i]?.setAttribute("aria-selected", String(chosen));
    });
  }
}

function isPlan(plan: PlanMap | Record<string, never>): plan is PlanMap {
  return "buffers" in plan;
}

/** The rows of the table: what lives, newest first, then what was freed last. */
function listed(space: Space): number[] {
  const live: number[] = [];
  const freed: number[] = [];
  for (let i = space.rows.size - 1; i >= 0; i -= 1) {
    (Number.isFinite(space.cell(i, "end")) ? freed : live).push(i);
  }
  freed.sort((a, b) => space.cell(b, "end") - space.cell(a, "end"));
  return [...live, ...freed].slice(0, TABLE_ROWS);
}

/** The next row upwards (+1) or downwards (-1) that lies in memory at the same time. */
function neighbour(space: Space, index: number, direction: 1 | -1): number {
  const start = space.cell(index, "start");
  const address = space.cell(index, "address");
  let best = -1;
  for (let i = 0; i < space.rows.size; i += 1) {
    const there = space.cell(i, "start") <= start && start < space.cell(i, "end");
    const away = (space.cell(i, "address") - address) * direction;
    if (!there || away <= 0) continue;
    const bestAway = (space.cell(best, "address") - address) * direction;
    if (best < 0 || away < bestAway) best = i;
  }
  return best;
}
