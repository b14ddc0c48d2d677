"""Tests of the exporter and the oracle: ``python -m unittest`` in ``export-scripts``."""
