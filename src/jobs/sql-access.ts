import { sql } from 'kysely';
import type { Kysely, RawBuilder, Transaction } from 'kysely';
import type { JobsDatabase } from './database.ts';
import { storeFailure } from './store-failure.ts';

/** What differs between the two databases. */
export interface SqlTraits {
  /** Now on the clock that leases are measured by, in epoch milliseconds. */
  nowMs(): RawBuilder<number>;
  /** True where rows of a running transaction are skipped with `for update skip locked`. */
  readonly locksRows: boolean;
  /** Runs one whole transaction, again when the database says that it was only busy. */
  attempt<T>(work: () => Promise<T>): Promise<T>;
}

/** The two ways the store touches its database. */
export interface SqlAccess {
  readonly traits: SqlTraits;
  read<T>(work: (db: Kysely<JobsDatabase>) => Promise<T>): Promise<T>;
  /** One transaction. `seq` is its place among all changes, taken first, so that writers queue up instead of deadlocking. */
  write<T>(work: (trx: Transaction<JobsDatabase>, seq: number) => Promise<T>): Promise<T>;
}

export function sqlAccess(db: Kysely<JobsDatabase>, traits: SqlTraits): SqlAccess {
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await traits.attempt(work);
    } catch (cause) {
      throw storeFailure(cause);
    }
  };
  return {
    traits,
    read: (work) => guarded(() => work(db)),
    write: (work) =>
      guarded(() =>
        db.transaction().execute(async (trx) => {
          const { value } = await trx
            .updateTable('change_counter')
            .set({ value: sql<number>`value + 1` })
            .returning('value')
            .executeTakeFirstOrThrow();
          return work(trx, value);
        }),
      ),
  };
}
