import { readFileSync } from 'node:fs';
import type { PreparedServer } from '../../src/app/prepared-servers.ts';
import { serve } from '../../src/app/serve-command.ts';
import { servePrepared } from '../../src/app/serve-prepared.ts';

/** The program as it is published, with answers from the file that is named instead of those that the build puts in. */
const alive = setInterval(() => undefined, 60_000);
const end = await servePrepared(process.env, JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as PreparedServer[]);
if (end !== 'gone') {
  process.stderr.write('a server takes over\n');
  process.exitCode = await serve(process.env, 'configured', end.answered);
}
clearInterval(alive);
