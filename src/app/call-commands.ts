import type { Command } from '../cli/command.ts';
import { DEFAULT_WAIT_SECONDS, argumentsFromFlags, operationFlags } from '../cli/operation-flags.ts';
import { readInputFile } from '../cli/read-input-file.ts';
import { runCall } from '../cli/run-call.ts';
import { registerCatalog, type RegisteredOperation } from '../dispatch/registered-operation.ts';
import { CATALOG } from '../operations/catalog.ts';
import { tellRisk } from '../operations/risk-of-call.ts';
import { withProduct } from './with-product.ts';

/** One command per operation: its flags are its input schema. */
export function callCommands(): readonly Command[] {
  // A flag is there whatever the configuration says, which is not read for help.
  return registerCatalog(CATALOG, true).map(callCommand);
}

function callCommand(registered: RegisteredOperation): Command {
  const { operation } = registered;
  const flags = operationFlags(registered);
  const answersJob = flags['wait-seconds'] !== undefined;
  return {
    name: `call ${operation.name}`,
    summary: operation.description,
    details: `Toolset ${registered.toolset}, risk ${tellRisk(operation)}.`,
    flags,
    async run(invocation) {
      const { terminal, signal } = invocation;
      const { input, json, 'wait-seconds': wait } = invocation.flags;
      const fromFile = typeof input === 'string' ? await readInputFile(input) : {};
      return withProduct(invocation, ({ dispatcher }) =>
        runCall({
          dispatcher,
          operation: operation.name,
          input: { ...fromFile, ...argumentsFromFlags(registered, invocation.flags) },
          terminal,
          signal,
          isJson: json === true,
          waitSeconds: answersJob ? (typeof wait === 'number' ? Math.max(0, wait) : DEFAULT_WAIT_SECONDS) : undefined,
        }),
      );
    },
  };
}
