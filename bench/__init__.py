"""`make bench`: measures the figures that `docs/performance.md` promises, in one run, as ratios where that is fair.

Everything is real: PostgreSQL as the embedded default runs it (durable), the services as processes of their own,
load over HTTP on loopback from this process. It prints a table and asserts nothing about time.
"""
