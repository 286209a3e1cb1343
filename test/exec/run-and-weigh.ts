import { createHash } from 'node:crypto';
import { createNodeShell } from '../../src/exec/node-shell.ts';

/**
 * A process of its own, so that what it needs at most can be told: runs one command in a container and prints what came of it, and by how
 * many bytes its memory grew. Takes the settings and the command as JSON.
 */
const [settings = '{}', command = '{}'] = process.argv.slice(2);
const shell = createNodeShell(JSON.parse(settings));
await shell.runInContainer({ node: 'pve1', vmid: 101, argv: ['true'], timeoutSeconds: 10 });
const before = process.resourceUsage().maxRSS;
const { stdout, stderr, ...output } = await shell.runInContainer({ node: 'pve1', vmid: 101, timeoutSeconds: 60, ...JSON.parse(command) });
const grownBytes = (process.resourceUsage().maxRSS - before) * 1024;
const keptSha256 = createHash('sha256').update(stdout).digest('hex');
process.stdout.write(JSON.stringify({ ...output, keptBytes: [stdout.length, stderr.length], keptSha256, grownBytes }));
await shell.close();
