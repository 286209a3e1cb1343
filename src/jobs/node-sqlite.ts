import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue } from 'node:sqlite';
import type { SqliteDatabase, SqliteStatement } from 'kysely';

const STATEMENTS_KEPT = 500;

/**
 * A file of node:sqlite as kysely wants it. Transactions start with `begin immediate`: a deferred one fails with BUSY when
 * it first writes while another process does.
 */
export function nodeSqlite(file: string, busyTimeoutMs: number): SqliteDatabase & { readonly raw: DatabaseSync } {
  const raw = new DatabaseSync(file, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  const statements = new Map<string, SqliteStatement>();
  return {
    raw,
    close: () => {
      statements.clear();
      raw.close();
    },
    prepare(text) {
      const statement = text === 'begin' ? 'begin immediate' : text;
      const known = statements.get(statement);
      if (known) return known;
      const prepared = raw.prepare(statement);
      const values = (parameters: readonly unknown[]): SQLInputValue[] => parameters as SQLInputValue[];
      const adapted: SqliteStatement = {
        reader: prepared.columns().length > 0,
        all: (parameters) => prepared.all(...values(parameters)),
        run: (parameters) => {
          // SQLite has already rolled back by itself when the disk was full.
          if (text === 'rollback' && !raw.isTransaction) return { changes: 0, lastInsertRowid: 0 };
          return prepared.run(...values(parameters));
        },
        iterate: (parameters) => prepared.iterate(...values(parameters)),
      };
      if (statements.size >= STATEMENTS_KEPT) statements.clear();
      statements.set(statement, adapted);
      return adapted;
    },
  };
}
