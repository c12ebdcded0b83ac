// TrainingMonitor: metric lines while the cell runs, and controls that act while it runs.
import type { Traits } from "./lib/model";
import { defineWidget } from "./lib/widget";
import { MonitorStore } from "./monitor/store";
import { monitorView } from "./monitor/view";

export default defineWidget<MonitorStore, Traits>({
  name: "monitor",
  label: (translate) => translate("monitor.title"),
  store: () => new MonitorStore(),
  drawing: monitorView,
});
