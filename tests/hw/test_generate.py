from concurrent.futures import ThreadPoolExecutor

import pytest
from refusal import refused
from somagate.hw import generate
from somagate.hw.plan.plan import Plan
from tiny_tables import tiny


def test_memories_that_no_fpga_has_are_refused(monkeypatch):
    plan = Plan.single(tiny(), lanes=4, update_lanes=2, word_bits=16)
    bits = sum(memory["bits"] for memory in generate.memory_map(plan)["memories"])
    monkeypatch.setattr(generate, "LARGEST_BITS", bits - 1)
    with refused(
        ValueError,
        f"memories of tiny must have at most {bits - 1:,} bits, as the largest FPGAs have, not "
        f"{bits:,}; take smaller maps, or fewer bits a potential",
    ):
        generate.verilog(plan)


def test_of_several_at_once_one_wins_and_the_others_are_told(tmp_path, monkeypatch):
    """Each finds nothing there as it begins, and moves a whole folder into place in the end."""
    monkeypatch.setattr(generate, "verilog", lambda plan: f"// {plan.shapes[0].lanes}\n")
    plans = [Plan.single(tiny(), lanes=n, update_lanes=1, word_bits=16) for n in (1, 2, 4, 8)]
    for round_ in range(5):
        folder = tmp_path / f"{round_}" / "late" / "rtl"

        def write(plan, folder=folder):
            try:
                return generate.generate(plan, folder)
            except FileExistsError as error:
                return str(error)

        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(write, plans))
        lost = [words for words in found if isinstance(words, str)]
        assert lost == [f"{folder} must not exist yet, or be overwritten on purpose"] * 3
        winner = next(
            p for p, words in zip(plans, found, strict=True) if not isinstance(words, str)
        )
        assert (folder / "somagate.v").read_text(
            encoding="utf-8"
        ) == f"// {winner.shapes[0].lanes}\n"
        assert [path.name for path in folder.parent.iterdir()] == ["rtl"]


def test_an_empty_folder_is_filled_and_a_full_one_replaced_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(generate, "verilog", lambda plan: "// none\n")
    plan = Plan.single(tiny(), lanes=4, update_lanes=2, word_bits=16)
    folder = tmp_path / "rtl"
    folder.mkdir()
    generate.generate(plan, folder)
    (folder / "notes").touch()
    with pytest.raises(FileExistsError):
        generate.generate(plan, folder)
    generate.generate(plan, folder, overwrite=True)
    assert not (folder / "notes").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["rtl"]
