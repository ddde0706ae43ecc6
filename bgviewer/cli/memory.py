"""Where memory is limited, take what libraries need before exposures take the rest."""

from __future__ import annotations

from bgviewer.engine.system_limits import memory_limit
from bgviewer.errors import resource_errors

__all__ = ["hold_libraries"]

_SIDE = 200  # of a product that is large enough for BLAS to ask for its working memory


@resource_errors()
def hold_libraries() -> None:
    """Load what writes the report, and let BLAS have its memory: without it, it ends the process.

    Nothing is done where memory has no limit.

    Raises
    ------
    ResourceError
        There is not even that much.
    """
    if memory_limit() is None:
        return
    import numpy as np
    from astropy.io import fits  # noqa: F401
    from astropy.table import Table  # noqa: F401

    square = np.eye(_SIDE)
    np.linalg.solve(square @ square, square[0])
