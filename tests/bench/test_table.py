"""Tables are Markdown, and line up in a terminal."""

from bench.table import render


def test_a_table_lines_up() -> None:
    """Numbers stand below each other, whatever their length."""
    table = render(("", "N", "ratio"), [("rollout", "1,000", "1.2"), ("refresh", "5", "1.25")])

    assert table.splitlines() == [
        "|         |     N | ratio |",
        "| ------- | ----: | ----: |",
        "| rollout | 1,000 |   1.2 |",
        "| refresh |     5 |  1.25 |",
    ]
