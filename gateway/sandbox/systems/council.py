"""A city council: two files dropped every night, council tax and housing. Run by file path; imports nothing of ours.

    python council.py --seed people.json --directory drop [--interval 86400]

Files are ISO-8859-1, `;` between fields, dd/mm/yyyy, amounts in pence; a partial birth date is `1950`, no date is an
empty field. Each is written beside its name and renamed, then marked by an empty `.done` file, so that no reader
takes half a file for a whole one. SIGHUP writes them again at once; SIGTERM ends.
"""

import argparse
import csv
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

COUNCIL_TAX = (
    "ACCOUNT_REF;NINO;SURNAME;FORENAMES;DOB;ADDR1;TOWN;POSTCODE;UPRN;BAND;LIABLE_FROM;LIABLE_TO;CHARGE_P;BALANCE_P;"
    "DISC_CODE;DISC_PCT;DISC_FROM;RESTRICTED"
)
HOUSING = (
    "TENANCY_REF;NINO;SURNAME;FORENAMES;DOB;ADDR1;TOWN;POSTCODE;UPRN;TEN_TYPE;STATUS;BEDS;START_DT;END_DT;RENT_WK_P;"
    "RENT_BAL_P;RESTRICTED"
)
TENANCIES = {"introductory": "INT", "secure": "SEC", "flexible": "FLX", "assured": "ASD"}


def english(day: str | None) -> str:
    """dd/mm/yyyy, or as much of it as is known, or nothing."""
    return "/".join(reversed(day.split("-"))) if day else ""


def flag(person: dict[str, Any]) -> str:
    return "Y" if "restricted" in person["traits"] else "N"


def who_and_where(person: dict[str, Any]) -> list[str]:
    """The columns that both files begin with, behind the reference."""
    home = person["home"]
    return [
        person["nino"] or "",
        person["family_name"],
        person["given_names"],
        english(person["date_of_birth"]),
        home["line1"],
        home["town"],
        home["postcode"],
        home["uprn"],
    ]


def council_tax_rows(people: list[dict[str, Any]]) -> Iterator[list[str]]:
    """One row an account."""
    for person in people:
        account = person["council_tax"]
        if account:
            yield [
                account["reference"],
                *who_and_where(person),
                account["band"],
                english(account["liable_from"]),
                "",
                str(account["annual_pence"]),
                str(account["balance_pence"]),
                "SPD" if account["discount"] else "",
                "25" if account["discount"] else "",
                english(account["discount_from"]),
                flag(person),
            ]


def housing_rows(people: list[dict[str, Any]]) -> Iterator[list[str]]:
    """One row a tenancy."""
    for person in people:
        tenancy = person["tenancy"]
        if tenancy:
            yield [
                tenancy["reference"],
                *who_and_where(person),
                TENANCIES[tenancy["kind"]],
                "CUR" if tenancy["status"] == "current" else "END",
                str(tenancy["bedrooms"]),
                english(tenancy["start_date"]),
                english(tenancy["end_date"]),
                str(tenancy["weekly_pence"]),
                str(tenancy["balance_pence"]),
                flag(person),
            ]


def drop(directory: Path, name: str, header: str, rows: Iterator[list[str]]) -> None:
    """Write one file whole: beside it, to the disk, renamed, marked."""
    done = directory / f"{name}.done"
    unfinished = directory / f".{name}.part"
    with unfinished.open("w", encoding="iso-8859-1", errors="replace", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(header.split(";"))
        writer.writerows(rows)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(directory / name)
    done.touch()


def main() -> None:
    parser = argparse.ArgumentParser(description="A council: drops its files every night.")
    parser.add_argument("--seed", type=Path, required=True, help="the people, a JSON file")
    parser.add_argument("--directory", type=Path, required=True, help="where the files are dropped")
    parser.add_argument("--interval", type=float, default=86_400.0, help="seconds between two drops")
    parser.add_argument("--stop-with-stdin", action="store_true", help="end when stdin closes")
    arguments = parser.parse_args()
    wake, ended = threading.Event(), threading.Event()

    def hang_up(number: int, frame: FrameType | None) -> None:
        wake.set()

    def terminate(number: int, frame: FrameType | None) -> None:
        ended.set()
        wake.set()

    signal.signal(signal.SIGHUP, hang_up)
    signal.signal(signal.SIGTERM, terminate)
    signal.signal(signal.SIGINT, terminate)
    if arguments.stop_with_stdin:

        def wait_for_stdin() -> None:
            sys.stdin.buffer.read()
            terminate(0, None)

        threading.Thread(target=wait_for_stdin, daemon=True).start()
    arguments.directory.mkdir(parents=True, exist_ok=True)
    while not ended.is_set():
        wake.clear()
        # Read anew each time: tonight's files tell what the council knows tonight.
        people = json.loads(arguments.seed.read_text(encoding="utf-8"))["people"]
        drop(arguments.directory, "council_tax.csv", COUNCIL_TAX, council_tax_rows(people))
        drop(arguments.directory, "housing.csv", HOUSING, housing_rows(people))
        print(f"ready {len(people)} people", flush=True)
        wake.wait(arguments.interval)


if __name__ == "__main__":
    main()
