"""Keys go to the partitions that the Java Kafka clients would choose."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.partition import PARTITIONS, murmur2, partition


# From the Java client's own test of Utils.murmur2.
@pytest.mark.parametrize(
    ("data", "signed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_agrees_with_the_java_client(data: bytes, signed: int) -> None:
    assert murmur2(data) == signed & 0xFFFFFFFF


# One of each remainder of the length by four; computed once, fixed for ever: a change would break the order per key.
@pytest.mark.parametrize(
    ("key", "part"),
    [("foobar", (-790332482 & 0x7FFFFFFF) % 12), ("abc", 479470107 % 12), ("21", (-973932308 & 0x7FFFFFFF) % 12)],
)
def test_the_sign_is_masked_as_the_java_client_does(key: str, part: int) -> None:
    assert partition(key) == part


@given(st.text(max_size=80))
def test_every_key_has_a_partition(key: str) -> None:
    assert 0 <= partition(key) < PARTITIONS
    assert partition(key) == partition(key)


def test_keys_spread_over_all_partitions() -> None:
    counts = [0] * PARTITIONS
    for n in range(12_000):
        counts[partition(str(UUID(int=n * 0x9E3779B97F4A7C15 % 2**128)))] += 1
    assert min(counts) > 800
    assert max(counts) < 1200
