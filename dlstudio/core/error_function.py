"""A fit of the error function for 32 bits, shared by the operator and the compiled kernels.

``erf(x) / x = P(x²) / Q(x²)`` for |x| <= FLAT with a relative error of 1.9e-8; beyond, float32
knows nothing but 1. Highest powers first.
"""

FLAT = 3.92
P = (2.0500853e-06, 0.000284880607, 0.00376556029, 0.0527485437, 0.19040527, 1.12837915)
Q = (3.80915838e-05, 0.00116252022, 0.0149691031, 0.114108598, 0.502075018, 1.0)
