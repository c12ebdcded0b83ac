"""Names, shapes and pieces of batches: what modules check and put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlstudio import nd
from dlstudio.errors import ArgumentError, ParamError, ShapeError, explain
from dlstudio.graph.symbol import Symbol
from dlstudio.initializer import InitDesc
from dlstudio.io import DataDesc

__all__ = [
    "check_batch",
    "check_batches",
    "check_names",
    "check_symbol",
    "checked_shapes",
    "described",
    "fill",
    "groups",
    "joined",
    "shapes_of",
    "split_batch",
    "without_pad",
    "workload",
]


def described(shapes: Any) -> list[DataDesc]:
    """Descriptions, from descriptions or pairs of name and shape."""
    try:
        return [d if isinstance(d, DataDesc) else DataDesc(*d) for d in shapes or []]
    except TypeError:
        raise ParamError(
            explain(
                f"the shapes of data or labels are {shapes!r}.",
                "a list with a name and a shape for each.",
                'mod.bind(data_shapes=[("data", (32, 784))]), or data_shapes=batches.provide_data',
            )
        ) from None


def check_symbol(symbol: Any) -> None:
    """Raise ArgumentError if `symbol` is something else."""
    if not isinstance(symbol, Symbol):
        raise ArgumentError(
            explain(
                f"Module was given a {type(symbol).__name__}.",
                "a symbol: what the network computes.",
                'mx.mod.Module(mx.sym.load("net-symbol.json")); '
                "gluon blocks are trained by a gluon.Trainer",
            )
        )


def check_batches(data: Any, called: str, needs: str) -> None:
    """Raise ArgumentError if `data` is no iterator over batches: lacks the attribute `needs`."""
    if not hasattr(data, needs):
        raise ArgumentError(
            explain(
                f"{called} was given a {type(data).__name__}.",
                "a data iterator, which knows names and shapes of its batches.",
                f"{called}(mx.io.NDArrayIter(data, labels, batch_size=32))",
            )
        )


def check_batch(batch: Any) -> None:
    """Raise ArgumentError if `batch` holds no data."""
    for one in batch if isinstance(batch, list) else [batch]:
        if not isinstance(getattr(one, "data", None), (list, tuple)):
            raise ArgumentError(
                explain(
                    f"forward was given a {type(one).__name__}.",
                    "a batch: its data is a list with one array for each input.",
                    "mod.forward(mx.io.DataBatch(data=[x], label=[y]))",
                )
            )


def check_names(symbol: Any, kind: str, names: Sequence[str]) -> None:
    """Raise ParamError if the symbol lacks an argument of ``kind_names``."""
    there = symbol.list_arguments()
    for name in names:
        if name not in there:
            inputs = [n for n in there if not n.endswith(("_weight", "_bias", "_gamma", "_beta"))]
            raise ParamError(
                explain(
                    f"Module: {kind}_names holds {name!r}, which the symbol does not have.",
                    f"some of {there if kind == 'fixed_param' else inputs}.",
                    f"mx.mod.Module(symbol, {kind}_names=[...])",
                )
            )


def checked_shapes(
    module: Any, data_shapes: Any, label_shapes: Any
) -> tuple[list[DataDesc], list[DataDesc]]:
    """Descriptions of data and labels; ParamError if the data are not those of `module`."""
    data, labels = described(data_shapes), described(label_shapes)
    if sorted(d.name for d in data) != sorted(module.data_names):
        raise ParamError(
            explain(
                f"the data are named {[d.name for d in data]}.",
                f"the module's data_names, {module.data_names}.",
                "name the data so, or mx.mod.Module(symbol, data_names=[...])",
            )
        )
    names = [d.name for d in labels]
    if labels and sorted(names) != sorted(module.label_names):
        text = "Module: the labels are named %s, label_names is %s."
        module.logger.warning(text, names, module.label_names)
    return data, labels


def workload(given: Sequence[float] | None, count: int) -> list[float]:
    """Shares of the batch, equal if none are given."""
    if given is None:
        return [1.0] * count
    if len(given) != count:
        raise ParamError(f"Module: work_load_list has {len(given)} entries for {count} devices.")
    return list(given)


def split_batch(batch_size: int, workload: Sequence[float]) -> list[slice]:
    """Cut ``range(batch_size)`` in proportion to `workload`."""
    total = sum(workload)
    ends = [round(batch_size * sum(workload[: i + 1]) / total) for i in range(len(workload))]
    slices = [slice(a, b) for a, b in zip([0, *ends], ends, strict=False)]
    if len(slices) > 1 and any(s.start == s.stop for s in slices):
        raise ParamError(
            explain(
                f"a batch of {batch_size} cannot be cut for {len(slices)} devices.",
                "at least one sample for each.",
            )
        )
    return slices


def groups(given: Any, count: int) -> list[dict[str, Any] | None]:
    """One mapping of ``ctx_group`` to device for each context."""
    if given is None:
        return [None] * count
    if isinstance(given, dict):
        return [
            {n: d[i] if isinstance(d, (list, tuple)) else d for n, d in given.items()}
            for i in range(count)
        ]
    if len(given) != count:
        raise ParamError(f"Module: group2ctxs has {len(given)} entries for {count} devices.")
    return list(given)


def _whole(batches: Sequence[Any], part: str, i: int, axis: int) -> tuple[int, ...]:
    """Shape of array `i` of the whole batch, which may come in one piece per device."""
    shapes = [tuple(getattr(batch, part)[i].shape) for batch in batches]
    if len(shapes) == 1 or axis < 0:
        return shapes[0]
    total = sum(shape[axis] for shape in shapes)
    return (*shapes[0][:axis], total, *shapes[0][axis + 1 :])


def shapes_of(data_batch: Any, group: Any) -> tuple[list[DataDesc], list[DataDesc] | None] | None:
    """Descriptions of a batch's data and labels; None if they have the shapes `group` is bound for.

    Parameters
    ----------
    data_batch : DataBatch, or list of DataBatch (one per device)
    group : DataParallelExecutorGroup
    """
    # programs make batches of one field, data, from a namedtuple: a tuple is one batch
    batches = data_batch if isinstance(data_batch, list) else [data_batch]
    shapes = [_whole(batches, "data", i, axis) for i, axis in enumerate(group.data_axes)]
    if shapes == [tuple(d.shape) for d in group.data_shapes]:
        return None
    batch = batches[0]
    if len(batches) == 1 and getattr(batch, "provide_data", None):
        data, labels = batch.provide_data, getattr(batch, "provide_label", None)
    else:
        data, labels = _reshaped(group.data_shapes, shapes), None
    if not labels and getattr(batch, "label", None):
        sizes = [_whole(batches, "label", i, axis) for i, axis in enumerate(group.label_axes)]
        labels = _reshaped(group.label_shapes, sizes)
    return data, labels


def _reshaped(descs: Sequence[DataDesc], shapes: Sequence[tuple[int, ...]]) -> list[DataDesc]:
    return [
        DataDesc(d.name, shape, d.dtype, d.layout) for d, shape in zip(descs, shapes, strict=True)
    ]


def fill(desc: InitDesc, array: Any, given: Any, initializer: Any, *, missing_ok: bool) -> None:
    """Give one parameter its first value."""
    if given is not None and str(desc) in given:
        array._overwrite(given[str(desc)].astype(array.dtype))
        return
    if given is not None and not missing_ok:
        raise ParamError(
            explain(
                f"no value was given for parameter {str(desc)!r}.",
                "values for all parameters.",
                "allow_missing=True, to initialize those that are missing",
            )
        )
    if initializer is None:
        return
    if array.stype == "default":
        initializer(desc, array)
        return
    dense = array.todense()
    initializer(desc, dense)
    array._overwrite(dense)


def without_pad(out: Any, pad: int | None) -> Any:
    """`out` without the `pad` samples at its end that only fill up the batch."""
    return out[: out.shape[0] - pad] if pad else out


def joined(batches: list[list[Any]], *, as_list: bool) -> Any:
    """Outputs of many batches along the first axis."""
    counts = {len(outputs) for outputs in batches}
    if len(counts) > 1:
        raise ShapeError(
            explain(
                f"batches have different numbers of outputs: {sorted(counts)}.",
                "the same number.",
                "predict(..., merge_batches=False)",
            )
        )
    joined = [nd.concat(*column, dim=0) for column in zip(*batches, strict=True)]
    return joined if as_list or len(joined) > 1 else joined[0]
