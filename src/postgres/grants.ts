import type { PoolClient } from 'pg';
import { RtnError } from '../error.js';

/** What a role must be allowed: `{ on: 'table', name: 'rtn.runs', privileges: ['insert'] }`. Names as SQL has them. */
export interface Grant {
  readonly on: 'database' | 'schema' | 'table';
  readonly name: string;
  readonly privileges: readonly string[];
}

const LACKING = `
  select current_user as role, wanted."on", wanted.name, wanted.privilege
    from unnest($1::text[], $2::text[], $3::text[]) as wanted("on", name, privilege)
   where not case wanted."on"
     when 'database' then has_database_privilege(wanted.name, wanted.privilege)
     when 'schema' then has_schema_privilege(wanted.name, wanted.privilege)
     else has_table_privilege(wanted.name, wanted.privilege) end`;

/** Throws `credentials` with the GRANT that is missing. `what` says what cannot be done without it. */
export async function requireGrants(
  client: PoolClient,
  what: string,
  grants: readonly Grant[],
): Promise<void> {
  const wanted = grants.flatMap(({ on, name, privileges }) =>
    privileges.map((privilege) => ({ on, name, privilege })),
  );
  const { rows } = await client.query<{ role: string; on: string; name: string; privilege: string }>(
    LACKING,
    [wanted.map(({ on }) => on), wanted.map(({ name }) => name), wanted.map(({ privilege }) => privilege)],
  );
  const [first] = rows;
  if (first === undefined) return;
  const lacking = rows.filter(({ on, name }) => on === first.on && name === first.name);
  const privileges = lacking.map(({ privilege }) => privilege).join(', ');
  throw new RtnError(
    'credentials',
    `${what}: the role ${first.role} has no ${privileges} on ${first.on} ${first.name}`,
    {
      next: `grant ${privileges} on ${first.on} ${first.name} to ${first.role}`,
    },
  );
}

/** The database that the connection is in. */
export async function currentDatabase(client: PoolClient): Promise<string> {
  const { rows } = await client.query<{ name: string }>('select current_database() as name');
  return rows[0]?.name ?? '';
}
