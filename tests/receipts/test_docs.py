"""The page on receipts names every claim that a receipt has, and no other."""

import re
from pathlib import Path

from gateway.ledger.entry import Commitment
from gateway.receipts.issue import TYP, ConsentStatement, ExchangeStatement, ReceiptIssuer, Statement
from gateway.receipts.verify import verify_receipt
from gateway.signing.directory import KeyDirectory

PAGE = Path(__file__).parents[2] / "docs" / "receipts.md"
STATEMENTS: list[Statement] = [
    ExchangeStatement("e", "released", "d", "t", "p", [], [], "a", 1, None, "c", "s"),
    ConsentStatement("c", "granted", "d", "p", [], "c", "s", None),
]


def test_the_page_lists_exactly_the_claims_of_the_code(tmp_path: Path) -> None:
    keys = KeyDirectory(tmp_path).ensure()
    issuer = ReceiptIssuer(keys, "https://gateway.example", "gateway.example/ledger")
    claims: set[str] = set()
    for statement in STATEMENTS:
        receipt = issuer.issue(statement, Commitment("id", "00", b""), 0)
        claims |= set(verify_receipt(receipt, keys.jwks()).claims)
    page = PAGE.read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([A-Za-z]+)` \|", page, re.MULTILINE))
    assert documented == claims
    assert TYP in page
