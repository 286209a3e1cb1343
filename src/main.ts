#!/usr/bin/env node
import { runCommand } from './app/main-command.ts';

process.exitCode = await runCommand(process.argv.slice(2), process.env);
