"""Codecs: one per pair of Postgres type and Notion property type, each with its canonical form."""
