"""The ids of teams that were deleted before these were remembered, as the log knows them.

Permissions may still name such a team, so that people make no other one with its id.
"""

from alembic import op

revision = "0013"
down_revision = "0012"

FORMER = """
    INSERT INTO former_names (name)
    SELECT DISTINCT 'team:' || substr(resource, 7) FROM events
    WHERE name = 'teams.delete' AND resource LIKE 'teams/%'
    AND NOT EXISTS (SELECT 1 FROM teams WHERE teams.id = substr(resource, 7))
    AND NOT EXISTS (SELECT 1 FROM former_names WHERE former_names.name = 'team:' || substr(resource, 7))
"""


def upgrade() -> None:
    op.execute(FORMER)
