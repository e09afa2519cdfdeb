"""What a command works with: the environment, the output, the directory. Each is made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeVar, cast

import typer

from authctl.cli import prompts
from authctl.cli.environment import Environment
from authctl.cli.escaping import visible
from authctl.cli.output import Format, Output

if TYPE_CHECKING:
    from authctl.core.directory.directory import Directory
    from authctl.core.work.unit import Actor
    from authctl.model import Json, Waiting
    from authctl.settings import Settings

WIDEST, NARROWEST = 100, 30  # columns of a help page

T = TypeVar("T")


class Context(typer.Context):
    """Typer's context, with what commands ask of it. One line's contexts share what they have made."""

    @property
    def given(self) -> dict[str, Any]:
        """The common options of the line."""
        given: dict[str, Any] = self.meta.setdefault("given", {})
        return given

    def _once(self, name: str, make: Callable[[], T]) -> T:
        if name not in self.meta:
            self.meta[name] = make()
        made: T = self.meta[name]
        return made

    @property
    def environment(self) -> Environment:
        return self._once("environment", self._make_environment)

    def _make_environment(self) -> Environment:
        from dataclasses import replace

        environment: Environment = self.obj
        return replace(environment, no_color=True) if "no_color" in self.given else environment

    @property
    def program(self) -> str:
        """How commands begin that we name: with what this line says of where the directory is, but for a password."""
        ways = (("--config", "config"), ("--profile", "profile"), ("--database", "database_url"))
        given = [(option, name, self.given[name]) for option, name in ways if self.given.get(name)]
        if not given:
            return "authctl"
        from shlex import quote

        from authctl.settings import redact_url

        words = ["authctl"]
        for option, name, value in given:
            if name != "database_url" or redact_url(value) == value:
                words += [option, quote(value)]
        return " ".join(words)

    @property
    def settings(self) -> Settings:
        """The configuration; what it warns of is told when it is first read."""
        return self._once("settings", self._make_settings)

    def _make_settings(self) -> Settings:
        settings = self._once("loaded settings", self._load_settings)
        for warning in settings.warnings:
            self.output.warn(warning)
        return settings

    def _load_settings(self) -> Settings:
        """The settings before they are told of: how that is written is one of them."""
        from authctl.settings import load

        return load(
            self.environment.environ,
            config=self.given.get("config"),
            profile=self.given.get("profile"),
            options={"database_url": self.given.get("database_url")},
        )

    @property
    def output(self) -> Output:
        return self._once("output", self._make_output)

    def _make_output(self) -> Output:
        from dataclasses import replace

        given, usual = self.given, self._once("loaded settings", self._load_settings).output
        format = Format.JSON if "json" in given else given.get("output_format")
        if format is None and usual.format is not None:
            format = Format(usual.format)
        fields = tuple(filter(None, (field.strip() for field in given.get("fields", "").split(","))))
        environment = replace(self.environment, color=usual.color)
        return Output(
            environment,
            format,
            fields or None,
            quiet="quiet" in given,
            csv_raw="csv_raw" in given,
            program=self.program,
        )

    # The directory, and who acts in it

    @property
    def is_dry_run(self) -> bool:
        return "dry_run" in self.given

    @property
    def is_person(self) -> bool:
        """Whether the line says --as-session."""
        return "as_session" in self.given

    @property
    def directory(self) -> Directory:
        """The directory for whoever acts: the operator, or with --as-session that person."""
        return self._once("directory", self._make_directory)

    def _make_directory(self) -> Directory:
        if not self.is_person:
            return self.operators
        secret, again = self.session_secret(), self.given_again
        by_stdin = again.pop("password_stdin", False)
        password = prompts.read_secret_line(self.environment, "--password-stdin") if by_stdin else None
        return self.operators.as_session(secret, password=password, **again)

    @property
    def given_again(self) -> dict[str, Any]:
        """The options by which a person gives something once more."""
        return {name: self.given[name] for name in ("password_stdin", "code", "challenge") if name in self.given}

    @property
    def operators(self) -> Directory:
        """The directory for the operator at the terminal, whoever the line acts for."""
        return self._once("operators", self._open_directory)

    def _open_directory(self) -> Directory:
        from authctl.core.directory import opening

        environment, command = self.environment, cast(Any, self.command)
        directory = opening.open_directory(
            self.settings,
            self.actor,
            clock=environment.clock,
            random_bytes=environment.random_bytes,
            hash_parameters=environment.hash_parameters,
            notice=self.output.tell,
            makes=command.declaration.makes,
        )
        self.call_on_close(directory.close)
        directory.warn = self.output.warn
        directory.sleep = self.environment.sleep
        directory.waiting = directory.database.waiting = self._waiting()
        directory.keeps_changes = self.answers_in_words
        return directory.acting(directory.actor, dry_run=self.is_dry_run)

    def _waiting(self) -> Waiting:
        """What tells a person at a terminal what a step waits for."""
        if not self.environment.moves_cursor or self.output.quiet:
            return nullcontext
        from authctl.cli.waiting import Waits

        return Waits(self.environment)

    def session_secret(self, *, stdin: bool = False) -> str:
        """The secret of the session that acts: from AUTHCTL_SESSION, else the next line of stdin."""
        secret = self.environment.environ.get("AUTHCTL_SESSION")
        if secret and not stdin:
            return secret
        if not stdin and self.environment.is_interactive:
            return prompts.secret(self.environment, "Session secret", flag="AUTHCTL_SESSION")
        return prompts.read_secret_line(self.environment, "--secret-stdin" if stdin else "AUTHCTL_SESSION")

    @property
    def actor(self) -> Actor:
        from authctl.core.work.unit import Actor

        return Actor.of(
            self.settings,
            os_user=self.environment.os_user,
            host=self.environment.host_name,
            reason=self.given.get("reason"),
            ip=self.given.get("ip"),
            user_agent=self.given.get("user_agent"),
        )

    def make_formatter(self) -> Any:
        """What lays out help pages: as wide as the window, and no wider than can be read well."""
        from authctl.cli.help import whole_words

        width = max(min(self.environment.columns, WIDEST) - 2, NARROWEST)
        return whole_words(self.formatter_class)(width=width)

    # Results

    @property
    def answers_in_words(self) -> bool:
        """Whether a person at a terminal is told in a sentence what changed."""
        return self.output.is_for_a_person and not self.output.is_chosen and self.is_change

    @property
    def is_change(self) -> bool:
        """Whether the command changes something, and says in a sentence what it did."""
        declaration = getattr(self.command, "declaration", None)
        return declaration is not None and declaration.says is not None

    def show(self, record: Json, *, table: Sequence[Json] = ()) -> None:
        """Print a command's answer; of a dry run, what would have changed too.

        When quiet, a change shows the secrets that it made and nothing else, unless the line asks for the record.
        table: rows for a person at a terminal.
        """
        if self.answers_in_words:
            self._tell_change(record, table)
        elif self.is_quiet_change:
            from authctl.cli.tables import SECRETS

            if secrets := {name: value for name, value in record.items() if name in SECRETS}:
                self.output.show_only(secrets)
        else:
            self.output.show(record | self._dry_run())

    @property
    def is_quiet_change(self) -> bool:
        """Whether a change is made of which the line asks to see nothing."""
        return self.output.quiet and self.is_change and not (self.is_dry_run or self.asks_for_answer)

    def _tell_change(self, record: Json, table: Sequence[Json] = ()) -> None:
        """Say what a command did, in words; when quiet, show the secrets that it made and nothing else."""
        from authctl.cli import answers

        changes = [*self.directory.changes]
        self.directory.changes.clear()
        self.tell_dry_run()
        look = self.output.look()
        if self.output.quiet:
            answers.write_secrets(record, look)
        else:
            sentence = self.command.declaration.says.format_map(answers.Words(self.params, record, changes))  # type: ignore[attr-defined]
            public, given = [each.public() for each in changes], {str(each) for each in self.params.values()}
            answers.write(sentence, record, public, look, given=given, table=table, is_dry_run=self.is_dry_run)
        self.output.flush()

    def report(self, record: Json) -> None:
        """Print an answer that only says what was done; with --quiet, if the line asks for it by -o or --fields."""
        if not self.output.quiet or self.is_dry_run or self.asks_for_answer:
            self.show(record)

    @property
    def asks_for_answer(self) -> bool:
        """Whether the line says how to show the answer, and so that it wants one."""
        return not self.given.keys().isdisjoint(("output_format", "json", "fields"))

    def show_json(self, name: str, value: Json) -> None:
        """Print an object that is an answer by itself, such as preferences: JSON in every format.

        Of a dry run it has its name, beside what would have changed.
        """
        if self.answers_in_words:
            self._tell_change({})
        else:
            self.output.show_json({name: value} | self._dry_run() if self.is_dry_run else value)

    def _dry_run(self) -> Json:
        """What the answer of a dry run has beyond that of a real one."""
        if not self.is_dry_run:
            return {}
        changes = [change.public() for change in self.directory.changes]
        self.directory.changes.clear()
        self.tell_dry_run()
        return {"dry_run": True, "changes": changes}

    def tell_dry_run(self) -> None:
        """Say once that nothing was changed, where that is so and JSON does not say so itself."""
        if self.is_dry_run and not self.output.speaks_json:
            self._once("dry run told", lambda: self.output.tell("Dry run: nothing was changed."))

    def show_count(self, count: int) -> None:
        from authctl.cli.output import Shape

        self.output.prepare(Shape("count", fields=("count",)))
        self.output.show({"count": count})

    # Questions

    def confirm(self, question: str) -> None:
        prompts.confirm(self.environment, question, yes="yes" in self.given)

    @property
    def is_agreed(self) -> bool:
        """Whether nothing is asked about subjects, since the line says yes or does nothing."""
        return "yes" in self.given or self.is_dry_run

    def confirm_subjects(self, question: str, *, from_stdin: bool = False, only_at_terminal: bool = False) -> None:
        """The same, showing first whom the line names and in which directory.

        from_stdin: stdin lists them, and the terminal itself is asked. only_at_terminal: elsewhere the line is enough.
        """
        if self.is_agreed:
            return
        with self.environment.at_terminal() if from_stdin else nullcontext(self.environment) as environment:
            if environment.is_interactive:
                from dataclasses import replace

                from authctl.cli import subjects

                look = replace(self.output.look(), has_colors=False)
                for line in subjects.described(self.directory, self.params, look):
                    environment.stderr.write(visible(line) + "\n")
            elif only_at_terminal:
                return
            prompts.confirm(environment, question, yes=False)

    def read_ids(self) -> Iterator[str]:
        return prompts.read_ids(self.environment)
