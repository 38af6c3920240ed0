"""Everything on one machine: embedded PostgreSQL and Valkey, migrations, first data, all processes, one command."""
