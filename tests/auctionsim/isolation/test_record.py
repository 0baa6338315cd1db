from __future__ import annotations

import pytest

from auctionsim.isolation.record import Call, Record


@pytest.mark.parametrize("in_memory", [1, 1 << 20])
def test_all_is_kept_in_order(monkeypatch: pytest.MonkeyPatch, in_memory: int) -> None:
    monkeypatch.setattr("auctionsim.isolation.record._IN_MEMORY", in_memory)
    said = [(None, b"all"), (Call("ask", 3, 1), b"x" * 1000), (Call("tell", 0, 2, 5), b"")]
    record = Record()
    assert list(record) == []
    for call, data in said:
        record.add(call, data)
    assert list(record) == said
    record.add(None, b"more")
    assert list(record) == [*said, (None, b"more")]
    record.close()
    assert list(record) == []
