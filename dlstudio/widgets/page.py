"""One self-contained HTML page from a view: the same bundle, its data in the page."""

from __future__ import annotations

import base64
import html
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlstudio.widgets.view import View

__all__ = ["page"]

_SKIPPED = {"layout", "tooltip", "tabbable"}

# Plays anywidget's part: a model that nobody changes but the page itself.
_HOST = """
const traits = JSON.parse(document.getElementById("state").textContent);
for (const name of traits.__bytes__) {
  const bytes = Uint8Array.from(atob(traits[name]), (c) => c.charCodeAt(0));
  traits[name] = new DataView(bytes.buffer);
}
const handlers = {};
const model = {
  get: (name) => traits[name],
  set(name, value) {
    traits[name] = value;
    for (const handler of handlers["change:" + name] ?? []) handler();
  },
  save_changes() {},
  send() {},
  on(event, handler) { (handlers[event] ??= []).push(handler); },
  off(event, handler) { handlers[event] = (handlers[event] ?? []).filter((f) => f !== handler); },
  widget_manager: { get_model: async () => ({ comm_live: false }) },
};
const source = document.getElementById("bundle").textContent;
const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
const made = (await import(url)).default;
const widget = typeof made === "function" ? await made() : made;
await widget.initialize?.({ model });
await widget.render({ model, el: document.getElementById("view") });
"""


def page(view: View) -> str:
    """Return the page's text; it needs no network and no kernel."""
    script = str(type(view)._esm).replace("</script", "<\\/script")
    return f"""<!doctype html>
<html lang="{view.text.language}">
<head>
<meta charset="utf-8">
<title>{html.escape(view.summary())}</title>
<style>body {{ margin: 16px; }}
{type(view)._css}</style>
</head>
<body>
<div id="view"></div>
<script type="application/json" id="state">{_state(view)}</script>
<script type="text/plain" id="bundle">{script}</script>
<script type="module">{_HOST}</script>
</body>
</html>
"""


def _state(view: View) -> str:
    kept: dict[str, Any] = {}
    binary: list[str] = []
    for name, value in view.get_state().items():
        if name in _SKIPPED or name in {"_esm", "_css"}:
            continue
        if isinstance(value, (bytes, bytearray, memoryview)):
            binary.append(name)
            kept[name] = base64.b64encode(bytes(value)).decode("ascii")
        else:
            kept[name] = value
    kept["__bytes__"] = binary
    # "<" never appears raw, so that no text can end the script element.
    return json.dumps(kept).replace("<", "\\u003c")
