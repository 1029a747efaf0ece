// Names that the owner's side (migrations, roles, partitions) and the gateway's URL share.

/** Everything of Countersign's lives in this schema; nothing else may. */
export const schemaName = 'countersign';
export const gatewayRole = 'countersign_gateway';
/** Advisory lock of the one writer of the log in a database. */
export const writerLock = { class: 0x4353_4c4f, object: 1 } as const;
/** Advisory lock of the one maintenance process at a time that changes the schema. */
export const maintenanceLock = { class: 0x4353_4c4f, object: 2 } as const;

/** The same server and database, with our schema in the search path; other user where given. */
export function withSchema(url: string, login?: { readonly user: string; readonly password: string }): string {
  const changed = new URL(url);
  changed.searchParams.set('options', `-c search_path=${schemaName},public`);
  if (login !== undefined && changed.hostname !== '') {
    changed.username = login.user;
    changed.password = login.password;
  } else if (login !== undefined) {
    // A URL without a host (`postgresql:///name?host=/socket/folder`) can carry a user in its query only.
    changed.searchParams.set('user', login.user);
    changed.searchParams.set('password', login.password);
  }
  // libpq, unlike URL, does not read a plus as a blank.
  return changed.toString().replaceAll('+', '%20');
}
