"""Symbols, the passes that rewrite their graphs, the memory plan, and the compiler."""
