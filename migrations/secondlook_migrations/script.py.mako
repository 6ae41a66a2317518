"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
"""

# Rules for a migration
#
# 1. It stands alone: no import from `secondlook`. What the program calls a table today may be
#    called otherwise tomorrow, and this file must still do what it did.
# 2. It runs on SQLite and PostgreSQL. Change an existing table only through
#    `op.batch_alter_table`, which rebuilds it on SQLite.
# 3. A rebuild drops the table's triggers: call `protect_after_rebuild` from
#    `secondlook_migrations.append_only` for a table that has some.
# 4. Name every constraint, in full and inside `op.f`. A CHECK without a name is lost in the next
#    rebuild.
# 5. `alembic check` does not see a CHECK or a trigger. `secondlook db check` does: run both.
# 6. No row may be lost. A migration that means to change how many rows a table has says
#    so: `changes_rows_of = ("the_table",)`.
# 7. `downgrade` undoes `upgrade`. Where it drops what cannot come back, say so in NOTES.md.
# 8. Add an entry to NOTES.md, and rows to the round trip in tests/migrations if there is a table.
# 9. Add a column that is NOT NULL with a `server_default`, or fill it in this file.

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
