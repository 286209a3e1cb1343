import type { SqlAccess } from './sql-access.ts';

/** Notes the cluster whose jobs these are, once for ever. Answers the one that is noted. */
export async function bindToCluster(access: SqlAccess, clusterId: string): Promise<string> {
  const known = await access.read((db) => db.selectFrom('cluster').select('identity').executeTakeFirst());
  if (known) return known.identity;
  return access.write(async (trx) => {
    await trx
      .insertInto('cluster')
      .values({ id: 1, identity: clusterId })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return (await trx.selectFrom('cluster').select('identity').executeTakeFirstOrThrow()).identity;
  });
}
