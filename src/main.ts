#!/usr/bin/env node
import { runCommand } from './app/main-command.ts';

// Waiting (for a busy job database, for a retry) does not keep a process alive by itself; the command does, until it is done.
const alive = setInterval(() => undefined, 60_000);
try {
  process.exitCode = await runCommand(process.argv.slice(2), process.env);
} finally {
  clearInterval(alive);
}
