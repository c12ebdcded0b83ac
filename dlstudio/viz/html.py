"""One self-contained HTML page: a widget's front-end, its state, and a tiny host for both."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from dlstudio.viz.drawing import Drawing
from dlstudio.viz.picture import Options
from dlstudio.viz.scopes import ScopeTree
from dlstudio.viz.state import state_of

__all__ = ["BUNDLES", "compose", "page_of", "traits_of"]

BUNDLES = Path(__file__).resolve().parent.parent / "widgets" / "static"

# The host plays the part of anywidget's model: get, set, on, off, save_changes, send.
_PAGE = Template("""<!doctype html>
<html lang="$lang">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root {
  color-scheme: light dark; --jp-layout-color1: Canvas; --jp-ui-font-color1: CanvasText;
  --jp-layout-color2: color-mix(in srgb, CanvasText 8%, Canvas);
  --jp-ui-font-color2: color-mix(in srgb, CanvasText 72%, Canvas);
  --jp-border-color2: color-mix(in srgb, CanvasText 24%, Canvas);
}
body { margin: 16px; background: Canvas; }
$css
</style>
</head>
<body>
<main id="view"></main>
<script type="application/json" id="state">$state</script>
<script type="application/json" id="bundle">$bundle</script>
<script type="module">
const parsed = (id) => JSON.parse(document.getElementById(id).textContent);
const traits = parsed("state");
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
const url = URL.createObjectURL(new Blob([parsed("bundle")], { type: "text/javascript" }));
const made = (await import(url)).default;
const widget = typeof made === "function" ? await made() : made;
await widget.initialize?.({ model });
await widget.render({ model, el: document.getElementById("view") });
</script>
</body>
</html>
""")


def page_of(drawing: Drawing, options: Options, locale: str = "auto") -> str:
    """Compose the page of a drawing: the GraphView front-end, live but without a kernel.

    Raises
    ------
    FileNotFoundError
        If the front-end bundle is not part of this installation.
    """
    return compose(
        title=drawing.title,
        style=(BUNDLES / "graph.css").read_text(encoding="utf-8"),
        script=(BUNDLES / "graph.js").read_text(encoding="utf-8"),
        traits={**traits_of(drawing, options), **_BASE_TRAITS, "locale": locale, "height": 640},
        language="zh" if locale == "zh" else "en",
    )


# What every front-end asks its model for (`widgets.view.View` has them as traits).
_BASE_TRAITS: dict[str, Any] = {
    "selected": "", "_group": "", "_model_key": "", "_still": {}, "_still_data": b"",
}  # fmt: skip


def compose(
    title: str, style: str, script: str, traits: Mapping[str, Any], language: str = "en"
) -> str:
    """Write the page.

    Parameters
    ----------
    title : str
    style, script : str
        Text of the view's style sheet and of its ES module.
    traits : dict
        What the view's model answers; JSON values and bytes.
    language : "en" | "zh"
    """
    raw = bytes | bytearray | memoryview
    binary = [name for name, value in traits.items() if isinstance(value, raw)]
    kept = {
        name: base64.b64encode(bytes(value)).decode("ascii") if name in binary else value
        for name, value in traits.items()
    }
    return _PAGE.substitute(
        lang=language,
        title=escape(title),
        css=style,
        state=_script_json({**kept, "__bytes__": binary}),
        bundle=_script_json(script),
    )


def traits_of(drawing: Drawing, options: Options) -> dict[str, Any]:
    """Values of the GraphView traits that describe the picture."""
    paths = list(ScopeTree(drawing).scopes())
    return {
        "graph": state_of(drawing),
        "expanded": [path for path in paths if options.opens(path)],
        "fold_repeats": options.fold_repeats,
        "show_weights": options.show_weights,
        "show_backward": options.show_backward,
        "hide_ops": sorted(options.hide_ops),
        "overlay": options.overlay,
    }


def _script_json(value: object) -> str:
    """Write JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
