"""Logs of one user, which Postgres finds by a hash of the id and by stretches of numbers."""


def sql(directory, statement):
    directory.database.write(lambda db: db.sqlalchemy.exec_driver_sql(statement))


def test_users_whose_ids_share_a_hash_have_logs_of_their_own(directory):
    for id in ("user5865", "user189872"):
        directory.users.create(id=id)
        assert [event.resource for event in directory.users.list_logs(id)] == [f"users/{id}"]
    directory.users.delete("user5865")
    assert len(directory.users.list_logs("user189872")) == 1


def test_pages_of_a_user_go_on_from_one_stretch_of_numbers_to_the_next(directory):
    if directory.database.dialect == "postgresql":
        sql(directory, "ALTER TABLE events ALTER seq RESTART WITH 16380")
    directory.users.create(id="ada")
    for number in range(8):
        directory.users.update_name("ada", f"Ada {number}")
    whole = directory.users.list_logs("ada")
    assert [event.name for event in whole] == [*["users.update.name"] * 8, "users.create"]
    paged = []
    while page := directory.users.list_logs("ada", limit=2, after=paged[-1].id if paged else None):
        paged += page
    assert paged == whole
