"""What is settled before anything is scored."""

import pytest
from msgspec import structs
from tests.app.conftest import Project, rows

from loopwright.app.batch.asked import Asked, BatchPlan
from loopwright.app.batch.plan import batch_id, is_single_file, key_of, plan_batch, repeats, shown_address
from loopwright.errors import UsageError


@pytest.fixture
def plan(project: Project) -> BatchPlan:
    rows(2_500).write_parquet(project.folder / "in.parquet")
    asked = Asked(input="in.parquet", output="out/", part_rows=1_000)
    return plan_batch(project.workspace(), asked, project.folder)


def test_parts_cover_every_row_once_and_none_crosses_a_file(plan: BatchPlan) -> None:
    two = structs.replace(plan, files=(plan.files[0], structs.replace(plan.files[0], rows=1_000)))

    parts = two.parts()

    assert [(p.index, p.file, p.start, p.rows) for p in parts] == [
        (0, 0, 0, 1_000), (1, 0, 1_000, 1_000), (2, 0, 2_000, 500), (3, 1, 0, 1_000)
    ]  # fmt: skip
    assert two.rows == sum(p.rows for p in parts) == 3_500


def test_the_same_wish_is_the_same_batch_and_any_other_is_not(plan: BatchPlan) -> None:
    def asked(**named: object) -> BatchPlan:
        return structs.replace(plan, asked=structs.replace(plan.asked, **named))

    assert key_of(structs.replace(plan, planned_at=5, id="x")) == key_of(plan)
    others = [
        asked(output="elsewhere/"), asked(keep=("x",)), asked(as_of="now"), asked(part_rows=2_000),
        structs.replace(plan, version="v" * 64), structs.replace(plan, inputs="i"),
        structs.replace(plan, policy="flag"),
    ]  # fmt: skip
    assert len({key_of(other) for other in [plan, *others]}) == len(others) + 1
    assert batch_id(key_of(plan), 1) != batch_id(key_of(plan), 2)


def test_a_password_makes_no_other_batch(plan: BatchPlan) -> None:
    keys = {
        key_of(
            structs.replace(plan, asked=structs.replace(plan.asked, output=f"postgresql://me{secret}@h/d", table="t"))
        )
        for secret in ("", ":one", ":two")
    }

    assert len(keys) == 1
    assert shown_address("postgresql://me:one@h/d") == "postgresql://me@h/d"


def test_a_table_and_the_present_are_asked_anew(plan: BatchPlan) -> None:
    assert repeats(plan)
    assert not repeats(structs.replace(plan, as_of="now"))
    assert not repeats(structs.replace(plan, asked=structs.replace(plan.asked, input="sqlite:///a.db")))


def test_a_suffix_makes_a_file() -> None:
    assert [is_single_file(name) for name in ("a.csv", "a.parquet", "a", "a/", "a.csv/", "a.txt")] == [
        True, True, False, False, False, False
    ]  # fmt: skip


def test_names_are_taken_against_the_folder_that_is_given(project: Project, plan: BatchPlan) -> None:
    assert plan.asked.input == str(project.folder / "in.parquet")
    assert plan.asked.output == f"{project.folder}/out/"
    assert plan.keep == ("id",)
    rows(2).write_ndjson(project.folder / "in.ndjson")
    with pytest.raises(UsageError, match="NDJSON"):
        plan_batch(project.workspace(), Asked(input="in.ndjson", output="o.csv", keep=("*",)), project.folder)
