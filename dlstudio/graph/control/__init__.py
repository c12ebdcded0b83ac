"""Loops and branches inside graphs: operators whose attributes hold graphs of their own.

A symbol holds ``_foreach``, ``_while_loop`` and ``_cond`` nodes with symbols inside, as MXNet's
files do (`operators`, made by `compose`, or by `capture` from ordinary array code). Lowering turns
them into two operators of the compiler, a loop and a branch over graphs (`loops`, `lowering`);
`differentiate` writes their gradients, `bodies` compiles the inner graphs, and `run` executes them.
"""
