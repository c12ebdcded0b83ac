// One selection for all linked views. It lives in the browser, so it works while the kernel is busy.
import type { Model } from "./model";

/** The name of a graph node is what all views know: operators, buffers and bars carry it. */
export type Listener = (name: string) => void;

/** The node of an owner: memory and plans know `dense0 gradient` and `norm0[1]`. */
export function nodeOf(owner: string): string {
  return owner.replace(/( gradient| again|\[\d+\])+$/, "");
}

interface Group {
  selected: string;
  listeners: Set<Listener>;
}

/** Each bundle has its own copy of this module: what they share must hang on the page. */
const GROUPS = Symbol.for("dlstudio.selection");

function groups(): Map<string, Group> {
  const page = globalThis as unknown as Record<symbol, Map<string, Group> | undefined>;
  page[GROUPS] ??= new Map();
  return page[GROUPS];
}

function groupOf(name: string): Group {
  const known = groups().get(name);
  if (known) return known;
  const made: Group = { selected: "", listeners: new Set() };
  groups().set(name, made);
  return made;
}

export interface SelectionBus {
  readonly selected: string;
  select(name: string): void;
  leave(): void;
}

let privateGroups = 0;

/**
 * Join the group that Python's `widgets.link` gave the model; follows it when it changes.
 * `listener` hears every change, this view's own included; the trait `selected` of every view in
 * the group goes along.
 */
export function joinSelection(model: Model, listener: Listener): SelectionBus {
  privateGroups += 1;
  const alone = `private-${privateGroups}`;
  let group = groupOf(model.get("_group") || alone);

  const hear = (name: string) => {
    listener(name);
    if (model.get("selected") === name) return;
    model.set("selected", name);
    model.save_changes();
  };
  const select = (name: string) => {
    if (group.selected === name) return;
    group.selected = name;
    for (const other of [...group.listeners]) other(name);
  };
  const fromKernel = () => select(model.get("selected"));
  const regroup = () => {
    group.listeners.delete(hear);
    group = groupOf(model.get("_group") || alone);
    group.listeners.add(hear);
    hear(group.selected);
  };
  group.listeners.add(hear);
  model.on("change:selected", fromKernel);
  model.on("change:_group", regroup);
  if (model.get("selected")) fromKernel();
  return {
    get selected() {
      return group.selected;
    },
    select,
    leave() {
      group.listeners.delete(hear);
      model.off("change:selected", fromKernel);
      model.off("change:_group", regroup);
      groups().delete(alone);
    },
  };
}
