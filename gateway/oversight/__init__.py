"""For auditors: the ledger over REST. Commitments, tiles and proofs are public; openings go to parties only."""
