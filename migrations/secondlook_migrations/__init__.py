"""The migrations of the database; `Database.upgrade` runs them, from a checkout or a wheel."""
