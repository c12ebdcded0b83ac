"""What MXNet's tutorials reach for in a module although its name begins with an underscore."""

from __future__ import annotations

from typing import Any

__all__ = ["Reached"]


class Reached:
    """Attributes of `Module` that programs know from MXNet's own implementation."""

    _loaded: tuple[dict[str, Any], dict[str, Any]] | None
    _learning: Any
    binded: bool
    params_initialized: bool
    data_shapes: Any
    label_shapes: Any
    get_params: Any

    @property
    def _optimizer(self) -> Any:
        """For a change of the rate in the middle; None before `init_optimizer`."""
        return self._learning and self._learning.optimizer

    @property
    def _data_shapes(self) -> Any:
        return self.data_shapes if self.binded else None

    @property
    def _label_shapes(self) -> Any:
        """For ``bind(..., label_shapes=mod._label_shapes)``; None before `bind`."""
        return self.label_shapes if self.binded else None

    @property
    def _arg_params(self) -> dict[str, Any] | None:
        return self.get_params()[0] if self.params_initialized else None

    @_arg_params.setter
    def _arg_params(self, given: dict[str, Any]) -> None:
        self._loaded = given, self._loaded[1] if self._loaded else {}

    @property
    def _aux_params(self) -> dict[str, Any] | None:
        return self.get_params()[1] if self.params_initialized else None

    @_aux_params.setter
    def _aux_params(self, given: dict[str, Any]) -> None:
        self._loaded = self._loaded[0] if self._loaded else {}, given
