"""``junit.xml``: the gate's checks as test cases, for whatever shows test results."""

from __future__ import annotations

from xml.etree import ElementTree

from eval.verdict.checks import Verdict
from eval.verdict.judged import Judged


def junit(judged: Judged) -> bytes:
    """Return the checks as JUnit XML; an inconclusive check counts as skipped."""
    checks = judged.gate.checks if judged.gate is not None else ()
    counts = {verdict: sum(check.verdict is verdict for check in checks) for verdict in Verdict}
    suite = ElementTree.Element(
        "testsuite",
        name=f"eval {judged.run.suite.name}",
        tests=str(len(checks)),
        failures=str(counts[Verdict.FAILED]),
        errors="0",
        skipped=str(counts[Verdict.INCONCLUSIVE]),
    )
    for check in checks:
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"eval.{judged.run.suite.name}", name=check.name
        )
        if check.verdict is Verdict.FAILED:
            ElementTree.SubElement(case, "failure", message=check.why)
        elif check.verdict is Verdict.INCONCLUSIVE:
            ElementTree.SubElement(case, "skipped", message=check.why)
    ElementTree.indent(suite)
    return bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)) + b"\n"
