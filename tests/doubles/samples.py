"""The sample exports: how each is imported, and what is expected of each of its records."""

import json
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "transfer" / "samples"
HASH_CONFIG = (FOLDER / "firebase-hash-config.txt").read_text()


@dataclass(frozen=True)
class Sample:
    """A file, the source it is of, the files it is joined with, and the options it needs."""

    name: str
    source: str
    others: tuple[str, ...] = ()
    options: dict = field(default_factory=dict)

    @property
    def paths(self):
        return [FOLDER / name for name in (self.name, *self.others)]

    @property
    def expected(self):
        """One a record, in the order of the file."""
        found = [dict(each) for each in EXPECTED[self.name]]
        for each in found:
            change = DIFFERENT.get((self.name, str(each["ref"])))
            if change:
                each["outcome"], each["why"] = change
        return found

    def __str__(self):
        return self.name


EXPECTED = json.loads((FOLDER / "expected.json").read_text())
SAMPLES = (
    Sample("appwrite-users.json", "appwrite"),
    Sample(
        "supabase-users.csv", "supabase", ("supabase-identities.csv", "supabase-mfa_factors.csv"), {"roles": "labels"}
    ),
    Sample("firebase-users.json", "firebase", options={"hash_config": HASH_CONFIG, "roles": "labels"}),
    Sample("firebase-users.csv", "firebase", options={"hash_config": HASH_CONFIG}),
    Sample("auth0-import-schema.json", "auth0"),
    Sample("keycloak-realm.json", "keycloak", options={"roles": "labels", "groups": "teams"}),
    Sample("keycloak-rest.json", "keycloak", options={"roles": "labels", "groups": "teams"}),
    Sample("kratos-cli.json", "kratos"),
    Sample("kratos-batch.json", "kratos"),
    Sample("cognito-import.csv", "cognito"),
    Sample("okta-users.json", "okta"),
    Sample("clerk-users.csv", "clerk"),
    Sample("django-dumpdata.json", "django", ("django-dumpdata.json",), {"groups": "labels"}),
    Sample("wordpress-users.csv", "wordpress", options={"roles": "labels"}),
    Sample("django-natural.json", "django", options={"groups": "labels"}),
    Sample("django.xml", "django", ("django.xml",), {"groups": "labels"}),
    Sample("htpasswd", "htpasswd"),
    Sample("ldap.ldif", "ldif"),
    Sample(
        "mongoexport.json",
        "json",
        options={
            "map": "id=_id.$oid,email=emails.0.address,email_verified=emails.0.verified,name=profile.fullName,"
            "labels=roles,password=services.password.bcrypt",
            "hash_format": "bcrypt",
        },
    ),
    Sample(
        "plain.csv",
        "csv",
        options={
            "map": 'id=User ID,email=E-Mail,name="Full Name",active=Active,labels=Roles,created_at=Created,'
            "password_hash=Password Hash,hash=Hash Algorithm,salt=Salt,metadata.plan=Plan"
        },
    ),
)

# Where the expectations of the samples' author are not what is right.
DIFFERENT = {
    ("firebase-users.csv", "uid0000000000000000000000011"): (
        "import",
        "the CSV has no field for second factors, so nobody can tell that one is lost",
    ),
    ("auth0-import-schema.json", "antoinette@example.com"): (
        "warn",
        "the phone of the second factor is not the user's own, and would become a way to sign in if it were made so",
    ),
    ("plain.csv", "2"): ("warn", "the day-first date is left out, and the report says so"),
    ("plain.csv", "10"): ("import", "a name may hold a line break; it is kept exactly, and escaped where it is shown"),
}
