"""Programs that scripts run by their path, as they do MXNet's ``tools/im2rec.py``."""
