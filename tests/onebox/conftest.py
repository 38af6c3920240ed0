"""A data folder made once, to be copied by who needs a server of its own."""

import shutil

import pytest

from onebox import ports
from onebox.postgres import TEST, Postgres
from onebox.servers import running


@pytest.fixture(scope="session")
def initialised(tmp_path_factory):
    """The data folder of a server that never ran; its password is `secret`."""
    folder = tmp_path_factory.mktemp("initialised") / "postgres"
    Postgres(folder, 1, "secret", TEST).prepare()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def stopped_server(initialised, tmp_path):
    """A server of the test's own on a free port, not yet running."""
    folder = tmp_path / "postgres"
    shutil.copytree(initialised, folder)
    yield Postgres(folder, *ports.free_ports(1), "secret", TEST)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def running_server(stopped_server, tmp_path):
    with running(stopped_server, tmp_path / "log"):
        yield stopped_server
