"""What a decision says: data, since both parties must be able to read it."""

from dataclasses import dataclass

from gateway.policy.fields import overlap
from gateway.policy.reasons import REASONS, ReasonCode


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a refusal. `fields` names the fields it is about; `retry_at` is in microseconds."""

    code: str
    fields: tuple[str, ...] = ()
    retry_at: int | None = None

    @property
    def of(self) -> ReasonCode:
        """The code's line in the table."""
        return REASONS[self.code]


@dataclass(frozen=True, slots=True)
class Withheld:
    """A field that was asked for and stays where it is, whatever the record holds."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Permit:
    """The exact fields that may be released, and by what right."""

    fields: frozenset[str]
    withheld: tuple[Withheld, ...] = ()
    agreement_id: str | None = None
    agreement_version: int | None = None
    consent_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Every reason that was found; the first gives the problem its type."""

    reasons: tuple[Reason, ...]
    agreement_id: str | None = None
    agreement_version: int | None = None
    consent_id: str | None = None


Verdict = Permit | Refusal


def both(first: Permit, second: Permit) -> Permit:
    """What stands in both permits of one asking; the second, made in the commit, says by what right."""
    if first == second:
        return second
    fields = overlap(first.fields, second.fields)
    withheld = {w.field: w for w in (*first.withheld, *second.withheld)}
    return Permit(
        fields=fields,
        withheld=tuple(withheld[name] for name in sorted(withheld)),
        agreement_id=second.agreement_id,
        agreement_version=second.agreement_version,
        consent_id=second.consent_id,
    )
