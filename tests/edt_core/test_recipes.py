"""What a changed setting makes stale, and what not: fingerprints alone, nothing runs."""

import pytest

from edt_core.config import Config
from edt_core.llm.prompts import PACKAGED
from edt_core.llm.templating import Templates
from edt_core.recipes import Pipeline, ReviewState, pipeline
from edt_core.stage import Step, walk
from edt_core.variants import Variant


def made(variant: Variant = Variant.LLM_EDT, seed: int = 42, **settings: object) -> Pipeline:
    dotted = {key.replace("__", "."): value for key, value in settings.items()}
    return pipeline(variant, Config().changed(dotted), "a-digest", seed)


def changed_steps(before: Pipeline, after: Pipeline) -> set[str]:
    def prints(whole: Pipeline, step: Step) -> set[str]:
        return {stage.fingerprint for stage in whole.stages_of(step)}

    return {str(step) for step in Step if prints(before, step) != prints(after, step)}


TRAINING = {"pretrain", "finetune", "evaluate"}
BEHIND_FILTER = {"filter", "review", "insert", "profile", *TRAINING}


@pytest.mark.parametrize(
    ("setting", "value", "stale"),
    [
        ("noise_filter__threshold", 0.8, BEHIND_FILTER),
        ("noise_filter__top_k", 1, BEHIND_FILTER),
        ("insertion__position", "end", {"insert", "profile", *TRAINING}),
        ("profiles__pipeline", "plain", {"profile", *TRAINING}),
        ("pretraining__alignment_weight", 0.1, TRAINING),
        ("fine_tuning__learning_rate", 1e-3, {"finetune", "evaluate"}),
        ("fine_tuning__adapter", "linear", {"finetune", "evaluate"}),
        ("evaluation__n_negatives", 50, {"evaluate"}),
        ("evaluation__cutoffs", "5,10", set()),
        ("llm__concurrency", 64, set()),
        ("llm__base_url", "http://127.0.0.1:9/v1", set()),
        ("embedding__batch_size", 8, set()),
        ("generator__n_generate", 3, {"generate", *BEHIND_FILTER}),
        ("llm__temperature", 0.1, {"generate", *BEHIND_FILTER}),
        ("embedding__dimensions", 64, {"embed", "generate", *BEHIND_FILTER}),
    ],
)
def test_a_setting_makes_stale_what_lies_behind_it(setting: str, value: object, stale: set[str]):
    assert changed_steps(made(), made(**{setting: value})) == stale


def test_a_decision_makes_stale_from_the_review_on():
    decided = pipeline(Variant.LLM_EDT, Config(), "a-digest", 42, ReviewState(verdicts="x"))
    assert changed_steps(made(), decided) == {"review", "insert", "profile", *TRAINING}


def test_an_edit_is_embedded_and_scored_again():
    edited = pipeline(Variant.LLM_EDT, Config(), "a-digest", 42, ReviewState(edits="x"))
    assert changed_steps(made(), edited) == {"review", *BEHIND_FILTER}


def test_a_seed_trains_anew_and_shares_all_before():
    assert changed_steps(made(seed=42), made(seed=44)) == TRAINING


def test_other_data_makes_everything_stale():
    other = pipeline(Variant.LLM_EDT, Config(), "another-digest", 42)
    assert changed_steps(made(), other) == set(Step)


@pytest.mark.parametrize(
    "setting", ["noise_filter__threshold", "fine_tuning__learning_rate", "pretraining__temperature"]
)
@pytest.mark.parametrize("variant", [Variant.SASREC, Variant.GRU4REC, Variant.MARKOV])
def test_a_baseline_does_not_mind_what_it_never_reads(variant: Variant, setting: str):
    assert changed_steps(made(variant), made(variant, **{setting: 0.5})) == set()


def test_every_ablation_shares_the_generator_s_answers_and_differs_in_the_end():
    full = made()
    ablations = [variant for variant in Variant if variant.value.startswith(("w/o", "Random"))]
    assert len(ablations) == 7
    for variant in ablations:
        other = made(variant)
        assert other.ranks.fingerprint != full.ranks.fingerprint
        if variant is not Variant.WITHOUT_AUGMENTATION:
            assert other.augmenter[0].generated == full.augmenter[0].generated


def test_no_stage_but_evaluation_can_reach_the_test_targets():
    for variant in Variant:
        whole = made(variant)
        for step in (step for step in Step if step not in {Step.EVALUATE, Step.IMPORT}):
            for stage in whole.stages_of(step):
                assert whole.data.test not in stage.inputs


def test_a_template_of_the_projects_own_makes_its_stage_stale_and_nothing_before_it():
    def own(name):
        texts = tuple((n, text + (" Please." if n == name else "")) for n, text in PACKAGED.texts)
        return pipeline(Variant.LLM_EDT, Config(), "d", 42, templates=Templates(texts=texts))

    before = pipeline(Variant.LLM_EDT, Config(), "d", 42)

    def stale(name):
        return {
            type(new).__name__
            for old, new in zip(walk(before.ranks), walk(own(name).ranks), strict=True)
            if old.fingerprint != new.fingerprint
        }

    training = {"Pretrain", "FineTune", "EvaluateModel"}
    assert stale("analyze") == {"WriteProfiles", "EmbedProfiles"} | training
    assert not stale("generate") & {"EmbedItems", "ClusterItems", "SelectRepresentatives"}
    assert {"GenerateItems", "EmbedDrafts", "FilterNoise"} <= stale("generate")
    assert {"EmbedItems", "EmbedDrafts", "EmbedProfiles"} <= stale("item")
    assert own("").ranks.fingerprint == before.ranks.fingerprint
