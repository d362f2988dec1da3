from somagate.data.leftovers import entries, leftover, matching


def test_what_a_mac_adds_is_passed_over(tmp_path):
    for name in ("b.png", "._b.png", ".DS_Store", "a/c.png", "a/._c.png", "__MACOSX/a/c.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert [path.name for path in entries(tmp_path)] == ["a", "b.png"]
    found = [path.relative_to(tmp_path).as_posix() for path in matching(tmp_path, "**/*.png")]
    assert sorted(found) == ["a/c.png", "b.png"]
    assert not leftover(tmp_path / "__MACOSX/a")  # by the last name alone
