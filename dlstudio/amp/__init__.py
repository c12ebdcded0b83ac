"""`mx.contrib.amp`, also `mx.amp`: automatic mixed precision.

Heavy operators (products of matrices, convolutions) run in 16 bits, delicate ones (exponentials,
norms, losses) in 32. Parameters stay in 32 bits. What each operator wants stands in its entry of
the operator table; `list_lp16_ops` and its sisters read it off.

Training, with a loss scaled so that small gradients do not vanish in float16::

    amp.init()
    net.hybridize()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    amp.init_trainer(trainer)
    for x, y in batches:
        with autograd.record():
            loss = loss_of(net(x), y)
            with amp.scale_loss(loss, trainer) as scaled:
                autograd.backward(scaled)
        trainer.step(len(x))

Inference::

    net = amp.convert_hybrid_block(net)

``print(net.plan().graph.explain("amp"))`` lists the casts. bfloat16 needs the package `ml_dtypes`.
"""

from dlstudio.amp.convert import convert_hybrid_block, convert_model, convert_symbol
from dlstudio.amp.lists import (
    list_conditional_fp32_ops,
    list_fp32_ops,
    list_loss_output_functions,
    list_lp16_fp32_ops,
    list_lp16_ops,
    list_lp16_use_fp32_params,
    list_widest_type_cast,
)
from dlstudio.amp.scaler import LossScaler
from dlstudio.amp.switch import init, stop
from dlstudio.amp.training import init_trainer, scale_loss, unscale

__all__ = [
    "LossScaler",
    "convert_hybrid_block",
    "convert_model",
    "convert_symbol",
    "init",
    "init_trainer",
    "list_conditional_fp32_ops",
    "list_fp32_ops",
    "list_loss_output_functions",
    "list_lp16_fp32_ops",
    "list_lp16_ops",
    "list_lp16_use_fp32_params",
    "list_widest_type_cast",
    "scale_loss",
    "stop",
    "unscale",
]
