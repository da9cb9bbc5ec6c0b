"""Names and places of the sandbox: every family name begins with `Sandbox-`, every place lies in Sandham.

Postcodes begin with ZZ, an area that Royal Mail has not; the ODS codes Z990.. and the UPRNs from 999900000001 on are
the sandbox's too. Some names carry accents, since real registers do and ISO-8859-1 files often garble them.
"""

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FEMALE: Final = _words(
    "Abigail Aisha Bronwen Chloé Chipo Daphne Eira Fatima Grace Helen Imogen Ines Jaya Katya Leila Mair "
    "Nadia Olwen Priya Rhian Rosa Siân Tamsin Ursula Wanjiru Yasmin Zoë Zuzana"
)
MALE: Final = _words(
    "Aled Anton Bilal Callum Cyril Dafydd Emeka Farid Gareth Hugh Ifan Jakub José Kofi Liam Mohan Niall "
    "Owain Pavel Quentin Rafael Rhys Søren Tariq Umar Viktor Winston Yusuf"
)
SECOND: Final = _words("Ann Blue Coral Drew Ellis Fern Glen Hope Jay Lee May Quinn Ray Sky Wren")
FAMILY: Final = _words(
    "Ashworth Baptiste Carrington Dhillon Eastwood Ferreira Galloway Hussain Ivanova Jankowski Kendrick "
    "Llewelyn Mbeki Norbury Okafor Peña Quayle Rahman Sørensen Tremayne Underhill Vaughan Whitlock Xavier "
    "Yardley Zielinski"
)
STREETS: Final = (
    "Sandpiper Row",
    "Dune Close",
    "Marram Way",
    "Castle Spade Lane",
    "Low Tide Terrace",
    "Bucket Street",
    "Shingle Rise",
    "Harbour Pretend Road",
    "Breakwater Gardens",
    "Driftwood Mews",
)
TOWN: Final = "Sandham"
PRACTICES: Final = (
    ("Z99001", "Sandham Harbour Surgery"),
    ("Z99002", "Dune Close Health Centre"),
    ("Z99003", "The Marram Practice"),
    ("Z99004", "Shingle Rise Medical Group"),
)
