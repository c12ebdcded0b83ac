"""Small tables: one row per sample, one column per feature."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlstudio.gluon.data.dataset import ArrayDataset
from dlstudio.gluon.data.datasets.files import Package, reading

__all__ = [
    "SCIKIT_LEARN",
    "STATSMODELS",
    "VEGA_DATASETS",
    "TableDataset",
    "breast_cancer",
    "cars",
    "diabetes",
    "doctor_visits",
    "iris",
    "penguins",
    "read_columns",
    "seattle_weather",
    "wine",
]

Array = Any

SCIKIT_LEARN = Package("sklearn", '"dlstudio[sklearn]"')
PALMERPENGUINS = Package("palmerpenguins", "--no-deps palmerpenguins")
STATSMODELS = Package("statsmodels", "--no-deps statsmodels")
VEGA_DATASETS = Package("vega_datasets", "--no-deps vega_datasets")


class TableDataset(ArrayDataset):
    """Rows of a table: samples are pairs (features, label).

    Attributes
    ----------
    features : numpy.ndarray, shape (samples, features), float32
    labels : numpy.ndarray, shape (samples,)
        int32 numbers of classes, or float32 values.
    feature_names : list of str
    class_names : list of str
        Empty where the labels are values.
    """

    def __init__(
        self, features: Array, labels: Array, names: Sequence[str], classes: Sequence[str] = ()
    ) -> None:
        super().__init__(features, labels)
        self.features, self.labels = features, labels
        self.feature_names, self.class_names = list(names), list(classes)


def iris() -> TableDataset:
    """150 flowers of three species, 50 of each: 4 lengths in cm, and the species.

    Returns
    -------
    TableDataset
        Features of shape (150, 4), labels of 3 classes. Nothing is split: see
        `gluon.data.train_test_split` and `gluon.data.k_fold`.

    Raises
    ------
    MissingExtraError
        If scikit-learn is not installed.

    Examples
    --------
    >>> flowers = iris()
    >>> flowers.features.shape, flowers.class_names
    ((150, 4), ['setosa', 'versicolor', 'virginica'])

    References
    ----------
    Fisher, "The Use of Multiple Measurements in Taxonomic Problems", 1936; UCI Machine Learning
    Repository (CC BY 4.0). Read from the data file of scikit-learn (BSD-3-Clause).
    """
    lengths = ("sepal length", "sepal width", "petal length", "petal width")
    return _classified("iris", "iris.csv", lengths)


def wine() -> TableDataset:
    """178 wines from three growers: 13 chemical measurements, and the grower.

    Returns
    -------
    TableDataset
        Features of shape (178, 13), labels of 3 classes.

    Raises
    ------
    MissingExtraError
        If scikit-learn is not installed.

    References
    ----------
    Aeberhard and Forina, "Wine", UCI Machine Learning Repository, 1992 (CC BY 4.0). Read from the
    data file of scikit-learn (BSD-3-Clause).
    """
    measured = (
        "alcohol", "malic acid", "ash", "alcalinity of ash", "magnesium", "total phenols",
        "flavanoids", "nonflavanoid phenols", "proanthocyanins", "color intensity", "hue",
        "od280/od315 of diluted wines", "proline",
    )  # fmt: skip
    return _classified("wine", "wine_data.csv", measured)


def breast_cancer() -> TableDataset:
    """569 tumours: 30 measurements of cell nuclei, and whether the tumour was malignant (0).

    Returns
    -------
    TableDataset
        Features of shape (569, 30), labels 0 (malignant, 212) and 1 (benign, 357).

    Raises
    ------
    MissingExtraError
        If scikit-learn is not installed.

    References
    ----------
    Wolberg, Mangasarian, Street and Street, "Breast Cancer Wisconsin (Diagnostic)", UCI Machine
    Learning Repository, 1993 (CC BY 4.0). Read from the data file of scikit-learn (BSD-3-Clause).
    """
    measured = (
        "radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity",
        "concave points", "symmetry", "fractal dimension",
    )  # fmt: skip
    names = [f"{how} {what}" for how in ("mean", "error of", "worst") for what in measured]
    return _classified("breast_cancer", "breast_cancer.csv", names)


def diabetes() -> TableDataset:
    """442 patients: 10 measurements, and how far diabetes had progressed a year later.

    Returns
    -------
    TableDataset
        Features of shape (442, 10) in their own units, labels float32 from 25 to 346.

    Raises
    ------
    MissingExtraError
        If scikit-learn is not installed.

    References
    ----------
    Efron, Hastie, Johnstone and Tibshirani, "Least Angle Regression", Annals of Statistics, 2004.
    Read from the data files of scikit-learn (BSD-3-Clause).
    """
    folder = SCIKIT_LEARN.file("datasets", "data", needed_by="diabetes")
    with reading(folder, "two tables of 442 rows", SCIKIT_LEARN):
        features = np.loadtxt(folder / "diabetes_data_raw.csv.gz", dtype=np.float32)
        labels = np.loadtxt(folder / "diabetes_target.csv.gz", dtype=np.float32)
    return TableDataset(features, labels, "age sex bmi bp s1 s2 s3 s4 s5 s6".split())


def _classified(name: str, file: str, feature_names: Sequence[str]) -> TableDataset:
    """Read scikit-learn's form: a line "rows,columns,classes…", then features and label."""
    path = SCIKIT_LEARN.file("datasets", "data", file, needed_by=name)
    with reading(path, "a table with the class in its last column", SCIKIT_LEARN):
        with path.open(encoding="utf-8") as text:
            rows, columns, *classes = next(text).strip().split(",")
            table = np.loadtxt(text, delimiter=",", dtype=np.float64)
        table = table.reshape(int(rows), int(columns) + 1)
    features = table[:, :-1].astype(np.float32)
    return TableDataset(features, table[:, -1].astype(np.int32), feature_names, classes)


_PENGUIN_NUMBERS = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")


def penguins(transform: Callable[[Array], Array] | None = None) -> TableDataset:
    """344 penguins of three species; unlike `iris`, with gaps as real tables have them.

    Parameters
    ----------
    transform : callable, optional
        From the table of features (344, 4) to another, for example one without gaps.

    Returns
    -------
    TableDataset
        Features (344, 4): bill length, bill depth and flipper length in mm, mass in g; NaN where
        two penguins could not be measured. Labels of 3 classes.

    Raises
    ------
    MissingExtraError
        If palmerpenguins is not installed.

    References
    ----------
    Gorman, Williams and Fraser, "Ecological Sexual Dimorphism and Environmental Variability
    within a Community of Antarctic Penguins", PLoS ONE, 2014 (CC0). Read from the data file of
    palmerpenguins (MIT).
    """
    path = PALMERPENGUINS.file("data", "penguins.csv", needed_by="penguins")
    with reading(path, "a table with a column 'species'", PALMERPENGUINS):
        features = read_columns(path, _PENGUIN_NUMBERS)
        labels, species = _classes(path, "species")
    features = features if transform is None else transform(features)
    return TableDataset(features, labels, _PENGUIN_NUMBERS, species)


_CAR_NUMBERS = {
    "Cylinders": "cylinders",
    "Displacement": "displacement",
    "Horsepower": "horsepower",
    "Weight_in_lbs": "weight",
    "Acceleration": "acceleration",
}


def cars() -> TableDataset:
    """398 cars of 1970 to 1982: how far each goes on a gallon of fuel.

    Returns
    -------
    TableDataset
        Features (398, 9): cylinders, displacement in cubic inches, horsepower (NaN for the six
        cars where it is unknown), weight in pounds, seconds from 0 to 60 miles per hour, year,
        and one column each for Europe, Japan and the USA. Labels float32, miles per gallon.

    Raises
    ------
    MissingExtraError
        If vega_datasets is not installed.

    References
    ----------
    Donoho and Ramos, "PRIMDATA: Data Sets for Use With PRIM-H", 1982; UCI Machine Learning
    Repository, "Auto MPG" (CC BY 4.0). Read from the data file of vega_datasets (MIT), which is not
    imported.
    """
    path = VEGA_DATASETS.file("_data", "cars.json", needed_by="cars")
    with reading(path, "a list of cars with their Miles_per_Gallon", VEGA_DATASETS):
        rows = json.loads(path.read_text(encoding="utf-8"))
        rows = [row for row in rows if row["Miles_per_Gallon"] is not None]
        origins = sorted({row["Origin"] for row in rows})
        features = np.array([_car(row, origins) for row in rows], np.float32)
        labels = np.array([row["Miles_per_Gallon"] for row in rows], np.float32)
    names = [*_CAR_NUMBERS.values(), "year", *(origin.lower() for origin in origins)]
    return TableDataset(features, labels, names)


def _car(row: Mapping[str, Any], origins: Sequence[str]) -> list[float]:
    numbers = [np.nan if row[name] is None else row[name] for name in _CAR_NUMBERS]
    year = int(row["Year"].split("-")[0])
    return [*numbers, year, *(float(row["Origin"] == origin) for origin in origins)]


def seattle_weather() -> TableDataset:
    """1,461 days in Seattle, 2012 to 2015: four measurements, and what the weather was like.

    Returns
    -------
    TableDataset
        Features (1461, 4): precipitation in mm, highest and lowest temperature in degrees Celsius,
        wind in m/s. Labels of 5 classes: drizzle, fog, rain, snow, sun. Days follow each other.

    Raises
    ------
    MissingExtraError
        If vega_datasets is not installed.

    References
    ----------
    National Oceanic and Atmospheric Administration (public domain). Read from the data file of
    vega_datasets (MIT), which is not imported.
    """
    path = VEGA_DATASETS.file("_data", "seattle-weather.csv", needed_by="seattle_weather")
    measured = ("precipitation", "temp_max", "temp_min", "wind")
    with reading(path, "a table with a column 'weather'", VEGA_DATASETS):
        features = read_columns(path, measured)
        labels, classes = _classes(path, "weather")
    return TableDataset(features, labels, measured, classes)


def doctor_visits() -> TableDataset:
    """20,190 years of insured people: how often each saw a doctor; labels are counts.

    Returns
    -------
    TableDataset
        Features (20190, 9): the insurance (logarithm of the share that patients pay, plan with a
        deductible for each person, logarithms of the incentive and of the largest expense), and
        health (limitation, number of chronic diseases, rated good, fair, poor). Labels float32,
        0 … 77 visits.

    Raises
    ------
    MissingExtraError
        If statsmodels is not installed.

    References
    ----------
    RAND Health Insurance Experiment, in Cameron and Trivedi, "Microeconometrics: Methods and
    Applications", 2005 (public domain). Read from the data file of statsmodels (BSD-3-Clause),
    which is not imported.
    """
    names = "lncoins idp lpi fmde physlm disea hlthg hlthf hlthp".split()
    path = STATSMODELS.file("datasets", "randhie", "randhie.csv", needed_by="doctor_visits")
    with reading(path, "a table with a column 'mdvis'", STATSMODELS):
        table = read_columns(path, (*names, "mdvis"))
    return TableDataset(table[:, :-1], table[:, -1], names)


def read_columns(path: Path, columns: Sequence[str]) -> Array:
    """Read some columns of a CSV file as numbers, NaN for gaps: (rows, columns), float32."""
    rows = _named_rows(path)
    return np.array([[_number(row[name]) for name in columns] for row in rows], np.float32)


def _classes(path: Path, column: str) -> tuple[Array, list[str]]:
    """Number the words of a column in alphabetical order: (rows,) int32, and the words."""
    words, labels = np.unique([row[column] for row in _named_rows(path)], return_inverse=True)
    return labels.astype(np.int32), words.tolist()


def _named_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def _number(text: str) -> float:
    return float(text) if text not in ("", "NA") else float("nan")
