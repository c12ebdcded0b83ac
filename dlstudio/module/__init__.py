"""`mx.mod`: symbols with data, parameters and an optimizer, ready to train."""

from dlstudio.module.base_module import BaseModule
from dlstudio.module.bucketing_module import BucketingModule
from dlstudio.module.module import Module
from dlstudio.module.python_module import PythonLossModule, PythonModule
from dlstudio.module.sequential_module import SequentialModule

__all__ = [
    "BaseModule",
    "BucketingModule",
    "Module",
    "PythonLossModule",
    "PythonModule",
    "SequentialModule",
]
