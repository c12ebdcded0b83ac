// The bar above the picture: search, depth, what is shown, what colours say; and the type chips.
import { element, setText } from "../dom";
import type { Translate } from "../i18n";
import { button, select, toggle, toolbar } from "../toolbar";
import type { Graph } from "./data";
import { operatorTypes } from "./panel";
import { OVERLAYS, type Overlay } from "./style";

export interface ControlEvents {
  search(text: string): void;
  nextMatch(): void;
  depth(depth: number): void;
  expandAll(open: boolean): void;
  fit(): void;
  set(name: "fold_repeats" | "show_weights" | "show_backward", value: boolean): void;
  overlay(overlay: Overlay): void;
  hide(op: string, hidden: boolean): void;
  table(shown: boolean): void;
}

export interface ControlState {
  fold_repeats: boolean;
  show_weights: boolean;
  show_backward: boolean;
  overlay: Overlay;
  hidden: ReadonlySet<string>;
}

export class Controls {
  readonly bar: HTMLDivElement;
  readonly chips: HTMLDivElement;
  private readonly search: HTMLInputElement;
  private readonly found = element("span", { class: "dl-muted dl-number", "aria-live": "polite" });
  private readonly slider: HTMLInputElement;
  private readonly level = element("output", { class: "dl-number" });
  private readonly depthBox: HTMLLabelElement;
  private readonly toggles = new Map<string, HTMLButtonElement>();
  private readonly overlay: HTMLSelectElement;
  private depths = 0;

  constructor(
    private readonly t: Translate,
    private readonly events: ControlEvents,
    state: ControlState,
  ) {
    this.search = this.searchBox();
    this.slider = this.depthSlider();
    this.depthBox = element("label", { class: "dl-depth" }, t("graph.depth"));
    this.depthBox.append(this.slider, this.level);
    this.overlay = this.overlayBox(state.overlay);
    this.bar = toolbar(t("graph.toolbar"), ...this.parts(state));
    this.chips = element("div", { class: "dl-chips", role: "group" });
    this.chips.setAttribute("aria-label", t("graph.types"));
  }

  /** Fill in what depends on the graph. */
  show(graph: Graph, depths: number, state: ControlState): void {
    this.depths = depths;
    this.slider.max = String(depths);
    this.depthBox.hidden = depths === 0;
    const hasBackward = graph.nodes.some((n) => n.role !== "forward" && n.role !== "copy");
    const has = {
      fold_repeats: graph.folds.length > 0,
      show_weights: graph.nodes.some((node) => node.weight),
      show_backward: hasBackward,
    };
    for (const [name, made] of this.toggles) {
      made.hidden = !has[name as keyof typeof has];
      made.setAttribute("aria-pressed", String(state[name as keyof typeof has]));
    }
    this.overlay.value = state.overlay;
    this.showChips(graph, state.hidden);
  }

  showDepth(depth: number): void {
    this.slider.value = String(depth);
    const text = depth >= this.depths ? this.t("graph.depth.all") : String(depth);
    setText(this.level, text);
    this.slider.setAttribute("aria-valuetext", text);
  }

  showFound(at: number, count: number): void {
    const empty = this.search.value.trim() === "";
    const text = count > 0 ? this.t("graph.found", { at, count }) : this.t("graph.none");
    setText(this.found, empty ? "" : text);
  }

  focusSearch(): void {
    this.search.focus();
    this.search.select();
  }

  private parts(state: ControlState): (Node | string)[] {
    const { t, events } = this;
    const act = (action: string, label: string, onClick: () => void) =>
      button({ action, label, onClick });
    return [
      this.search,
      this.found,
      act("expand", t("graph.expand"), () => events.expandAll(true)),
      act("collapse", t("graph.collapse"), () => events.expandAll(false)),
      this.depthBox,
      act("fit", t("common.fit"), () => events.fit()),
      ...(["fold_repeats", "show_weights", "show_backward"] as const).map((name) =>
        this.toggle(name, state[name]),
      ),
      this.overlay,
      toggle({
        ...{ action: "table", label: t("common.table"), pressed: false },
        onChange: (pressed) => events.table(pressed),
      }),
    ];
  }

  private toggle(
    name: "fold_repeats" | "show_weights" | "show_backward",
    pressed: boolean,
  ): HTMLButtonElement {
    const made = toggle({
      ...{ action: name, label: this.t(`graph.${name}`), pressed },
      onChange: (value) => this.events.set(name, value),
    });
    this.toggles.set(name, made);
    return made;
  }

  private searchBox(): HTMLInputElement {
    const label = this.t("graph.search");
    const made = element("input", {
      ...{ type: "search", class: "dl-input", placeholder: label, "aria-label": label },
      "data-action": "search",
    });
    made.addEventListener("input", () => this.events.search(made.value));
    made.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.events.nextMatch();
    });
    return made;
  }

  private depthSlider(): HTMLInputElement {
    const made = element("input", {
      ...{ type: "range", min: 0, max: 1, step: 1, "data-action": "depth" },
      "aria-label": this.t("graph.depth"),
    });
    made.addEventListener("input", () => this.events.depth(Number(made.value)));
    return made;
  }

  private overlayBox(overlay: Overlay): HTMLSelectElement {
    const made = select(
      {
        ...{ label: this.t("graph.overlay"), action: "overlay" },
        onChange: (value) => this.events.overlay(value as Overlay),
      },
      OVERLAYS.map((value) => ({ value, label: this.t(`graph.overlay.${value || "type"}`) })),
    );
    made.value = overlay;
    return made;
  }

  private showChips(graph: Graph, hidden: ReadonlySet<string>): void {
    const chips = operatorTypes(graph).map(([op, count, category]) => {
      const made = toggle({
        ...{ action: "chip", label: `${op} ${count}`, pressed: !hidden.has(op) },
        title: this.t("graph.types"),
        onChange: (shown) => this.events.hide(op, !shown),
      });
      made.classList.add("dl-chip");
      made.dataset.op = op;
      made.style.setProperty("--dl-data", graph.palette[category] ?? "#888888");
      return made;
    });
    this.chips.replaceChildren(...chips);
  }
}
