"""A small training, run as a program by the tests that kill it.

Arguments: folder, file for the final weights, where to hold: ``never``, ``batch:12`` (before the
checkpoint of that batch, counted from this process's start) or ``write:3`` (in the third
checkpoint, when weights and optimizer states are written and the progress is not).
"""

import random
import sys

import numpy as np

import dlstudio as mx
from dlstudio import gluon
from dlstudio.gluon import nn
from dlstudio.gluon.contrib import estimator as es

EPOCHS = 4


def hold():
    print("held", flush=True)
    sys.stdin.read()  # until killed


class Holder(es.BatchEnd):
    def __init__(self, at):
        self.left = at

    def batch_end(self, estimator, *args, **kwargs):
        self.left -= 1
        if self.left == 0:
            hold()


class HeldCheckpoints(es.CheckpointHandler):
    left = 0

    def _save_weights(self, estimator, name):
        super()._save_weights(estimator, name)
        self.left -= 1
        if self.left == 0:
            hold()


class Jitter(gluon.data.Dataset):
    """Real numbers with noise from both global generators, as augmentation draws it."""

    def __init__(self):
        source = np.random.default_rng(5)
        self.data = source.normal(size=(38, 6)).astype("float32")

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        noise = np.random.normal(scale=0.1) + random.gauss(0, 0.1)
        return self.data[index] + np.float32(noise), np.float32(self.data[index].sum() > 0)


def make():
    mx.random.seed(7)
    np.random.seed(8)
    random.seed(9)
    net = nn.HybridSequential()
    net.add(
        nn.Dense(8, activation="tanh"), nn.BatchNorm(), nn.Dropout(0.4), nn.Dense(2, in_units=8)
    )
    net.initialize(mx.init.Xavier())
    net.hybridize()
    schedule = mx.lr_scheduler.FactorScheduler(step=9, factor=0.7, base_lr=0.02)
    settings = {"learning_rate": 0.02, "lr_scheduler": schedule}
    trainer = gluon.Trainer(net.collect_params(), "adam", settings)
    return es.Estimator(net, gluon.loss.SoftmaxCrossEntropyLoss(), trainer=trainer)


def main():
    folder, result, where = sys.argv[1:]
    kind, _, number = where.partition(":")
    estimator = make()
    data = Jitter()
    loader = gluon.data.DataLoader(data, 4, shuffle=True, last_batch="rollover")
    checkpoints = HeldCheckpoints(
        folder, batch_period=2, resume_from_checkpoint=True, max_checkpoints=3
    )
    checkpoints.left = int(number) if kind == "write" else 0
    stopper = es.EarlyStoppingHandler(
        estimator.val_metrics[1], patience=EPOCHS, restore_best_weights=True
    )
    holder = Holder(int(number) if kind == "batch" else 0)
    held_out = gluon.data.DataLoader(data, 8)
    estimator.fit(loader, held_out, EPOCHS, [checkpoints, stopper, holder])
    values = {k: p.data() for k, p in estimator.net._collect_params_with_prefix().items()}
    for metric in (*estimator.train_metrics, *estimator.val_metrics):
        values[metric.name] = mx.nd.array([metric.get()[1]], dtype="float64")
    values["draws"] = mx.nd.array([np.random.random(), random.random()], dtype="float64")
    values["dropout"] = mx.nd.random.uniform(shape=(3,))
    mx.nd.save(result, values)


if __name__ == "__main__":
    main()
