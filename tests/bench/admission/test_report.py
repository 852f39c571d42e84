"""The tables say what was measured, and no more."""

from bench.admission.measured import AdmissionMeasured
from bench.admission.report import tables
from tests.bench.admission.builders import a_batch, a_rescue
from tests.bench.builders import MACHINE


def test_differences_stand_beside_each_case_but_the_baseline() -> None:
    """No webhook is above nothing."""
    batches = (a_batch("no webhook", 2.0), a_batch("bare webhook", 3.0), a_batch("fresh", 3.25))
    measured = AdmissionMeasured(batches=batches, rescues=(a_rescue(),), machine=MACHINE)

    lines = tables(measured).splitlines()

    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    beside = ["+1.25", "+1.25 to +1.25"]
    assert ["no webhook", "1", "1", "2.00", "", "", "2.00", "", ""] in cells
    assert ["fresh", "1", "1", "3.25", *beside, "3.25", *beside] in cells


def test_what_the_operator_adds_to_a_webhook_that_does_nothing_stands_apart() -> None:
    """A webhook of any kind costs the API server a call; the rest is the operator's."""
    batches = (
        a_batch("no webhook", 2.0),
        a_batch("bare webhook", 3.0),
        a_batch("not matching", 2.5),
        a_batch("fresh", 3.25),
        a_batch("expired", 120.0),
    )
    measured = AdmissionMeasured(batches=batches, rescues=(a_rescue(),), machine=MACHINE)

    _, _, rest = tables(measured).partition("### Above a bare webhook")
    lines = rest.partition("###")[0].split("\n")

    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line]
    beside = ["+0.25", "+0.25 to +0.25"]
    assert cells[2:] == [
        ["bare webhook", "1", "1", "3.00", "", "", "3.00", "", ""],
        ["fresh", "1", "1", "3.25", *beside, "3.25", *beside],
    ]
