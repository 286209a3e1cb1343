import type { Command } from '../cli/command.ts';
import { argumentsFromFlags, operationFlags, waitSecondsIn } from '../cli/operation-flags.ts';
import { readInputFile } from '../cli/read-input-file.ts';
import { runCall } from '../cli/run-call.ts';
import { registerCatalog, takesWait, type RegisteredOperation } from '../dispatch/registered-operation.ts';
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
  return {
    name: `call ${operation.name}`,
    summary: operation.description,
    details: `Toolset ${registered.toolset}, risk ${tellRisk(operation)}.`,
    flags: operationFlags(registered),
    async run(invocation) {
      const { terminal, signal } = invocation;
      const { input, json } = invocation.flags;
      const fromFile = typeof input === 'string' ? await readInputFile(input) : {};
      return withProduct(invocation, ({ dispatcher }) =>
        runCall({
          dispatcher,
          operation: operation.name,
          input: { ...fromFile, ...argumentsFromFlags(registered, invocation.flags) },
          terminal,
          signal,
          isJson: json === true,
          waitSeconds: takesWait(registered) ? waitSecondsIn(invocation.flags) : undefined,
        }),
      );
    },
  };
}
