"""Every reason code: which key is missing, and how to get it. `docs/reason-codes.md` is held to this table."""

from dataclasses import dataclass
from typing import Final, Literal

Key = Literal["law", "agreement", "person"]


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """A way to be refused. `key` is None where no key would help. `status` is the HTTP status it gives."""

    code: str
    key: Key | None
    title: str
    remedy: str
    status: int = 403
    method: str | None = None
    href: str | None = None


_AGREEMENTS: Final = "/v1/agreements"
_CONSENTS: Final = "/v1/consent-requests"

_ALL: Final = (
    # who takes part
    ReasonCode("client-suspended", None, "The client is suspended", "Ask the gateway's operator to reactivate it."),
    ReasonCode("consumer-suspended", None, "The calling agency is suspended", "Ask the gateway's operator."),
    ReasonCode("provider-suspended", None, "The providing agency is suspended", "Ask the gateway's operator."),
    ReasonCode("dataset-withdrawn", None, "The dataset is not offered now", "See the catalogue for what is.",
               method="GET", href="/v1/datasets"),
    ReasonCode("unknown-field", None, "A field is not part of the record type",
               "Take the field names from the record type's schema in the catalogue.", 403, "GET", "/v1/datasets"),
    ReasonCode("no-fields", None, "No field is asked for", "Name at least one field."),
    # law
    ReasonCode("authority-missing", "law", "No legal authority stands behind this purpose",
               "The agreement's purpose must name the legal power and the lawful basis, as `6(1)(e)`.", 403, "POST",
               _AGREEMENTS),
    ReasonCode("article-9-condition-missing", "law", "Special category data needs an Article 9 condition",
               "The agreement's authority must name the Article 9 condition.", 403, "POST", _AGREEMENTS),
    ReasonCode("article-10-authority-missing", "law", "Criminal offence data needs an Article 10 authority",
               "The agreement's authority must name the Article 10 authority.", 403, "POST", _AGREEMENTS),
    ReasonCode("confidentiality-basis-missing", "law", "The duty of confidentiality is not answered",
               "The agreement's authority must name the confidentiality basis.", 403, "POST", _AGREEMENTS),
    ReasonCode("basis-needs-consent", "law", "The lawful basis is consent, but the agreement asks no consent",
               "A purpose under Article 6(1)(a) or 9(2)(a) must ask for the signal `consent`.", 403, "POST",
               _AGREEMENTS),
    # agreement
    ReasonCode("agreement-missing", "agreement", "The two agencies have no agreement on this dataset",
               "Draft an agreement with the provider; both accept it.", 403, "POST", _AGREEMENTS),
    ReasonCode("agreement-not-accepted", "agreement", "The agreement is not accepted by both agencies",
               "Both agencies accept the version with their signing keys.", 403, "POST", _AGREEMENTS),
    ReasonCode("agreement-suspended", "agreement", "The agreement is suspended",
               "Ask the agency that suspended it.", 403, "GET", _AGREEMENTS),
    ReasonCode("agreement-ended", "agreement", "The agreement has ended",
               "Draft and accept a new agreement.", 403, "POST", _AGREEMENTS),
    ReasonCode("agreement-not-yet-valid", "agreement", "The agreement is not valid yet", "Wait for its first day."),
    ReasonCode("agreement-expired", "agreement", "The agreement's validity has run out",
               "Accept a new version with a later end.", 403, "POST", _AGREEMENTS),
    ReasonCode("purpose-not-in-agreement", "agreement", "The agreement does not cover this purpose",
               "Use a purpose that GET /v1/permissions lists, or agree on a new version.", 403, "GET",
               "/v1/permissions"),
    ReasonCode("field-not-in-agreement", "agreement", "The agreement does not cover a field that is asked for",
               "Ask only for fields that GET /v1/permissions lists, or agree on a new version.", 403, "GET",
               "/v1/permissions"),
    ReasonCode("rate-limit", "agreement", "The agreement's rate is used up", "Wait for Retry-After.", 429),
    ReasonCode("daily-limit", "agreement", "The agreement's day is used up", "Wait for Retry-After.", 429),
    # person
    ReasonCode("consent-required", "person", "The person has not been asked for consent",
               "Request the person's consent.", 403, "POST", _CONSENTS),
    ReasonCode("consent-pending", "person", "The person has not decided yet",
               "Wait for the person's decision.", 403, "GET", _CONSENTS),
    ReasonCode("consent-declined", "person", "The person declined",
               "Respect it; the service must work without this record.", 403),
    ReasonCode("consent-revoked", "person", "The person has revoked the consent",
               "Ask again only if the person wishes it.", 403, "POST", _CONSENTS),
    ReasonCode("consent-expired", "person", "The consent has expired, or the request for it",
               "Request the person's consent again.", 403, "POST", _CONSENTS),
    ReasonCode("consent-outdated", "person", "The consent was given under other terms than those in force",
               "Request the person's consent again: they read the new terms.", 403, "POST", _CONSENTS),
    ReasonCode("consent-replaced", "person", "The person has renewed the consent during the request",
               "Ask again: the newer consent counts then.", 403, "POST", "/v1/exchanges"),
    ReasonCode("consent-used-up", "person", "The consent's uses are used up",
               "Request the person's consent again.", 403, "POST", _CONSENTS),
    ReasonCode("field-not-consented", "person", "The person has not consented to a field that is asked for",
               "Ask only for consented fields, or request consent for this one.", 403, "POST", _CONSENTS),
    ReasonCode("notice-required", "person", "The person has not been notified",
               "Notify the person, then record the notice.", 403, "POST", "/v1/notices"),
    ReasonCode("notice-outdated", "person", "The person was given another version of the notice",
               "Give the person the notice that the agreement names, then record it.", 403, "POST", "/v1/notices"),
    ReasonCode("explicit-request-required", "person", "The person's explicit request is neither shown nor attested",
               "Send explicitRequest: the person's own token, or requestedAt, channel and reference."),
    ReasonCode("explicit-request-of-another", "person", "The explicit request is another person's",
               "Ask by identifiers that the person's token names, and by no other."),
    ReasonCode("explicit-request-used", "person", "The person's explicit request has opened another exchange already",
               "Ask the person again: a token opens one exchange."),
    ReasonCode("explicit-request-stale", "person", "The person's explicit request is too old or in the future",
               "Send the time at which the person asked, in UTC, or ask the person again."),
    ReasonCode("signal-reason-missing", "law", "The agreement asks nothing of the person and gives no reason",
               "A purpose with the signal `none` must give its reason.", 403, "POST", _AGREEMENTS),
    ReasonCode("subject-access-not-offered", "agreement", "This dataset is not shown to its subjects here",
               "Ask the providing agency directly.", 403, "GET", "/v1/datasets"),
    ReasonCode("not-confirmed", None, "The person is not confirmed",
               "Check the confirmation with the person. Why it failed is not told."),
    ReasonCode("confirmation-locked", None, "Too many wrong confirmations", "Wait for Retry-After.", 429),
)  # fmt: skip

REASONS: Final = {reason.code: reason for reason in _ALL}
