// DeviceView: what each device does, as it does it.
import { DevicesStore } from "./devices/store";
import { devicesView } from "./devices/view";
import type { Traits } from "./lib/model";
import { defineWidget } from "./lib/widget";

export default defineWidget<DevicesStore, Traits>({
  name: "devices",
  label: (translate) => translate("devices.title"),
  store: () => new DevicesStore(),
  drawing: devicesView,
});
