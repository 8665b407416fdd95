"""`make faults`: breaks the platform in every way of a list, under load, and shows what was lost, doubled or disordered.

Everything is real: PostgreSQL as the embedded default runs it (durable), the services as processes of their own,
load over HTTP on loopback from a process that writes down what it was told. The verdict is read from the databases,
not from the application. The suite writes its own results into `docs/reliability.md`.
"""
