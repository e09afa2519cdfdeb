"""`authctl security check-password` on the command line: what a password would get."""

import json


def test_a_password_is_told_what_it_would_get(security):
    security("users create --id ada --name Lovelace --email ada@example.com")
    ran = security("check-password --password-stdin -o json", stdin="correct horse battery staple\n")
    assert ran.status == 0
    assert json.loads(ran.stdout) == {"accepted": True, "failures": [], "score": 4, "crack_time": "centuries"}
    security("set password-strength all")
    ran = security("check-password --user ada --password-stdin", stdin="lovelace\n")
    assert ran.status == 3
    assert ran.stdout.split("\t")[:3] == ["false", "password_personal_data,password_strength", "0"]
    assert ran.stderr == (
        "authctl: The password contains the user's name. Leave it out.\nauthctl: The password needs an upper-case "
        "letter, a digit and a symbol.\n"
    )
    ran = security("check-password --user ada --password-stdin -o json", stdin="lovelace\n")
    wanted = ["password_personal_data", "password_strength"]
    assert [each["type"] for each in json.loads(ran.stdout)["failures"]] == wanted
    assert [each["type"] for each in json.loads(ran.stderr)["error"]["errors"]] == wanted
    assert "lovelace" not in (ran.stdout + ran.stderr)
    assert security("check-password").status == 2
    assert security("check-password --user nobody --password-stdin", stdin="x\n").status == 4
