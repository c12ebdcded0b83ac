// MemoryView: who lies where in memory, and since when; what a plan saves.
import type { Traits } from "./lib/model";
import type { PlanMap } from "./lib/schema";
import { defineWidget } from "./lib/widget";
import { MemoryStore } from "./memory/store";
import { memoryView } from "./memory/view";

export interface MemoryTraits extends Traits {
  _plan: PlanMap | Record<string, never>;
}

export default defineWidget<MemoryStore, MemoryTraits>({
  name: "memory",
  label: (translate) => translate("memory.title"),
  store: (model) => {
    const plan = model.get("_plan");
    return new MemoryStore("buffers" in plan ? (plan as PlanMap) : undefined);
  },
  drawing: memoryView,
});
