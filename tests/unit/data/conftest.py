"""Images that tests of data share."""

import numpy as np
import pytest


@pytest.fixture
def photo():
    """A smooth colour image with different height and width."""
    rows, columns = np.mgrid[0:20, 0:30]
    planes = [rows * 10, columns * 8, (rows + columns) * 5]
    return np.stack(planes, axis=-1).astype(np.uint8)
