"""A database stays with the installation that can find its persons."""

import json

import asyncpg
import pytest

from kit.crypto.keys import KeyRing
from onebox.bootstrap import DATABASE, ROLES, bootstrap
from onebox.errors import OneboxError
from onebox.keys import Keys


async def execute(server, statement):
    connection = await asyncpg.connect(server.admin_url(DATABASE))
    await connection.execute(statement)
    await connection.close()


async def test_an_installation_that_could_not_read_it_is_refused_before_anything_is_changed(running_server):
    admin_url, ours, other = running_server.admin_url(), Keys.generate(), Keys.generate()
    await bootstrap(admin_url, ours.role_passwords, keys=ours.key_ring)
    await bootstrap(admin_url, ours.role_passwords, keys=ours.key_ring)

    assert ours.key_ring.current.key_id == other.key_ring.current.key_id, "alike in name alone"
    with pytest.raises(OneboxError, match="另一套安装"):
        await bootstrap(admin_url, other.role_passwords, keys=other.key_ring)
    app = await asyncpg.connect(running_server.url("loans_app", ours.role_passwords["loans_app"], DATABASE))
    await app.close()

    rotated = {"current": "k2", "keys": ours.field_keys["keys"] | {"k2": other.field_keys["keys"]["k1"]}}
    await bootstrap(admin_url, ours.role_passwords, keys=KeyRing.parse(json.dumps(rotated)))
    with pytest.raises(OneboxError, match="另一套安装"):
        await bootstrap(admin_url, ours.role_passwords, keys=ours.key_ring)  # the new one has been lost

    await execute(running_server, f"COMMENT ON DATABASE {DATABASE} IS 'ours since 2024'")
    await bootstrap(admin_url, dict.fromkeys(ROLES, "x"), keys=other.key_ring)
