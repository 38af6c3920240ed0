"""Row policies of the narrow roles (decision 44), as revisions make them; what is here is never changed afterwards.

`targets_district` and its like see the rows of one district, `loans_bank` those of one bank. Their policies are
restrictive: another policy of a table can only take more away, never give rows back.
"""

from collections.abc import Sequence

from alembic import op

_SETTINGS = {"district": "app.unit", "bank": "app.bank"}


def copy_rights(schema: str, duties: Sequence[str]) -> None:
    """The narrow roles may do on every table what `<schema>_app` may, and nothing else."""
    roles = ", ".join(f"{schema}_{duty}" for duty in duties)
    op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {roles}")
    op.execute(
        f"""
        DO $$
        DECLARE held record;
        BEGIN
            FOR held IN
                SELECT c.oid::regclass AS name, a.privilege_type AS right, '' AS column
                FROM pg_class c, aclexplode(c.relacl) a
                WHERE c.relnamespace = '{schema}'::regnamespace AND c.relkind IN ('r', 'p')
                    AND a.grantee = '{schema}_app'::regrole
                UNION ALL
                SELECT c.oid::regclass, a.privilege_type, format('(%I)', t.attname)
                FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
                WHERE c.relnamespace = '{schema}'::regnamespace AND c.relkind IN ('r', 'p')
                    AND a.grantee = '{schema}_app'::regrole
            LOOP
                EXECUTE format('GRANT %s %s ON %s TO {roles}', held.right, held.column, held.name);
            END LOOP;
        END
        $$
        """  # noqa: S608  our own names
    )


def take_rights(schema: str, duties: Sequence[str]) -> None:
    """The reverse of `copy_rights`."""
    roles = ", ".join(f"{schema}_{duty}" for duty in duties)
    op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {roles}")


def protect(schema: str, table: str, *, has_policies: bool = False, **columns: str) -> None:
    """Rows of a table for their district or bank alone, whoever forgets to ask for it.

    Args:
        has_policies: other policies say already which rows may be written; then the owner gets one of its own,
            because the force of the policies would bind migrations, too.
        columns: by duty of the narrow role (`district`, `bank`) the text column with whose rows they are.
    """
    name = f'{schema}."{table}"'
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    whom, policy = (f"TO {schema}_owner ", "owner_migrates") if has_policies else ("", "all_rows")
    op.execute(f"CREATE POLICY {policy} ON {name} {whom}USING (true) WITH CHECK (true)")
    for duty, column in columns.items():
        op.execute(
            f"CREATE POLICY own_{duty} ON {name} AS RESTRICTIVE TO {schema}_{duty}"
            f" USING ({column} = current_setting('{_SETTINGS[duty]}'))"
        )


def unprotect(schema: str, table: str, *, has_policies: bool = False, **columns: str) -> None:
    """The reverse of `protect`."""
    name = f'{schema}."{table}"'
    for duty in columns:
        op.execute(f"DROP POLICY own_{duty} ON {name}")
    op.execute(f"DROP POLICY {'owner_migrates' if has_policies else 'all_rows'} ON {name}")
    op.execute(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
    if not has_policies:
        op.execute(f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY")


def withhold(schema: str, tables: Sequence[str], duties: Sequence[str]) -> None:
    """No right at all on these tables: where no policy can be, because rows come by COPY, or where none fits."""
    roles = ", ".join(f"{schema}_{duty}" for duty in duties)
    names = ", ".join(f'{schema}."{table}"' for table in tables)
    op.execute(f"REVOKE ALL ON {names} FROM {roles}")
