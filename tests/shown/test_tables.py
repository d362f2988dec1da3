"""Texts of tables and sentences."""

from somagate.shown import Shown, grid, text


def test_a_text_takes_nothing_for_markup() -> None:
    table = grid("name", "value")
    table.add_row("a", "1")
    assert text([table, "[b] is no markup"]).splitlines()[-1] == "[b] is no markup"


def test_a_sentence_does_not_wrap_and_a_table_keeps_to_its_width() -> None:
    long = ("word " * 60).rstrip()
    assert text([long]) == long
    table = grid("name", "value")
    table.add_row("x" * 300, "1")
    assert max(len(line) for line in text([table]).splitlines()) <= 120


def test_a_notebook_shows_what_is_printed(capsys) -> None:
    class Row(Shown):
        def shown(self):
            return ["a row"]

        def to_dict(self):
            return {}

    class Printer:
        text = staticmethod(print)

    Row()._repr_pretty_(Printer(), False)
    assert capsys.readouterr().out == "a row\n"
