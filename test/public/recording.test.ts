import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { drawRecording } from '../../scripts/draw-recording.ts';
import { runTour } from '../../src/cli/tour.ts';
import { startProduct } from '../product.ts';

/** The lines of a recording, without what differs from run to run. */
function linesOf(picture: string): readonly string[] {
  return [...picture.matchAll(/<text[^>]*>(.*)<\/text>/g)]
    .map(([, line = '']) => line)
    .filter((line) => !/^ {4}\[[#-]+\]/.test(line))
    .map((line) => line.replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-F]{8}|\d+(?:\.\d+)*/g, '#'));
}

test('the recording in the README shows what the demo prints', async () => {
  await using product = await startProduct();
  let printed = '';
  const write = (text: string): unknown => (printed += text);
  expect(await runTour({ url: product.url, simulatorUrl: product.sim.url, write, interactive: false })).toBe(true);
  const now = drawRecording('npm run demo', [{ atSeconds: 1, lines: printed.split('\n') }]);
  const recorded = readFileSync('docs/pictures/demo.svg', 'utf8');
  expect(linesOf(now).length).toBeGreaterThan(60);
  expect(linesOf(recorded), 'Record it again: node scripts/record-demo.ts').toEqual(linesOf(now));
});
