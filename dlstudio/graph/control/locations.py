"""Which input of a loop or branch feeds which variable of the graphs inside it."""

from __future__ import annotations

from typing import Any

from dlstudio.core.params import Param
from dlstudio.core.registry import Op
from dlstudio.errors import ParamError, explain

__all__ = ["Locations", "check_locations", "feeds", "loop_variables", "slice_shape"]

Attrs = dict[str, Any]
Locs = tuple[int, ...]


class Locations(Param):
    """Positions, as files spell them: "[0, 2]" or "(0,2)"."""

    describe = "a list of positions"

    def convert(self, value: Any) -> Any:
        """Accept lists, tuples and their text."""
        if isinstance(value, str):
            value = [int(part) for part in value.strip("[]() ").split(",") if part.strip()]
        return tuple(int(v) for v in value)

    def text(self, value: Any) -> str:
        """Spell as MXNet does."""
        return str(list(value))

    def invalid(self) -> tuple[Any, ...]:
        """Values that must be refused."""
        return ("[a]", 3)


def slice_shape(shape: tuple[int, ...], *, np_shape: bool) -> tuple[int, ...]:
    """Shape of one step's part: rows of a vector have one element, or none in the np dialect."""
    return shape[1:] if np_shape or len(shape) > 1 else (1,)


# ---- which input of the node feeds which variable inside ---------------------------------------
def feeds(record: Op, attrs: Attrs) -> dict[str, Locs]:
    """For each graph inside, by attribute: the node's input that feeds each variable."""
    if record.name == "_foreach":
        order = (*attrs["in_data_locs"], *attrs["in_state_locs"], *attrs["remain_locs"])
        source = {location: i for i, location in enumerate(order) if location >= 0}
        return {"body": tuple(source[i] for i in range(len(attrs["body"].names)))}
    return {name: attrs[_LOCATIONS[name]] for name in record.flags.graphs}


_LOCATIONS = {
    "cond": "cond_input_locs", "func": "func_input_locs", "pred": "cond_input_locs",
    "then_branch": "then_input_locs", "else_branch": "else_input_locs",
}  # fmt: skip


def loop_variables(attrs: Attrs) -> Locs:
    """Inputs of a ``_while_loop`` node that are its loop variables."""
    fed = attrs["func_input_locs"]
    # a variable that func does not read has no place there: ours stand first
    return tuple(fed[i] if i >= 0 else j for j, i in enumerate(attrs["func_var_locs"]))


def check_locations(record: Op, attrs: Attrs, count: int) -> None:
    """Refuse positions that a file states and that do not fit its graphs and inputs.

    Raises
    ------
    ParamError
        If a variable inside has no input, or an input does not exist.
    """
    graphs = [attrs[name] for name in record.flags.graphs]
    wanted = [len(graph.names) for graph in graphs]
    if record.name == "_foreach":
        locations = [i for name in _FOREACH for i in attrs[name] if i >= 0]
        fits = sorted(locations) == list(range(wanted[0]))
        fits = fits and sum(len(attrs[name]) for name in _FOREACH) == count
        results = attrs["num_out_data"] + len(attrs["in_state_locs"])
        fits = fits and len(attrs["in_data_locs"]) > 0
    else:
        locations = list(feeds(record, attrs).values())
        fits = [len(part) for part in locations] == wanted
        fits = fits and all(0 <= i < count for part in locations for i in part)
        results = attrs["num_outputs"]
    if record.name == "_while_loop":
        variables = attrs["func_var_locs"]
        fits = fits and all(-1 <= i < len(attrs["func_input_locs"]) for i in variables)
        results = attrs["num_out_data"] + len(variables)
    outputs = {len(g.symbol.outputs_) for g in graphs[record.name != "_foreach" :]}
    if not fits or outputs != {attrs["num_outputs"]} or results != attrs["num_outputs"]:
        raise ParamError(
            explain(
                f"{record.name}: positions and counts do not fit its graphs, which take {wanted} "
                f"values and give {sorted(outputs)}.",
                "an input for each variable of each graph.",
            )
        )


_FOREACH = ("in_data_locs", "in_state_locs", "remain_locs")
