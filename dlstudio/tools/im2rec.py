"""``python …/tools/im2rec.py prefix root``: the command ``dlstudio im2rec``, run by its path.

It stands in a folder of its own, since Python would otherwise take dlstudio's modules for those of
the standard library that bear the same names.
"""

import sys

from dlstudio.im2rec import main

if __name__ == "__main__":
    sys.exit(main())
