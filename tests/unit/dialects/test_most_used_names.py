"""The tensor names that real MXNet programs use most (the first 300 by count) all exist."""

from __future__ import annotations

import functools

import pytest

import dlstudio as mx

# F stands for both mx.nd and mx.sym
FUNCTIONS = """
mx.nd.array mx.np.array mx.sym.Variable mx.nd.zeros mx.nd.ones F.concat mx.sym.Activation
mx.np.random.uniform mx.sym.Convolution mx.npx.set_np mx.nd.random.uniform mx.sym.FullyConnected
mx.nd.NDArray mx.np.arange mx.np.ones F.slice_axis mx.nd.random.normal mx.np.zeros
mx.np.random.normal mx.nd.concat F.broadcast_mul mx.nd.waitall mx.nd.empty mx.sym.Pooling
mx.nd.arange F.ones_like F.reshape F.expand_dims mx.np.float32 mx.sym.BatchNorm mx.random.seed
F.where mx.np.expand_dims F.batch_dot F.zeros_like mx.sym.var mx.np.sqrt mx.np.int32 F.stack
F.broadcast_add F.sum mx.nd.sum F.Activation mx.np.concatenate mx.np.float64 mx.sym.SoftmaxOutput
mx.sym.Group mx.random.uniform mx.np.int64 F.transpose mx.sym.Reshape mx.np.sum mx.np.float16
mx.sym.Concat mx.np.dot mx.np.exp F.maximum F.broadcast_div mx.nd.batch_dot mx.nd.dot F.split
mx.np.log F.zeros mx.nd.stack F.broadcast_like mx.npx.relu mx.sym.Dropout mx.np.pi mx.npx.waitall
mx.nd.norm F.softmax F.log mx.nd.expand_dims F.FullyConnected mx.np.ndarray mx.sym.Flatten
F.gather_nd F.squeeze mx.np.mean mx.nd.full mx.nd.transpose mx.nd.clip mx.nd.where
mx.sym.Embedding mx.sym.SliceChannel mx.npx.batch_dot mx.nd.load mx.sym.Symbol mx.nd.topk
mx.sym.sum F.mean F.take mx.nd.save mx.nd.ones_like mx.nd.zeros_like F.sigmoid F.arange
mx.np.squeeze F.abs mx.np.square F.swapaxes mx.sym.reshape mx.np.int8 mx.sym.Cast mx.np.sin
""".split()
METHODS = """
shape asnumpy reshape astype dtype sum expand_dims backward split ctx grad as_in_context size
asscalar mean squeeze attach_grad slice_axis transpose T context copy log tolist ndim copyto
repeat relu slice clip max as_np_ndarray flatten swapaxes tostype zeros_like wait_to_read argmax
ones_like dot stype take exp sqrt as_nd_ndarray abs sigmoid pad square broadcast_like detach item
sort min one_hot norm
""".split()
NUMPY_METHODS = ["all", "std", "as_in_ctx"]
SYMBOL_METHODS = """
bind infer_shape list_arguments save simple_bind tojson list_outputs sum reshape transpose softmax
""".split()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_exists(name):
    head, *path = name.split(".")
    for start in (mx.nd, mx.sym) if head == "F" else (mx,):
        assert functools.reduce(getattr, path, start) is not None


@pytest.mark.parametrize(
    ("cls", "names"),
    [(mx.nd.NDArray, METHODS), (mx.np.ndarray, NUMPY_METHODS), (mx.sym.Symbol, SYMBOL_METHODS)],
    ids=["NDArray", "ndarray", "Symbol"],
)
def test_methods_exist(cls, names):
    assert [n for n in names if not hasattr(cls, n)] == []


def test_where_masks_are_refused_instead_of_ignored():
    x = mx.np.ones(2)
    assert mx.np.exp(x, where=True).shape == (2,)
    with pytest.raises(mx.MXNetError, match="where"):
        mx.np.exp(x, where=x > 1)
