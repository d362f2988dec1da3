"""Results are kept for what they follow from, and written as they are."""

import json

import bench_output as output


def test_results_are_kept_for_what_they_follow_from(tmp_path):
    runs = []

    def make():
        runs.append(1)
        return {"n": len(runs)}

    kept = output.Kept(tmp_path, "code")
    assert kept.get("a", {"seed": 1}, make) == kept.get("a", {"seed": 1}, make) == {"n": 1}
    assert kept.get("a", {"seed": 2}, make) == {"n": 2}
    assert output.Kept(tmp_path, "other code").get("a", {"seed": 1}, make) == {"n": 3}


def test_a_result_is_written_as_json_and_as_tables(tmp_path, capsys):
    text = output.markdown(("a", "b"), [[1, "x"]])
    assert text == "| a | b |\n| --- | --- |\n| 1 | x |\n"
    output.write(tmp_path, "result", {"a": 1}, text, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"a": 1}
    assert (tmp_path / "result.md").read_text() == text
    assert json.loads((tmp_path / "result.json").read_text()) == {"a": 1}
