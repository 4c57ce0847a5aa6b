"""Decisions about vendors, pure: no database, no clock."""
