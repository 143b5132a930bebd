"""What a check says: findings with a verdict and a remedy."""

from typing import Literal, NamedTuple

Verdict = Literal["pass", "warn", "fail"]


class Finding(NamedTuple):
    """One thing that was measured."""

    name: str
    verdict: Verdict
    found: str  # what was found, with figures
    remedy: str = ""  # what to do; empty where it passed


class CheckResult(NamedTuple):
    """All findings of one check."""

    when: str  # UTC, ISO 8601
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the findings."""
        found = {finding.verdict for finding in self.findings}
        return "fail" if "fail" in found else "warn" if "warn" in found else "pass"

    def text(self) -> str:
        """The findings as lines to read, remedies below them."""
        width = max((len(finding.name) for finding in self.findings), default=0)
        lines = []
        for finding in self.findings:
            lines.append(f"{finding.verdict.upper():4}  {finding.name:{width}}  {finding.found}")
            if finding.remedy:
                lines.append(f"{'':4}  {'':{width}}  -> {finding.remedy}")
        return "\n".join([*lines, "", SUMMARY[self.verdict]])


SUMMARY: dict[Verdict, str] = {
    "pass": "The rig is ready.",
    "warn": "The rig can be used; read the warnings first.",
    "fail": "The rig is not ready: put right what failed, then check again.",
}


def failed(name: str, error: Exception) -> Finding:
    """A part that could not even be opened. Our own errors say what to do after the last semicolon or colon; it is kept whole."""
    return Finding(name, "fail", str(error), "put this right, then run 'twinrig check' again")
