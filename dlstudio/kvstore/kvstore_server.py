"""The server's part of a store that spans processes."""

from __future__ import annotations

from typing import Any

from dlstudio.errors import ParamError, explain

__all__ = ["KVStoreServer"]


class KVStoreServer:
    """Where MXNet runs the server of a distributed store; here all stores are in one process.

    Parameters
    ----------
    kvstore : KVStore
    """

    def __init__(self, kvstore: Any) -> None:
        self.kvstore = kvstore

    def run(self) -> None:
        """Refuse.

        Raises
        ------
        ParamError
            Always: there are no workers to serve.
        """
        raise ParamError(
            explain(
                f"kvstore {self.kvstore.type!r} is within one process and has no server.",
                fix="train in one process, on several devices: gluon.utils.split_and_load",
            )
        )
