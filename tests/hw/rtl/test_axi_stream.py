"""The accelerator behind AXI4-Stream, against golden, with stalls and a reset at any time."""

import json
from pathlib import Path

import axi_bench
import pytest
from portable import portable
from somagate.hw.generate import AXI_TOP, generate
from somagate.hw.rtl.axi_stream import answer_fields

DESIGNS = portable()


@pytest.mark.parametrize("name", DESIGNS)
def test_stalled_at_random_it_answers_as_golden_also_after_resets(
    name: str, tmp_path: Path
) -> None:
    """A reset meets an inference while its input comes, while it is at work and while it answers.

    What was loaded before stays.
    """
    design = DESIGNS[name]
    generate(design.plan, tmp_path / "rtl", axi=True)
    width = design.plan.word_bits // 8
    job = axi_bench.Job(
        config=b"".join(word.to_bytes(4, "little") for word in design.config).hex(),
        words=b"".join(word.to_bytes(width, "little") for word in design.words).hex(),
        answers=design.samples,
        stalled=0.4,
        resets=(7, 150, 800),
    )
    found = axi_bench.play(tmp_path, job)
    fields = json.loads((tmp_path / "rtl" / "manifest.json").read_text())["axi_stream"]
    assert len(found) == design.samples
    size = sum(field["bits"] for field in fields["m_axis_tdata"]) // 8
    for sample, data in enumerate(found):
        assert len(data) == size * design.plan.classes
        results = [
            {
                field["field"]: int.from_bytes(
                    data[at + field["first_bit"] // 8 :][: field["bits"] // 8],
                    "little",
                    signed=field["signed"],
                )
                for field in fields["m_axis_tdata"]
            }
            for at in range(0, len(data), size)
        ]
        values = [result["value"] for result in results]
        assert values == design.trace.output[sample].tolist(), sample
        assert [result["index"] for result in results] == list(range(len(results)))
        assert results[-1]["prediction"] == design.trace.prediction[sample], sample


def test_fields_of_an_answer_take_whole_bytes() -> None:
    assert answer_fields(DESIGNS["one stage"].plan) == {
        "value": (0, 16, True), "index": (16, 8, False), "prediction": (24, 8, False)
    }  # fmt: skip


def test_only_what_is_asked_for_is_written(tmp_path: Path) -> None:
    plan = DESIGNS["one stage"].plan
    assert f"{AXI_TOP}.v" not in generate(plan, tmp_path / "plain")
    assert "axi_stream" not in json.loads((tmp_path / "plain" / "manifest.json").read_text())
