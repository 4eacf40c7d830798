"""YAML of others gives values, or one reason why not."""

import pytest

from tavi_perception.yaml_text import MAX_DEPTH, MAX_DIGITS, MAX_VALUES, YamlTextError, read_yaml


def test_values_are_read() -> None:
    assert read_yaml("a: [1, 2.5, true, null, x]\n") == {"a": [1, 2.5, True, None, "x"]}
    assert read_yaml("") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &a [x]\nb: *a\n", "alias"),
        ("&a a: *a", "alias"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "levels deep"),
        ("[" * 100_000, "nesting depth"),
        ("a: 2020-99-99", "month"),
        ("a: !!bool x", "x"),
        ("a: !!timestamp x", "."),
        ("a: " + "1" * 5_000, "digits"),
        ("a: !!python/object/apply:os.system [id]", "python/object"),
        ("a: [", "flow"),
        ("- a\n" * (MAX_VALUES + 1), "values"),
        ("a: 1" + ":01" * MAX_DIGITS, "digits"),
        ("a: 0x" + "f" * MAX_DIGITS, "digits"),
        ("a: !!int '1" + ":01" * MAX_DIGITS + "'", "digits"),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_no_plain_value_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(YamlTextError, match=reason) as caught:
        read_yaml(text)
    assert "\n" not in str(caught.value)


def test_a_few_lines_that_stand_for_a_billion_values_are_refused() -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(YamlTextError, match="alias"):
        read_yaml("\n".join(["a0: &a0 [x]", *levels]))
