import { sql } from 'kysely';
import type { Kysely, RawBuilder, Transaction } from 'kysely';
import type { JobsDatabase } from './database.ts';
import { storeFailure } from './store-failure.ts';
import type { WalSync } from './wal-sync.ts';

/** What differs between the two databases. */
export interface SqlTraits {
  /** Now on the clock that leases are measured by, in epoch milliseconds. */
  nowMs(): RawBuilder<number>;
  /** True where rows of a running transaction are skipped with `for update skip locked`. */
  readonly locksRows: boolean;
  /** Runs one whole transaction, again when the database says that it was only busy. */
  attempt<T>(work: () => Promise<T>): Promise<T>;
  /** Bounds how long a transaction that has just begun may stand still or wait, where the database can. */
  bound?(trx: Transaction<JobsDatabase>): Promise<void>;
  /** Where a commit itself does not wait for the disk. */
  readonly disk?: Pick<WalSync, 'durable' | 'assertSound'>;
}

/** The two ways the store touches its database. */
export interface SqlAccess {
  readonly traits: SqlTraits;
  read<T>(work: (db: Kysely<JobsDatabase>) => Promise<T>): Promise<T>;
  /** One transaction. `seq` is its place among all changes, taken first, so that writers queue up instead of deadlocking. */
  write<T>(work: (trx: Transaction<JobsDatabase>, seq: number) => Promise<T>): Promise<T>;
}

export function sqlAccess(db: Kysely<JobsDatabase>, traits: SqlTraits): SqlAccess {
  return {
    traits,
    async read(work) {
      try {
        return await traits.attempt(() => work(db));
      } catch (cause) {
        throw storeFailure(cause);
      }
    },
    async write(work) {
      let committing = false;
      try {
        traits.disk?.assertSound();
        const outcome = await traits.attempt(() => {
          committing = false;
          return db.transaction().execute(async (trx) => {
            await traits.bound?.(trx);
            const { value } = await trx
              .updateTable('change_counter')
              .set({ value: sql<number>`value + 1` })
              .returning('value')
              .executeTakeFirstOrThrow();
            const made = await work(trx, value);
            committing = true;
            return made;
          });
        });
        await traits.disk?.durable();
        return outcome;
      } catch (cause) {
        throw storeFailure(cause, committing);
      }
    },
  };
}
