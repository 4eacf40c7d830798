"""The nine configurations say what the paper says, and a wrong one is refused in a sentence."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml

from training.paper.configuration import (
    PRESETS,
    REFERENCE,
    Configuration,
    ConfigurationError,
    load,
    load_all,
    overridden,
    presets,
    reference,
)

PAPER = {
    "weights": "none",
    "dense_units": 1024,
    "presence_weight": 1.0,
    "point_weight": 10.0,
    "mask_absent": False,
    "norm_momentum": 0.0,
    "learning_rate": 1e-5,
    "batch": 64,
    "epochs": 100,
    "min_delta": 0.005,
    "patience": 5,
    "seed": 1,
}
INPUTS = {
    "mobilenet_v2": 224,
    "resnet50_v2": 224,
    "inception_v3": 299,
    "inception_resnet_v2": 299,
    "efficientnet_b5": 456,
}


def test_presets_are_the_nine_networks_of_the_paper() -> None:
    configurations = load_all(presets())
    found = {(c.extractor, c.fine_tuned) for c in configurations.values()}
    assert found == {(e, f) for e in INPUTS for f in (False, True)} - {("efficientnet_b5", True)}
    for configuration in configurations.values():
        settings = dataclasses.asdict(configuration)
        assert settings.pop("input_size") == INPUTS[settings.pop("extractor")]
        settings.pop("fine_tuned")
        assert settings == PAPER


def test_every_file_of_the_presets_is_one_of_them_and_states_every_key() -> None:
    assert sorted(PRESETS.glob("*.yaml")) == sorted(presets())
    keys = [field.name for field in dataclasses.fields(Configuration)]
    for file in presets():
        assert list(yaml.safe_load(file.read_text())) == keys


def test_commented_reference_is_up_to_date_and_loads_as_the_defaults() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == reference()
    assert load(REFERENCE) == Configuration()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("learning_rat: 1e-5", "there is no key learning_rat; the keys are extractor, fine_tuned"),
        ("extractor: vgg", "extractor is 'vgg'; choose one of mobilenet_v2"),
        ("batch: 0", "batch is 0; allowed: 1"),
        ("batch: many", "batch is 'many'; give a whole number"),
        ("fine_tuned: 1", "fine_tuned is 1; give true or false"),
        ("- 1", "holds no keys"),
        ("{", "is not YAML"),
    ],
)
def test_wrong_configuration_is_refused_in_one_sentence(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    assert complaint in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_files_of_the_same_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    files = [tmp_path / "mine.yaml", tmp_path / "other" / "mine.yaml"]
    for file in files:
        file.write_text("batch: 8")
    with pytest.raises(ConfigurationError, match="named mine too"):
        load_all(files)


def test_override_changes_its_key_alone_and_must_exist() -> None:
    before = Configuration()
    assert overridden(before, {"epochs": 3}) == dataclasses.replace(before, epochs=3)
    with pytest.raises(ConfigurationError, match="there is no key epoch;"):
        overridden(before, {"epoch": 3})
