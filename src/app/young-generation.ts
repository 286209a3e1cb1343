import { setFlagsFromString } from 'node:v8';

/**
 * Lets the space for new objects grow again, which the executable has kept small: V8 doubles it with every burst and hardly
 * gives it back, 16 MB after a start, for a server that may never be asked anything. The setting is read whenever it would grow.
 */
export function letYoungGenerationGrow(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
}
