"""What was counted or measured again and again: series for forecasting."""

from __future__ import annotations

from typing import Any, NamedTuple

from dlstudio.errors import ParamError, explain
from dlstudio.gluon.data.datasets.files import Package, reading
from dlstudio.gluon.data.datasets.series import AEON
from dlstudio.gluon.data.datasets.tables import STATSMODELS, VEGA_DATASETS, read_columns

__all__ = ["OBSERVATIONS", "observations"]

Array = Any


class _Series(NamedTuple):
    """Where a series lies and what it holds.

    Attributes
    ----------
    by_row : bool
        Whether a row holds the moments of a year, one after the other, rather than one moment.
    """

    package: Package
    parts: tuple[str, ...]
    columns: tuple[str, ...]
    about: str
    source: str
    by_row: bool = False


def _of_statsmodels(
    name: str, columns: str, about: str, source: str, by_row: bool = False
) -> _Series:
    parts = ("datasets", name, f"{name}.csv")
    return _Series(STATSMODELS, parts, tuple(columns.split()), about, source, by_row)


def _of_vega(name: str, columns: str, about: str, source: str) -> _Series:
    return _Series(VEGA_DATASETS, ("_data", f"{name}.csv"), tuple(columns.split()), about, source)


def _of_aeon(name: str, column: str, about: str, source: str) -> _Series:
    return _Series(AEON, ("datasets", "data", name, f"{name}.csv"), (column,), about, source)


_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"
_ECONOMY = "realgdp realcons realinv realgovt realdpi cpi m1 tbilrate unemp pop infl realint"
_JOBS = (
    "nonfarm private goods_producing service_providing construction manufacturing retail_trade "
    "information financial_activities leisure_and_hospitality government"
)
_NOAA = "NOAA, public domain"
OBSERVATIONS = {
    "airline": _of_aeon(
        "Airline", "Passengers", "thousands of passengers, monthly, 1949-1960", "Box and Jenkins"
    ),
    "co2": _of_statsmodels(
        "co2", "co2", "CO2 in the air of Mauna Loa (ppm), weekly, gaps", "Keeling, public domain"
    ),
    "elnino": _of_statsmodels(
        "elnino", _MONTHS, "the Pacific in degrees Celsius, monthly, 1950-2010", _NOAA, by_row=True
    ),
    "lynx": _of_aeon("Lynx", "0", "lynxes trapped in Canada, yearly, 1821-1934", "Elton"),
    "macrodata": _of_statsmodels(
        "macrodata", _ECONOMY, "the economy of the USA, quarterly, 1959-2009", "FRED, public domain"
    ),
    "nile": _of_statsmodels(
        "nile", "volume", "flow of the Nile, yearly, 1871-1970", "Cobb 1978, public domain"
    ),
    "seattle_temps": _of_vega("seattle-temps", "temp", "degrees Fahrenheit, hourly, 2010", _NOAA),
    "sf_temps": _of_vega("sf-temps", "temp", "degrees Fahrenheit, hourly, 2010", _NOAA),
    "sunspots": _of_statsmodels(
        "sunspots", "SUNACTIVITY", "spots on the sun, yearly, 1700-2008", _NOAA
    ),
    "us_employment": _of_vega(
        "us-employment", _JOBS, "thousands of jobs, monthly, 2006-2015", "BLS, public domain"
    ),
}


def observations(name: str) -> Array:
    """Return a real series of measurements, in order of time: for forecasting.

    Parameters
    ----------
    name : str
        A key of `OBSERVATIONS`, which tells what each is about, its columns and its source:
        "airline", "co2", "elnino", "lynx", "macrodata", "nile", "seattle_temps", "sf_temps",
        "sunspots" or "us_employment".

    Returns
    -------
    numpy.ndarray, shape (T, C), dtype float32
        C values at each of T moments; NaN where nothing was measured.

    Raises
    ------
    MissingExtraError
        If the package that carries it is not installed.
    ParamError
        If there is no such series.

    Examples
    --------
    Predict a year from the ten before it:

    >>> import numpy as np
    >>> spots = observations("sunspots")[:, 0]  # doctest: +SKIP
    >>> windows = np.lib.stride_tricks.sliding_window_view(spots, 11)  # doctest: +SKIP
    >>> data, label = windows[:, :-1], windows[:, -1]  # doctest: +SKIP

    References
    ----------
    ``OBSERVATIONS[name].source``. Read from data files of statsmodels (BSD-3-Clause),
    vega_datasets (MIT) and aeon (BSD-3-Clause), which are not imported.
    """
    if name not in OBSERVATIONS:
        raise ParamError(
            explain(f"observations: got name={name!r}.", f"one of {', '.join(OBSERVATIONS)}.")
        )
    series = OBSERVATIONS[name]
    path = series.package.file(*series.parts, needed_by="observations")
    with reading(path, f"a table with the columns {', '.join(series.columns)}", series.package):
        table = read_columns(path, series.columns)
    return table.reshape(-1, 1) if series.by_row else table
