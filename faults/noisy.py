"""A worker whose bus repeats, shuffles and drops (F16)."""
