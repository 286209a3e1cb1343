import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { drawRecording, type Frame } from './draw-recording.ts';

/** Runs the demo and draws what it prints, at the pace at which it prints it: node scripts/record-demo.ts. */
const TARGET = 'docs/pictures/demo.svg';

const demo = spawn(process.execPath, ['src/main.ts', 'demo', '--once'], { stdio: ['ignore', 'pipe', 'inherit'] });
const frames: Frame[] = [];
const startedAt = performance.now();
let pending = '';
demo.stdout.setEncoding('utf8');
demo.stdout.on('data', (text: string) => {
  const lines = `${pending}${text}`.split('\n');
  pending = lines.pop() ?? '';
  frames.push({ atSeconds: (performance.now() - startedAt) / 1000, lines });
});
const code = await new Promise<number | null>((resolve) => demo.once('close', resolve));
if (code !== 0) throw new Error(`The demo ended with ${code}.`);
mkdirSync('docs/pictures', { recursive: true });
writeFileSync(TARGET, drawRecording('npm run demo', frames));
process.stdout.write(`${TARGET}: ${frames.length} frames\n`);
