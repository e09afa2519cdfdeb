"""How a function of a room below becomes a verb of the directory, and who may use it.

    class Users(Group):
        get = reads(lookup.get, by=OPERATOR | PERSON)

    directory.users.get("ada") → one unit of work, lookup.get(work, "ada")

A group lists its verbs, and who may use each: nobody may whom it does not name. What it names is loaded when it is
first used (`later`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from enum import Enum, auto
from functools import partial
from importlib import import_module
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from authctl.core.directory.arguments import Arguments
from authctl.core.work.engine import Engine
from authctl.core.work.unit import By, Work
from authctl.errors import AuthctlError, NotFound

if TYPE_CHECKING:
    from authctl.core.audit.following import Following
    from authctl.core.directory.threads import Awaited, Follower

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")
X = TypeVar("X")


class StepUp(Enum):
    """How a verb that is sensitive asks a person to step up (`credentials.stepping_up`).

    RECENT: unless the person signed in lately. PASSWORD: the same, and for the current password in any case, which the
    verb takes.
    """

    RECENT = auto()
    PASSWORD = auto()


class Group:
    """The verbs of one kind of thing, bound to a directory."""

    def __init__(self, directory: Engine) -> None:
        self.directory = directory

    def _bind(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method that a verb is, as whoever has the group calls it."""
        return MethodType(method, self)

    def __init_subclass__(cls) -> None:
        """Refuse a verb of which the table does not say who may use it."""
        for name, verb in vars(cls).items():
            if not name.startswith("_") and not isinstance(verb, _Verb):
                raise TypeError(f"{cls.__name__}.{name} does not say who may use it")


class _Later:
    """A function of a module that is not loaded yet."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def load(self) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(import_module(self.module), self.name)
        return found


class _Module:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> _Later:
        return _Later(self._name, name)


def later(package: str, *modules: str) -> list[_Module]:
    """Stand-ins for modules of a room, whose functions are loaded when a verb is first used.

    A command starts in the time of what it uses. Type checkers are shown the import itself.
    """
    return [_Module(f"{package}.{module}") for module in modules]


class _Verb(Generic[S, P, T]):
    """A function, made a method of its group, with its own name, documentation and signature.

    by: who may use it; people for their own account and teams alone. steps_up: whether a person must have signed in
    lately, or gives it again. admission: what a session may use it for before it may do anything else
    (`admission.admit`).
    is_one_unit: whether it is one unit of work, so that it can be done in a transaction of the application's.
    """

    is_one_unit = True

    def __init__(
        self,
        function: Callable[Concatenate[S, P], T],
        *,
        by: By,
        steps_up: StepUp | None = None,
        **admission: bool,
    ) -> None:
        self.by = by
        self.steps_up = steps_up
        self.admission = admission
        self._name = ""
        self._function: Callable[..., T] | _Later = function
        self._method: Callable[..., T] | None = None

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"{owner.__name__}.{name}"

    @overload
    def __get__(self, group: None, owner: type) -> Callable[Concatenate[Any, P], T]: ...
    @overload
    def __get__(self: _Verb[S, P, Following], group: Awaited, owner: type) -> Callable[P, Follower]: ...
    @overload
    def __get__(
        self: _Verb[S, P, Iterator[X]], group: Awaited, owner: type
    ) -> Callable[P, AsyncGenerator[X, None]]: ...
    @overload
    def __get__(self, group: Awaited, owner: type) -> Callable[P, Coroutine[object, None, T]]: ...
    @overload
    def __get__(self, group: Group, owner: type) -> Callable[P, T]: ...
    def __get__(self, group: Group | Awaited | None, owner: type) -> Any:
        if self._method is None:
            self._method = self._make()
        return self._method if group is None else group._bind(self._method)

    @property
    def function(self) -> Callable[..., T]:
        """What does it: `function(work, …)`, or `function(directory, …)` of a flow."""
        if isinstance(self._function, _Later):
            self._function = self._function.load()
        return self._function

    def _make(self) -> Callable[..., T]:
        function = self.function
        arguments = Arguments(function)

        def method(group: Group, /, *args: Any, **kwargs: Any) -> T:
            directory = self._admitting(group.directory)
            given, named = arguments.read(args, kwargs)
            try:
                if self.steps_up is StepUp.RECENT:
                    _step_up(directory)
                return self.run(directory, function, *given, **named)
            except AuthctlError as error:
                directory.heard(error)
                raise

        method.__name__, method.__qualname__ = self._name.split(".")[1], self._name
        method.__module__, method.__doc__ = function.__module__, function.__doc__
        method.__wrapped__ = resolved = _resolved(function)  # type: ignore[attr-defined]
        method.__annotations__ = resolved.__annotations__
        return method

    def _admitting(self, directory: Engine) -> Engine:
        """The directory for this verb, if whoever acts may use it there."""
        directory.require(self.by)
        if not self.is_one_unit or (directory.is_person and self.steps_up):  # which counts attempts
            directory.refuse_within(self._name.lower())
        return directory.admitting(**self.admission) if directory.is_person and self.admission else directory

    def run(self, directory: Engine, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Do it: as one unit of work, or as several."""
        return function(directory, *args, **kwargs)


def _step_up(directory: Engine) -> None:
    from authctl.core.credentials import stepping_up

    stepping_up.step_up(directory)


def _resolved(function: Callable[..., Any]) -> FunctionType:
    """A copy with `self` for its first argument and types for their names, which `inspect` and `help()` show."""
    _, *own = function.__annotations__.items()
    types = {text: eval(text, function.__globals__) for _, text in own}  # noqa: S307 - our own source
    code = function.__code__.replace(co_varnames=("self", *function.__code__.co_varnames[1:]))
    copy = FunctionType(code, function.__globals__, argdefs=function.__defaults__)
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__annotations__ = {name: types[text] for name, text in own}
    return copy


class writes(_Verb[Work, P, T]):
    """A verb that is one unit of work: `verb(work, …)`."""

    def run(self, directory: Engine, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return directory.write(function, *args, **kwargs)


class reads(_Verb[Work, P, T]):
    """A verb that only reads: `verb(work, …)`. once: in one statement, with which its transaction ends."""

    def __init__(
        self,
        function: Callable[Concatenate[Work, P], T],
        *,
        by: By,
        once: bool = False,
        **admission: bool,
    ) -> None:
        super().__init__(function, by=by, steps_up=None, **admission)
        self.once = once

    def run(self, directory: Engine, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        if not self.once:
            return directory.read(function, *args, **kwargs)
        try:
            return directory.read(partial(_once, function), *args, **kwargs)
        except NotFound:  # more statements may find out why
            return directory.read(function, *args, **kwargs)


def _once(function: Callable[Concatenate[Work, P], T], work: Work, *args: P.args, **kwargs: P.kwargs) -> T:
    work.db.keep_plans()
    work.db.end_with_next()
    return function(work, *args, **kwargs)


class flow(_Verb[Engine, P, T]):
    """A verb of several units of work, with slow steps between them: `verb(directory, …)`."""

    is_one_unit = False


class prepares(flow[P, T]):
    """A verb of one unit of work after what is slow, which changes nothing: `verb(directory, …)`."""

    is_one_unit = True
