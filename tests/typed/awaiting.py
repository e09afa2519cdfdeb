"""A program that awaits what `application` calls, as type checkers should take it without a word."""

import asyncio
from typing import assert_type

import authctl.aio
from authctl import aio, errors, model


async def sign_in(directory: aio.Application, email: str, password: str, ip: str) -> str | None:
    try:
        signed_in = await directory.from_request(ip=ip).sessions.create(email, password)
    except errors.Denied:
        return None
    return assert_type(signed_in.secret, str)


async def rename(directory: aio.Application, secret: str, name: str) -> model.User:
    person = await directory.sessions.get(secret)
    mine = assert_type(directory.as_session(secret), aio.Application)
    return await mine.users.update_name(person.user.id, name)


async def both(operators: aio.Directory) -> tuple[model.User, list[model.Team]]:
    user = asyncio.create_task(operators.users.get("ada"))
    async with asyncio.TaskGroup() as group:
        teams = group.create_task(operators.teams.list())
    return await user, assert_type(teams.result(), list[model.Team])


async def names(operators: aio.Directory) -> list[str]:
    return [user.name async for user in operators.users.iterate(sort="created_at")]


async def follow(operators: aio.Directory, after: str | None) -> str | None:
    following = operators.security.follow_logs(lambda: asyncio.sleep(1), after=after)
    async for event in following:
        assert_type(event, model.Event)
        break
    await following.aclose()
    return following.cursor


async def main(url: str) -> None:
    async with authctl.aio.open(url, threads=4, pool_size=3) as operators, aio.application(url) as directory:
        await operators.users.create(id="ada", password="correct horse battery")
        assert (secret := await sign_in(directory, "ada", "correct horse battery", "192.0.2.7")) is not None
        assert (await rename(directory, secret, "Ada")).name == "Ada"
        user, teams = await both(operators)
        assert (user.id, teams, await names(operators)) == ("ada", [], ["Ada"])
        cursor = await follow(operators, None)
        await operators.users.delete("ada")
        assert await follow(operators, cursor) != cursor
