"""Recipes are read strictly, and the shipped ones are what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from training.recipe import RECIPES, Recipe, RecipeError, read_recipe, recipe_of


@pytest.mark.parametrize("name", ["accurate", "fast"])
def test_shipped_recipe_survives_the_way_through_json(name: str) -> None:
    recipe = read_recipe(RECIPES / f"{name}.yaml")
    assert recipe_of(recipe.as_json()) == recipe


def test_accurate_recipe_has_the_defaults() -> None:
    assert read_recipe(RECIPES / "accurate.yaml") == Recipe()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("plan: {stepps: 3}", "there is no key stepps"),
        ("plan: {steps: many}", "plan: steps is 'many'"),
        ("network: {widths: [32, 64]}", "give 4 numbers"),
        ("network: 3", "give keys with values"),
        ("- 1", "give keys with values"),
        ("a: [", "is not YAML"),
    ],
)
def test_wrong_recipe_is_refused_with_its_reason(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(text)
    with pytest.raises(RecipeError, match=words.replace("[", r"\[")):
        read_recipe(file)
