"""Any CSV: what is mapped, what is found, and what is may contain hashes or plain."""

from datetime import UTC, datetime

import pytest

from authctl.core import hashing
from authctl.errors import Invalid
from authctl.transfer import sources
from authctl.transfer.records import Linked, Record, Refused, Secret

SAMPLE = {
    "map": 'id=User ID,email=E-Mail,name="Full Name",active=Active,labels=Roles,created_at=Created,'
    "password_hash=Password Hash,hash=Hash Algorithm,salt=Salt,metadata.plan=Plan"
}


def test_the_sample(read):
    found = read("csv", "plain.csv", **SAMPLE)
    assert [(item.at, item.ref) for item in found] == [
        *((line, str(line - 1)) for line in range(2, 12)),
        (13, "11"),
        (14, "1"),
        (15, "13"),
    ]
    zoe = found[0]
    assert (zoe.name, zoe.email, zoe.email_verified, zoe.blocked) == (
        "Zoë Müller-Ångström",
        "zoe@example.com",
        True,
        False,
    )
    assert (zoe.labels, zoe.metadata, zoe.created_at) == (
        ("admin", "editor"),
        {"plan": "pro"},
        datetime(2021, 5, 1, tzinfo=UTC),
    )
    assert found[1].email == "li.lei@example.cn"
    notes = [(item.ref, note.field) for item in found for note in item.notes]
    assert notes == [("2", "created_at"), ("9", "name")]
    assert len(found[8].name) == 128
    assert found[2].created_at == found[3].created_at == datetime(2021, 5, 1, tzinfo=UTC)
    assert found[3].blocked
    assert found[4].created_at == datetime(2021, 5, 1, 8, tzinfo=UTC)
    assert found[9].name == "Line\nBreak"


@pytest.mark.parametrize(("ref", "password"), [("1", "zoe-pass-1"), ("2", "li-pass-2"), ("4", "sha-4"), ("5", "md5-5")])
def test_the_sample_s_passwords(by_ref, ref, password):
    secret = by_ref("csv", "plain.csv", **SAMPLE)[ref].password
    stored = hashing.accept(secret.text, secret.hash, secret.options).stored
    assert hashing.verify(stored, password)
    assert not hashing.verify(stored, password + "x")


def test_dates_in_a_form_that_is_given(by_ref):
    found = by_ref("csv", "plain.csv", **SAMPLE, date_format="%d.%m.%Y")
    assert found["2"].created_at == datetime(2021, 5, 1, tzinfo=UTC)
    (note,) = found["1"].notes
    assert (note.field, note.message.endswith("The date does not match %d.%m.%Y.")) == (
        "created_at",
        True,
    )


def test_a_date_that_cannot_be_read_says_what_option_reads_it(read):
    (found,) = read("csv", b"email,created_at\nada@example.com,13.11.2015\n")
    assert [note.message for note in found.notes] == [
        "Left out created_at '13.11.2015'. Add the date format, as in --source-option date_format=%d.%m.%Y."
    ]


def test_the_headings_of_a_german_spreadsheet_are_known(read):
    (found,) = read("csv", b"E-Mail-Adresse;Vorname;Nachname;Telefon\nada@example.com;Ada;Klein;+4930123456\n")
    assert (found.email, found.name, found.phone) == ("ada@example.com", "Ada Klein", "+4930123456")


@pytest.mark.parametrize(
    ("map", "message"),
    [
        ("e_mail=E-Mail", "Unknown field 'e_mail'. Did you mean 'email'?"),
        ("email=Email", "Unknown column 'Email'. Did you mean 'E-Mail'?"),
    ],
)
def test_a_misspelt_mapping_is_told_the_right_word(read, map, message):
    with pytest.raises(Invalid) as caught:
        read("csv", b"E-Mail,Name\nada@example.com,Ada\n", map=map)
    assert caught.value.message == message


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_delimiter_and_encoding_are_found(read, delimiter, encoding):
    rows = ["Email|Full Name", "zoe@example.com|Zoë Müller", "ada@example.com|Ada"]
    content = "".join(row.replace("|", delimiter) + "\r\n" for row in rows).encode(encoding)
    assert [(item.email, item.name) for item in read("csv", content)] == [
        ("zoe@example.com", "Zoë Müller"),
        ("ada@example.com", "Ada"),
    ]


def test_delimiter_and_encoding_are_given(read):
    content = "email:name\nzoe@example.com:Ğ\n".encode("cp1254")
    [zoe] = read("csv", content, delimiter=":", encoding="cp1254")
    assert zoe.name == "Ğ"
    [bob] = read("csv", b"email\tname,x\nbob@example.com\tBob\n", delimiter="tab")
    assert bob.email == "bob@example.com"


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "\0"])
def test_what_is_no_delimiter_is_refused(read, delimiter):
    with pytest.raises(Invalid, match="delimiter: use one character"):
        read("csv", b"email\n", delimiter=delimiter)


@pytest.mark.parametrize("column", ["password", "Password", "pass_word"])
def test_a_column_called_password_is_never_guessed(read, column):
    content = f"email,{column}\na@example.com,5f4dcc3b5aa765d61d8327deb882cf99\n".encode()
    with pytest.raises(Invalid, match="may contain hashes or plain") as caught:
        read("csv", content)
    assert "--hash-format NAME" in caught.value.hint
    assert read("csv", content, hash_format="md5")[0].password == Secret("5f4dcc3b5aa765d61d8327deb882cf99", "md5")
    assert read("csv", content, hash_format="plain")[0].password.is_plain
    assert read("csv", content, hash_format="self")[0].password == Secret("5f4dcc3b5aa765d61d8327deb882cf99")
    assert read("csv", content, hash_format="none")[0].password is None


@pytest.mark.parametrize("options", [{}, {"map": "hash=Hash"}, {"hash_format": "bcrypt"}])
def test_a_column_called_hash_without_one_of_passwords_is_never_passed_over(read, options):
    content = b"email,Hash\na@example.com,$2b$10$abc\n"
    with pytest.raises(Invalid, match="'Hash' names the algorithm") as caught:
        read("csv", content, **options)
    assert "--map password_hash=Hash" in caught.value.hint
    assert read("csv", content, map="password_hash=Hash")[0].password == Secret("$2b$10$abc")
    assert read("csv", content, hash_format="none")[0].password is None


@pytest.mark.parametrize(
    ("name", "message"), [("bcrpyt", r"not supported\. Did you mean 'bcrypt'\?"), ("NTLM", "not supported")]
)
def test_a_hash_that_is_not_known_is_told_before_anything_is_read(read, name, message):
    with pytest.raises(Invalid, match=message) as caught:
        read("csv", b"email,password\na@example.com,abc\n", hash_format=name)
    assert ("hash-format none" if name == "NTLM" else "argon2") in caught.value.hint


@pytest.mark.parametrize("name", ["MD5", "sha-256", "SHA256", "pbkdf2_sha256", "Firebase_Scrypt", "self", "none"])
def test_a_hash_is_named_in_any_spelling(read, name):
    assert read("csv", b"email,password\na@example.com,abc\n", hash_format=name)


def test_a_hash_that_is_named_for_no_column_is_told(read):
    with pytest.raises(Invalid, match="No column looks like a password"):
        read("csv", b"email,pw\na@example.com,abc\n", hash_format="md5")


def test_plain_passwords_keep_their_spaces(read):
    [ada] = read("csv", b"email,plain_password\n ada@example.com , two  words \n")
    assert (ada.email, ada.password) == ("ada@example.com", Secret(" two  words ", is_plain=True))


def test_hashes_with_options(read):
    [ada] = read(
        "csv",
        b"email,hashed,pepper\nada@example.com,00ff,salty\n",
        map="password_hash=hashed,salt=pepper",
        hash_format="sha256",
        hash_options="salt_position=suffix,encoding=hex",
    )
    options = {"salt_position": "suffix", "encoding": "hex", "salt": "salty"}
    assert ada.password == Secret("00ff", "sha256", options)


def test_a_column_that_is_mapped_is_nothing_else_by_its_name(read):
    [item] = read("csv", b"Hash,Name\n$2b$10$abc,ada\n", map="password=Hash,id=Name", hash_format="bcrypt")
    assert (item.id, item.name, item.password) == ("ada", None, Secret("$2b$10$abc", "bcrypt"))


def test_what_nothing_maps_is_left_out_or_kept(read):
    content = b"email,Plan,Hash,Team\nada@example.com,pro,abc,\n"
    [ada] = read("csv", content, hash_format="none")
    assert (ada.metadata, ada.unread) == (None, {"Plan": "pro"})


def test_parts_of_names_and_keys_of_objects(read):
    [ada] = read(
        "csv",
        b'first_name,Last Name,prefs,metadata.plan,"identity.google",theme\nAda,Lovelace,"{""a"": 1}",pro,108,dark\n',
        map="prefs.theme=theme",
    )
    assert (ada.name, ada.prefs, ada.metadata) == ("Ada Lovelace", {"a": 1, "theme": "dark"}, {"plan": "pro"})
    assert ada.identities == [Linked("google", "108")]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"map": "email=Nowhere"}, "map"),
        ({"map": "shoe_size=email"}, "map"),
        ({"map": "email"}, "map"),
        ({"map": "=email"}, "map"),
        ({"map": 'email="unclosed'}, "map"),
        ({"map": "password=email,password_hash=email", "hash_format": "md5"}, "map"),
        ({"map": "password_hash=email", "hash_format": "plain"}, "hash_format"),
        ({"map": "plain_password=email", "hash_format": "md5"}, "hash_format"),
        ({"hash_options": "iterations"}, "hash_options"),
    ],
)
def test_wrong_options_are_refused(read, options, field):
    with pytest.raises(Invalid) as caught:
        read("csv", b"email\nada@example.com\n", **options)
    assert (caught.value.type, caught.value.field) == ("general_argument_invalid", field)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"email,email\na,b\n", b'"unclosed\n'])
def test_what_has_no_columns_is_invalid(read, content):
    with pytest.raises(Invalid) as caught:
        read("csv", content)
    assert caught.value.type == "import_file_invalid"


@pytest.mark.parametrize(
    "row",
    [b'"stray,Bob', b"bob@example.com", b"bob@example.com,Bob,7", b'"bob@example.com"x,Bob', b'bob@example.com,"Bo"b"'],
)
def test_a_malformed_row_is_refused_by_its_line_and_its_neighbours_come_in(read, mended, row):
    header, ada, eve, joe = (
        b"email,name\n",
        b"ada@example.com,Ada\n",
        b"eve@example.com,Eve\n",
        b'joe@example.com,"J\noe"\n',
    )
    found = read("csv", header + ada + row + b"\n" + eve + joe)
    assert [(item.at, type(item)) for item in found] == [(2, Record), (3, Refused), (4, Record), (5, Record)]
    assert found[3].name == "J\noe"
    assert mended("csv", found[1:2]) == header + row + b"\n"


def test_a_stray_quote_does_not_swallow_the_rest(read):
    rows = "".join(f"{'' if n % 3 else chr(34)}u{n}@example.com,User {n}\n" for n in range(1, 3_000))
    found = read("csv", b"email,name\n" + rows.encode())
    assert [item.at for item in found] == list(range(2, 3_001))
    assert [isinstance(item, Refused) for item in found] == [n % 3 == 0 for n in range(1, 3_000)]


def test_truth_values(read):
    words = ["1", "t", "TRUE", "Yes", "y", "on", "0", "f", "false", "No", "n", "off", ""]
    found = read("csv", ("blocked,id\n" + "".join(f"{word},x\n" for word in words)).encode())
    assert [item.blocked for item in found] == [True] * 6 + [False] * 6 + [None]
    [odd] = read("csv", b"blocked,id\nmaybe,x\n")
    assert (odd.ref, odd.notes[0].field) == ("x", "blocked")


def test_it_is_recognised_where_nothing_else_is(samples):
    assert sources.recognise((samples / "plain.csv").read_bytes(), "plain.csv") == ["csv"]
    assert sources.recognise(b"email;name\n", "export.txt") == ["csv"]
    assert sources.recognise(b'{"a": 1}', "export.csv") == ["json"]


@pytest.mark.parametrize("column", ["Full Name", "'Full Name'", '"Full Name"', " Full Name "])
def test_a_column_in_either_quotes_or_none(read, column):
    [ada] = read("csv", b"mail,Full Name\nada@example.com,Ada\n", map=f"email=mail, name={column}")
    assert (ada.email, ada.name) == ("ada@example.com", "Ada")


def test_a_column_with_a_comma_a_quote_or_an_apostrophe(read):
    content = b'"E-Mail, work","The ""name""",User\'s id\nada@example.com,Ada,7\n'
    [ada] = read("csv", content, map='email="E-Mail, work",name="The ""name""",id=User\'s id')
    assert (ada.email, ada.name, ada.id) == ("ada@example.com", "Ada", "7")


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        ({}, ["Plan", "Since"]),
        ({"map": "created_at=Since"}, ["Plan"]),
        ({"map": "metadata.plan=Plan,created_at=Since"}, []),
    ],
)
def test_columns_that_are_not_read_are_named(read, options, columns):
    content = b"E-Mail,Full Name,Since,Plan,password\nada@example.com,,2020-01-01,pro,x\n"
    [ada] = read("csv", content, hash_format="none", **options)
    assert sorted(ada.unread) == columns


@pytest.mark.parametrize(
    "content",
    [
        b"sep=;\r\nid;email;;\r\n1;ada@example.com;;\r\n",
        b"id,email,,\n1,ada@example.com\n,,,\n1,ada@example.com,,,,\n,,,\n",
        b"id\temail\tname\n1\tada@example.com\tNULL\n(1 row)\n",
        b"id,email,phone\n1,ada@example.com,\\N\n3 rows in set (0.01 sec)\n",
        b'id,email,name\n="1",="ada@example.com",(null)\n(1 Zeile)\n',
        b"id|email\n--|-----------------\n1|ada@example.com\n\n(1 rows affected)\n",
        b'"id"\t"email"\t"name"\n"1"\t"ada@example.com"\t\\N\n"2"\t"bob@example.com"\t"O\\"Brien\\, Pat"\n',
    ],
)
def test_idioms_of_spreadsheets_and_databases(read, content):
    found = [item for item in read("csv", content) if isinstance(item, Record)]
    assert (found[0].id, found[0].email, found[0].name) == ("1", "ada@example.com", None)
    assert [item.name for item in found[1:]] in ([], [None], ['O"Brien, Pat'])


def test_quotes_behind_backslashes_are_chosen(read):
    [ada] = read("csv", b'id,name\n1,"A \\"da\\""\n', escape="backslash")
    assert ada.name == 'A "da"'
    [refused] = read("csv", b'id,name\n1,"A \\"da\\""\n', escape="none")
    assert "escape=backslash" in refused.notes[0].message


def test_a_password_that_is_null_is_none(read):
    content = b"id,plain_password\n1,NULL\n2,null and void\n"
    assert [item.password for item in read("csv", content)] == [None, Secret("null and void", is_plain=True)]


def test_a_row_of_sums_at_the_end_is_no_user(read):
    found = read("csv", b"id,email,logins\n1,ada@example.com,7\nTotal,,7\n")
    assert isinstance(found[1], Refused)
    assert len(read("csv", b"username,logins\ntotal,7\nada,8\n")) == 2


def test_a_file_without_a_row_of_names_is_refused_by_that_name_or_numbered(read, mended):
    content = b"1,ada@example.com,Ada\n2,bob@example.com,Bob\n2,\n"
    with pytest.raises(Invalid, match="first row does not name columns") as caught:
        read("csv", content)
    assert "header=no --map email=2" in caught.value.hint
    ada, bob, short = read("csv", content, header="no", map="email=2,name=3")
    assert [(each.at, each.email, each.name) for each in (ada, bob)] == [
        (1, "ada@example.com", "Ada"),
        (2, "bob@example.com", "Bob"),
    ]
    assert mended("csv", [short]) == b"2,\n"


def test_a_file_in_which_nothing_names_the_users_is_refused(read):
    with pytest.raises(Invalid, match="No column looks like an id, email, phone or username") as caught:
        read("csv", b"Kennung,Passwort,Mail privat\nada,secret,ada@example.com\n")
    assert "--map email='Mail privat'" in caught.value.hint
    assert "'Kennung', 'Passwort'" in caught.value.hint


def test_two_columns_of_one_name_are_told_apart(read):
    content = b"id,email,email\n1,ada@example.com,ada@example.org\n"
    with pytest.raises(Invalid, match="Two columns are called 'email'") as caught:
        read("csv", content)
    assert "--map 'email=email (2)'" in caught.value.hint
    assert read("csv", content, map="email=email")[0].email == "ada@example.com"
    assert read("csv", content, map="email=email (2)")[0].email == "ada@example.org"
    assert read("csv", b"id,note,note\n1,a,b\n")[0].id == "1"


def test_a_quote_that_is_never_closed_costs_its_row(read):
    rows = b"".join(b"u%d@example.com,User\n" % number for number in range(12_000))
    found = read("csv", b'email,name\n"stray,Bob\n' + rows)
    assert [type(item) for item in found[:2]] == [Refused, Record]
    assert len(found) == 12_001


@pytest.mark.parametrize("rows", [b"x\n" * 3_000, b"x\n" * 300_000, b'x","\n' * 30_000])
def test_what_makes_no_rows_behind_a_quote_ends_the_file(read, rows):
    found = read("csv", b'email,name\nada@example.com,Ada\n"' + rows)
    assert 2 <= len(found) <= 12
    assert "Nothing after it was read" in found[-1].notes[0].message


@pytest.mark.parametrize(
    ("word", "is_true"),
    [("WAHR", True), ("vrai", True), ("ja", True), ("1.0", True), ("\x01", True), ("b'1'", True), ("Active", True),
     ("FALSCH", False), ("nein", False), ("0.0", False), ("suspended", False)],
)  # fmt: skip
def test_truth_in_other_words(read, word, is_true):
    [found] = read("csv", f"id,active\n1,{word}\n".encode())
    assert found.blocked is not is_true


@pytest.mark.parametrize(
    ("word", "is_verified", "notes"),
    [("verified", True, 0), ("2021-01-01 12:00:00", True, 0), ("pending", False, 0), ("0000-00-00", None, 1)],
)
def test_verified_in_words_and_times(read, word, is_verified, notes):
    [found] = read("csv", f"id,email_verified\n1,{word}\n".encode())
    assert (found.email_verified, len(found.notes)) == (is_verified, notes)


def test_an_authenticator_is_asked_for_unless_the_file_says_otherwise(read):
    uri = b"otpauth://totp/X:a?secret=JBSWY3DPEHPK3PXP&issuer=X&digits=8&period=60&algorithm=sha256"
    found = read("csv", b"id,totp\n1,JBSWY3DPEHPK3PXP\n2," + uri + b"\n3,!!\n4,otpauth://hotp/a?secret=JBSWY3DP\n5,\n")
    assert [item.mfa for item in found] == [True, True, None, None, None]
    [factor] = found[1].totp
    assert (factor.secret, factor.algorithm, factor.digits, factor.period) == (
        found[0].totp[0].secret,
        "SHA256",
        8,
        60,
    )
    assert [note.type for item in found for note in item.notes] == ["import_factor_lost"] * 2
    assert read("csv", b"id,totp,mfa\n1,JBSWY3DPEHPK3PXP,no\n")[0].mfa is False


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ('"[""ROLE_USER"",""ROLE_ADMIN""]"', ("ROLE_USER", "ROLE_ADMIN")),
        ('"a:2:{i:0;s:9:""ROLE_USER"";i:1;s:5:""admin"";}"', ("ROLE_USER", "admin")),
        ("editor|admin", ("editor", "admin")),
    ],
)
def test_labels_in_lists_of_json_and_php(read, cell, labels):
    assert read("csv", f"id,labels\n1,{cell}\n".encode())[0].labels == labels


@pytest.mark.parametrize("phone", ["491512345678.0", '="491512345678"', "491512345678"])
def test_phones_as_spreadsheets_write_them(read, phone):
    [found] = read("csv", f"id,phone\n1,{phone}\n".encode())
    assert found.phone == "491512345678"
