"""Migrations: how a database comes to the newest schema. `threekeys migrate` runs them."""
