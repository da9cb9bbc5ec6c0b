"""Driver licensing: a register in PostgreSQL, as an agency built it long ago. Imports nothing of ours.

    python licensing.py --seed people.json --url postgresql://…

Makes the schema `drivers` with its legacy names, fills it from the seed in one transaction, gives a role that may
only read, prints `ready …` and ends: the database is the system. The role's password comes from
LICENSING_READER_PASSWORD, where the server asks for one.

Birth dates are char(8), `19500000` where only the year is known; a category without an end ends in 9999.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

READER = "drivers_reader"
LAST_DAY = "9999-12-31"
STATUS = {"valid": "1", "expired": "2", "suspended": "3", "revoked": "4", "disqualified": "5", "surrendered": "6"}

TABLES = """
CREATE SCHEMA IF NOT EXISTS drivers;
CREATE TABLE IF NOT EXISTS drivers.drv_licence (
    licno      char(16) PRIMARY KEY,
    ni_no      char(9) UNIQUE,
    sname      varchar(60) NOT NULL,
    fnames     varchar(60) NOT NULL,
    brth_dt    char(8) NOT NULL,
    lic_typ    char(1) NOT NULL,
    stat_cd    char(1) NOT NULL,
    iss_dt     date NOT NULL,
    exp_dt     date NOT NULL,
    addr_1     varchar(80),
    addr_town  varchar(40),
    addr_pc    varchar(8),
    prop_ref   varchar(14),
    restr_fl   char(1) NOT NULL DEFAULT 'N',
    upd_ts     timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS drivers.drv_entitlement (
    licno      char(16) NOT NULL REFERENCES drivers.drv_licence ON DELETE CASCADE,
    cat_cd     varchar(4) NOT NULL,
    from_dt    date NOT NULL,
    to_dt      date NOT NULL,
    PRIMARY KEY (licno, cat_cd)
);
CREATE TABLE IF NOT EXISTS drivers.drv_endorsement (
    licno      char(16) NOT NULL REFERENCES drivers.drv_licence ON DELETE CASCADE,
    offn_cd    char(4) NOT NULL,
    offn_dt    date NOT NULL,
    pts        smallint NOT NULL,
    spent_dt   date NOT NULL
);
CREATE INDEX IF NOT EXISTS drv_endorsement_licno ON drivers.drv_endorsement (licno);
"""
LICENCE = (
    "INSERT INTO drivers.drv_licence (licno, ni_no, sname, fnames, brth_dt, lic_typ, stat_cd, iss_dt, exp_dt, "
    "addr_1, addr_town, addr_pc, prop_ref, restr_fl) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
ENTITLEMENT = "INSERT INTO drivers.drv_entitlement (licno, cat_cd, from_dt, to_dt) VALUES (%s, %s, %s, %s)"
ENDORSEMENT = (
    "INSERT INTO drivers.drv_endorsement (licno, offn_cd, offn_dt, pts, spent_dt) VALUES (%s, %s, %s, %s, %s)"
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Driver licensing: fill the register, then end.")
    parser.add_argument("--seed", type=Path, required=True, help="the people, a JSON file")
    parser.add_argument("--url", required=True, help="PostgreSQL, as a role that may create schemas and roles")
    arguments = parser.parse_args()
    people = json.loads(arguments.seed.read_text(encoding="utf-8"))["people"]
    with psycopg.connect(arguments.url) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute(TABLES)
        fill(connection, people)
        grant(connection, os.environ.get("LICENSING_READER_PASSWORD"))
    print(f"ready {READER}", flush=True)


def fill(connection: psycopg.Connection[Any], people: list[dict[str, Any]]) -> None:
    """Replace all rows. Readers see the old register until the commit, and the new one after it."""
    held = [(person, person["licence"]) for person in people if person["licence"]]
    connection.execute("DELETE FROM drivers.drv_licence")
    with connection.cursor() as cursor:
        cursor.executemany(LICENCE, [licence_row(person, licence) for person, licence in held])
        cursor.executemany(
            ENTITLEMENT,
            [
                (licence["number"], item["code"], item["valid_from"], item["valid_until"] or LAST_DAY)
                for _, licence in held
                for item in licence["entitlements"]
            ],
        )
        cursor.executemany(
            ENDORSEMENT,
            [
                (licence["number"], item["code"], item["offence_date"], item["points"], item["valid_until"])
                for _, licence in held
                for item in licence["endorsements"]
            ],
        )


def licence_row(person: dict[str, Any], licence: dict[str, Any]) -> tuple[Any, ...]:
    """One row, in the register's own spelling: a postcode without its space, a property in 14 digits."""
    home = person["home"]
    return (
        licence["number"],
        person["nino"],
        person["family_name"],
        person["given_names"],
        person["date_of_birth"].replace("-", "").ljust(8, "0"),
        "F" if licence["kind"] == "full" else "P",
        STATUS[licence["status"]],
        licence["valid_from"],
        licence["valid_until"],
        home["line1"],
        home["town"],
        home["postcode"].replace(" ", ""),
        home["uprn"].rjust(14, "0"),
        "Y" if "restricted" in person["traits"] else "N",
    )


def grant(connection: psycopg.Connection[Any], password: str | None) -> None:
    """A role that may read these tables and nothing else."""
    role = sql.Identifier(READER)
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [READER]).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
    connection.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(role))
    if password:
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(password)))
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA drivers TO {}").format(role))
    connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA drivers TO {}").format(role))


if __name__ == "__main__":
    try:
        main()
    except psycopg.Error as error:
        # A driver's message may quote a row; the class and the SQLSTATE never do.
        sys.exit(f"licensing: {type(error).__name__} {error.sqlstate or ''}")
