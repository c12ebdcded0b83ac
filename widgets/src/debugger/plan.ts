// The plan's text: the line that has just run, the line under the keyboard's mark, breakpoints.
import { element, setData } from "../lib/dom";
import type { DebuggerPlan, DebuggerStand, DebuggerStep } from "../lib/schema";
import { nodeOf } from "../lib/selection";

export interface PlanEvents {
  /** A line of a step was clicked on, or reached by the keyboard. */
  choose(step: number): void;
  runTo(step: number): void;
  toggleBreak(step: number): void;
}

/** What a line shows besides its text. */
export interface Marks {
  current: ReadonlySet<number>;
  breaks: ReadonlySet<number>;
  selected: ReadonlySet<number>;
}

/** Lines of the step that has run, of breakpoints, and of the node selected in any linked view. */
export function marksOf(plan: DebuggerPlan, at: DebuggerStand, selected: string): Marks {
  const lineOf = (index: number) => plan.steps[index]?.line ?? 0;
  const stops = at.breaks.filter((stop) => stop.enabled).flatMap((stop) => stop.steps);
  const chosen = plan.steps.filter((step) => selected !== "" && holds(step, selected));
  return {
    current: new Set(at.index < 0 ? [] : [lineOf(at.index)]),
    breaks: new Set(stops.map(lineOf)),
    selected: new Set(chosen.map((step) => step.line)),
  };
}

/** Whether a selection means this step: its node, or a block around it, with or without prefix. */
function holds(step: DebuggerStep, selected: string): boolean {
  return step.name === nodeOf(selected) || `/${step.scope}/`.includes(`/${selected}/`);
}

export class PlanText {
  readonly root: HTMLElement;
  private readonly prefix = `dl-line-${Math.random().toString(36).slice(2, 8)}`;
  private readonly rows: HTMLElement[] = [];
  /** Step by line: of several on one line the first. */
  private readonly steps = new Map<number, number>();
  private mark = 0;
  private shown = 0;

  constructor(
    plan: DebuggerPlan,
    label: string,
    private readonly breakpoint: string,
    private readonly events: PlanEvents,
  ) {
    this.root = element("div", {
      class: "dl-plan-text",
      role: "listbox",
      tabindex: 0,
      "aria-label": label,
    });
    plan.steps.forEach((step, index) => {
      if (!this.steps.has(step.line)) this.steps.set(step.line, index);
    });
    plan.lines.forEach((line, index) => {
      this.rows.push(this.row(line, index + 1));
    });
    this.root.append(...this.rows);
    this.root.addEventListener("keydown", (event) => this.key(event));
  }

  update(marks: Marks): void {
    this.rows.forEach((row, index) => {
      const line = index + 1;
      const current = marks.current.has(line);
      setData(row, "current", String(current));
      setData(row, "break", String(marks.breaks.has(line)));
      setData(row, "selected", String(marks.selected.has(line)));
      row.setAttribute("aria-selected", String(line === this.mark));
      if (current) row.setAttribute("aria-current", "step");
      else row.removeAttribute("aria-current");
    });
    const [line = 0] = marks.current;
    if (line !== this.shown) this.reveal(line);
    this.shown = line;
  }

  private row(text: string, line: number): HTMLElement {
    const step = this.steps.get(line);
    const row = element(
      "div",
      { class: "dl-line", role: "option", id: `${this.prefix}-${line}`, "data-line": line },
      element("span", { class: "dl-gutter", title: this.breakpoint }, String(line)),
      element("code", {}, text),
    );
    if (step === undefined) return row;
    setData(row, "step", step);
    row.addEventListener("click", (event) => {
      const gutter = (event.target as Element).classList.contains("dl-gutter");
      if (gutter) this.events.toggleBreak(step);
      else this.choose(line);
    });
    row.addEventListener("dblclick", () => this.events.runTo(step));
    return row;
  }

  private choose(line: number): void {
    const step = this.steps.get(line);
    if (step === undefined) return;
    this.mark = line;
    this.root.setAttribute("aria-activedescendant", `${this.prefix}-${line}`);
    this.reveal(line);
    this.events.choose(step);
  }

  private key(event: KeyboardEvent): void {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const step = this.steps.get(this.mark);
    if (move !== undefined) this.move(move);
    else if (step === undefined) return;
    else if (event.key === "Enter") this.events.runTo(step);
    else if (event.key === "b") this.events.toggleBreak(step);
    else return;
    event.preventDefault();
  }

  /** Move the mark to the next line that belongs to a step; from nowhere, to the current one. */
  private move(by: number): void {
    const lines = [...this.steps.keys()].sort((a, b) => a - b);
    if (this.mark === 0) {
      this.choose(this.shown || (lines[0] ?? 0));
      return;
    }
    const next = lines[lines.indexOf(this.mark) + by];
    if (next !== undefined) this.choose(next);
  }

  /** Scroll a line into the middle, without moving the page. */
  private reveal(line: number): void {
    const row = this.rows[line - 1];
    if (!row) return;
    const { clientHeight, scrollTop } = this.root;
    const top = row.offsetTop - this.root.offsetTop;
    const inside = top >= scrollTop && top + row.offsetHeight <= scrollTop + clientHeight;
    if (!inside) this.root.scrollTop = top - clientHeight / 2;
  }
}
