"""The parts of `benchmarks/run_cost.py`."""
