// Debugger: a plan under control, with what each operator reads and writes.
import { debuggerView } from "./debugger/view";
import type { Traits } from "./lib/model";
import type { DebuggerPlan, DebuggerStand } from "./lib/schema";
import { defineWidget, type Store } from "./lib/widget";

export interface DebuggerTraits extends Traits {
  _program: DebuggerPlan;
  _at: DebuggerStand;
  height: number;
}

/** All that is shown stands in traits: nothing streams. */
const NOTHING: Store = { receive: () => undefined };

export default defineWidget<Store, DebuggerTraits>({
  name: "debugger",
  label: (translate) => translate("debugger.title"),
  store: () => NOTHING,
  drawing: debuggerView,
});
