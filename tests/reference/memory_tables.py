"""Memory of the recorded networks beside MXNet 1.9.1's own figures, as a table.

    python -m tests.reference.memory_tables

Both sides count what lies between the user's arrays: activations and their gradients. Neither
counts data, parameters, their gradients and auxiliary states (listed apart: they are the same
bytes on both sides), nor workspaces of operators. Outputs are part of MXNet's figure; we keep them
outside the arena, so that they are added to ours: "ours" is arena + outputs, "bound" is the peak
of live bytes over our order + outputs.

MXNet's figures are those that `Executor.debug_str` told, in whole MiB, rounded down: as it comes
("MXNet"), and with its oneDNN subgraphs, which fuse layers in inference, switched off ("as given").
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dlstudio import sym
from dlstudio.graph.sizes import Footprint, footprint

PACK = Path(__file__).parent / "pack" / "symbols" / "open"
MIB = 1 << 20


class Row(NamedTuple):
    """One network in one mode."""

    name: str
    mode: str
    batch: int
    ours: Footprint
    default: int  # MXNet's figures, MiB
    as_given: int

    @property
    def nbytes(self) -> int:
        """Ours, counted as MXNet counts."""
        return self.ours.arena_bytes + self.ours.output_bytes

    @property
    def bound(self) -> int:
        """The lower bound, counted likewise."""
        return self.ours.lower_bound_bytes + self.ours.output_bytes


def networks() -> list[str]:
    """Names of the recorded networks."""
    return sorted(path.name.removesuffix("-symbol.json") for path in PACK.glob("*-symbol.json"))


def facts_of(name: str) -> dict[str, Any]:
    """What was recorded of a network."""
    return json.loads((PACK / f"{name}.json").read_text(encoding="utf-8"))


def row(name: str, mode: str) -> Row:
    """Plan one network as it was recorded, at batch 32."""
    facts = facts_of(name)
    shapes = {k: tuple(v) for k, v in facts["data_shapes"].items()}
    net = sym.load(PACK / f"{name}-symbol.json")
    theirs = facts["plans"]
    return Row(
        name, mode, shapes["data"][0], footprint(net, shapes, training=mode == "training"),
        int(theirs["default"][mode]["total_mb"]), int(theirs["no_subgraph"][mode]["total_mb"]),
    )  # fmt: skip


def rows() -> list[Row]:
    """All networks, inference and training."""
    return [row(name, mode) for name in networks() for mode in ("inference", "training")]


def _mib(nbytes: int) -> str:
    return f"{nbytes / MIB:.2f}"


def lines(found: list[Row]) -> Iterator[str]:
    """Spell the table; all columns in MiB."""
    heads = ("network", "mode", "naive", "in place", "ours", "bound", "ours/bound", "MXNet",
             "as given", "parameters", "gradients", "outputs")  # fmt: skip
    yield "  ".join(f"{h:>{width}}" for h, width in zip(heads, _WIDTHS, strict=True))
    for r in found:
        f = r.ours
        cells = (
            r.name, r.mode, _mib(f.naive_bytes), _mib(f.inplace_bytes), _mib(r.nbytes),
            _mib(r.bound), f"{r.nbytes / r.bound:.4f}", str(r.default), str(r.as_given),
            _mib(f.parameter_bytes), _mib(f.gradient_bytes), _mib(f.output_bytes),
        )  # fmt: skip
        yield "  ".join(f"{c:>{width}}" for c, width in zip(cells, _WIDTHS, strict=True))


_WIDTHS = (14, 9, 8, 8, 8, 8, 10, 6, 8, 10, 9, 7)


def main() -> None:
    """Print what is counted, and the table."""
    print("\n".join([*(__doc__ or "").splitlines()[4:], "All in MiB, at batch 32.", ""]))
    print("\n".join(lines(rows())))


if __name__ == "__main__":
    main()
