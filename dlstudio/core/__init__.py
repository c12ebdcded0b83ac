"""The engine: tensors, devices, dispatch, tape. No operator is named here."""
