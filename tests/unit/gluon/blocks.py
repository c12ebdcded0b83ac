"""One network written in three styles, and data for it."""

import numpy as np

from dlstudio import gluon, nd
from dlstudio.gluon import nn

X = np.random.default_rng(0).normal(size=(4, 1, 8, 8)).astype("float32")
Y = np.array([0, 1, 2, 1], "float32")


class Legacy(gluon.HybridBlock):
    """Written for MXNet 1.x."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.conv = nn.Conv2D(3, 3)
            self.norm = nn.BatchNorm()
            self.out = nn.Dense(3)
            self.scale = self.params.get("scale", shape=(1, 3), init="ones")

    def hybrid_forward(self, F, x, scale):
        h = F.relu(self.norm(self.conv(x)))
        return F.broadcast_mul(self.out(F.max(h, axis=(2, 3))), scale)


class Modern(gluon.HybridBlock):
    """Written as in MXNet 2."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv = nn.Conv2D(3, 3)
        self.norm = nn.BatchNorm()
        self.out = nn.Dense(3)
        self.scale = gluon.Parameter("scale", shape=(1, 3), init="ones")

    def forward(self, x):
        h = nd.relu(self.norm(self.conv(x)))
        return self.out(h.max(axis=(2, 3))) * self.scale.data()


class Plain(gluon.Block):
    """Never compiled as a whole."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv = nn.Conv2D(3, 3)
        self.norm = nn.BatchNorm()
        self.out = nn.Dense(3)

    def forward(self, x):
        return self.out(nd.relu(self.norm(self.conv(x))).max(axis=(2, 3)))
