"""A debugger for plans: run to an operator, look at what it read and wrote, go on.

======================  ==========================================================================
`start`                 `debug`: from an executor or a block to a debugger
`debugger`              `Debugger`: the commands
`looking`               and what may be looked at while it stands
`here`                  the step it stands at, and the text around it
`stops`                 where to stop: names, indices, conditions; breakpoints
`values`                arrays with their places, statistics and tables of them
`walk`                  one half of a plan, run one equation at a time
`runs`                  what is debugged: an executor, or one call of a compiled block
======================  ==========================================================================
"""

from dlstudio.graph.debugging.debugger import Debugger
from dlstudio.graph.debugging.start import debug
from dlstudio.graph.debugging.stops import gradient_norm_above, not_finite

__all__ = ["Debugger", "debug", "gradient_norm_above", "not_finite"]
