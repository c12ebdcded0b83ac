"""One self-contained HTML page: the widget's own front-end, the drawing, and a tiny host for both."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from dlstudio.viz.drawing import Drawing
from dlstudio.viz.picture import Options
from dlstudio.viz.scopes import ScopeTree
from dlstudio.viz.state import state_of

__all__ = ["BUNDLES", "page_of", "traits_of"]

BUNDLES = Path(__file__).resolve().parent.parent / "widgets" / "static"

# The host plays the part of Jupyter's widget model: get, set, on, off, save_changes, send.
_PAGE = Template("""<!DOCTYPE html>
<html lang="$lang">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; }
body { margin: 0; padding: 12px; font-family: system-ui, "Noto Sans CJK SC", "PingFang SC",
  "Microsoft YaHei", sans-serif; background: Canvas; color: CanvasText; }
$css
</style>
</head>
<body>
<main id="view"></main>
<script type="application/json" id="state">$state</script>
<script type="text/plain" id="bundle">$bundle</script>
<script type="module">
const text = (id) => JSON.parse(document.getElementById(id).textContent);
const state = text("state");
const listeners = new Map();
const model = {
  get: (name) => state[name],
  set: (name, value) => {
    state[name] = value;
    for (const name_ of ["change:" + name, "change"]) {
      for (const listener of listeners.get(name_) ?? []) listener(value);
    }
  },
  on: (event, listener) => {
    listeners.set(event, [...(listeners.get(event) ?? []), listener]);
  },
  off: (event, listener) => {
    const kept = (listeners.get(event) ?? []).filter((l) => listener && l !== listener);
    listeners.set(event, kept);
  },
  save_changes: () => {},
  send: () => {},
};
const source = new Blob([text("bundle")], { type: "text/javascript" });
const { default: factory } = await import(URL.createObjectURL(source));
const widget = typeof factory === "function" ? await factory() : factory;
await widget.initialize?.({ model });
await widget.render({ model, el: document.getElementById("view") });
</script>
</body>
</html>
""")


def page_of(drawing: Drawing, options: Options, locale: str = "auto") -> str:
    """Compose the page.

    Raises
    ------
    FileNotFoundError
        If the front-end bundle is not part of this installation.
    """
    traits = {**traits_of(drawing, options), "locale": locale, "height": 640}
    return _PAGE.substitute(
        lang="zh" if locale == "zh" else "en",
        title=escape(drawing.title),
        css=(BUNDLES / "graph.css").read_text(encoding="utf-8"),
        state=_script_json(traits),
        bundle=_script_json((BUNDLES / "graph.js").read_text(encoding="utf-8")),
    )


def traits_of(drawing: Drawing, options: Options) -> dict[str, Any]:
    """Values of the GraphView traits that describe the picture (not the selection)."""
    paths = list(ScopeTree(drawing).scopes())
    return {
        "graph": state_of(drawing),
        "expanded": [path for path in paths if options.opens(path)],
        "fold_repeats": options.fold_repeats,
        "show_weights": options.show_weights,
        "hide_ops": sorted(options.hide_ops),
        "overlay": options.overlay,
        "selected": "",
    }


def _script_json(value: object) -> str:
    """Write JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
