"""The second bus: the same events through Apache Kafka, for many nodes and for other organisations as subscribers.

`wire` says how a journal row looks as a Kafka record, `sender` carries the journal to its topic, `bus` and `merge`
hand records out again in the order of the journal, `progress` brings word back of how far each group is, `topics`
creates what they all use. `docs/adr/0009-kafka-by-position.md` gives the reasons.
"""
