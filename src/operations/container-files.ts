import { OperationError, toOperationError } from '../domain/operation-error.ts';
import type { NodeShell } from '../exec/node-shell.ts';
import { READ_OVERHEAD_BYTES, readFileCommand, readFileResult, type GuestFile } from '../exec/read-guest-file.ts';

/** A container, and where it is. */
export interface ContainerPlace {
  readonly node: string;
  readonly vmid: number;
}

/** Makes the shell when it is first needed; loading it costs time. */
export type OpenShell = () => Promise<NodeShell>;

/** Reads files in containers, which Proxmox VE has no API for. */
export interface ContainerFiles {
  /** At most `maxBytes` of a file. @throws OperationError `not_found`; `conflict` where SSH is not configured */
  read(place: ContainerPlace, path: string, maxBytes: number): Promise<GuestFile>;
}

const READ_WITHIN_SECONDS = 20;

export function createContainerFiles(openShell: OpenShell | undefined): ContainerFiles {
  return {
    async read({ node, vmid }, path, maxBytes) {
      if (openShell === undefined) throw withoutSsh();
      const script = readFileCommand(path, maxBytes);
      const shell = await openShell();
      const output = await shell
        .runInContainer({ node, vmid, ...script, timeoutSeconds: READ_WITHIN_SECONDS, maxOutputBytes: maxBytes + READ_OVERHEAD_BYTES })
        .catch((thrown: unknown) => {
          throw toOperationError(thrown).withEffect('none');
        });
      return readFileResult(output, path);
    },
  };
}

/** There is no way into containers. */
export function withoutSsh(): OperationError {
  return new OperationError('conflict', 'Containers are reached over SSH, which this server is not configured for.', {
    hint: 'An operator adds an ssh section to the configuration (docs/container-commands.md). VMs are reached through the QEMU guest agent.',
    details: { setting: 'ssh' },
  });
}
