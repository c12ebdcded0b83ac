"""Optimizers: how gradients change weights."""

import sys
from typing import TYPE_CHECKING

from dlstudio.errors import lookup_that_teaches
from dlstudio.optimizer.adam import FTML, LAMB, Adam, Adamax, Nadam
from dlstudio.optimizer.adaptive import AdaDelta, AdaGrad, Ftrl, RMSProp
from dlstudio.optimizer.contrib import GroupAdaGrad
from dlstudio.optimizer.decoupled import LANS, AdaBelief, AdamW, Lion
from dlstudio.optimizer.layerwise import LARS, LBSGD
from dlstudio.optimizer.optimizer import Optimizer, create, register
from dlstudio.optimizer.sgd import DCASGD, NAG, SGD, SGLD, Signum, Test, ccSGD
from dlstudio.optimizer.updater import Updater, get_updater

__all__ = [
    "DCASGD",
    "FTML",
    "LAMB",
    "LANS",
    "LARS",
    "LBSGD",
    "NAG",
    "SGD",
    "SGLD",
    "AdaBelief",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "GroupAdaGrad",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSProp",
    "Signum",
    "Test",
    "Updater",
    "ccSGD",
    "create",
    "get_updater",
    "register",
]

# MXNet's modules inside this one, which have one class each
_FILES = """adabelief adadelta adagrad adamW adamax dcasgd ftml ftrl lamb lans lars nadam nag
rmsprop sgld signum utils"""
vars().update(dict.fromkeys(_FILES.split(), sys.modules[__name__]))

if not TYPE_CHECKING:  # a type checker shall know which names there are
    __getattr__ = lookup_that_teaches("mx.optimizer", globals())
