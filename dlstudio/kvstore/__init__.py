"""The key-value store: where values of several devices of this process are added up and shared.

Distributed stores of MXNet (``dist_sync``, ``nccl``, ``horovod``) are doors to other machines;
asking for one here says so.
"""

from dlstudio.kvstore import base, kvstore_server, local
from dlstudio.kvstore.base import KVStoreBase, TestStore
from dlstudio.kvstore.kvstore_server import KVStoreServer
from dlstudio.kvstore.local import KVStore, create

__all__ = [
    "KVStore", "KVStoreBase", "KVStoreServer", "TestStore", "base", "create", "kvstore",
    "kvstore_server",
]  # fmt: skip

kvstore = local  # MXNet's name of that module
