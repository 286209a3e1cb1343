/**
 * What the compiler must refuse. Checked by `tsc`: an expected error that does not occur is an error itself.
 * No test runs this file.
 */
import { z } from 'zod';
import { send, unchanged } from '../src/domain/plan.ts';
import type { OperationName } from '../src/operations/catalog.ts';
import { defineControl, defineQuery, defineTask } from '../src/operations/define.ts';

const input = z.object({ vmid: z.int() });
const described = { name: 'x', title: 'X', description: 'X.', input } as const;
const written = { ...described, permissions: {}, summary: () => 'X' } as const;

// @ts-expect-error a write without a risk
defineTask({ ...written, repeat: 'convergent', run: async () => unchanged('x') });

// @ts-expect-error a write without a repeat class
defineTask({ ...written, risk: 'change', run: async () => unchanged('x') });

// @ts-expect-error a write whose risk is that of a read
defineTask({ ...written, risk: 'read', repeat: 'convergent', run: async () => unchanged('x') });

// @ts-expect-error a task that answers text
defineTask({ ...written, risk: 'change', repeat: 'convergent', run: async () => 'started' });

defineTask({
  ...written,
  risk: 'change',
  repeat: 'convergent',
  // @ts-expect-error a permission that names a field the input lacks
  permissions: { '/nodes/{node}': ['Sys.Audit'] },
  run: async ({ pve, input: { vmid } }) => send((await pve.vm({ vmid })).start()),
});

defineTask({
  ...written,
  risk: 'change',
  repeat: 'convergent',
  // @ts-expect-error a secret that is no field of the input
  secrets: ['password'],
  run: async () => unchanged('x'),
});

defineQuery({
  ...described,
  permissions: {},
  output: z.object({ done: z.boolean() }),
  text: () => 'x',
  // @ts-expect-error a query that describes a write: its client has no guests that could
  run: async ({ pve, input: { vmid } }) => ({ done: (await pve.vm({ vmid })).start() !== undefined }),
});

defineQuery({
  ...described,
  permissions: {},
  output: z.object({ count: z.int() }),
  text: () => 'x',
  // @ts-expect-error an answer that is not its output
  run: async () => ({ count: 'three' }),
});

defineControl({
  ...described,
  risk: 'read',
  output: z.object({}),
  text: () => 'x',
  // @ts-expect-error a control that reaches for the cluster
  run: async ({ pve }) => ({ ...pve }),
});

// @ts-expect-error a name that the catalogue lacks
'get_vm' satisfies OperationName;
