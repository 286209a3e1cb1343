import type { Endpoint } from './endpoint.ts';
import { schemaOf } from './endpoint.ts';

/** The endpoint of a request and the parameters in its path. */
export interface Route {
  readonly endpoint: Endpoint;
  readonly pathParameters: Record<string, string>;
}

interface Branch {
  readonly literal: Map<string, Branch>;
  parameter: { name: string; branch: Branch } | undefined;
  readonly methods: Map<string, Endpoint>;
}

const createBranch = (): Branch => ({ literal: new Map(), parameter: undefined, methods: new Map() });

/**
 * Finds the endpoint of a path. The whole path has been percent-decoded before, so an encoded slash is a slash;
 * only `{volume}` may hold slashes, because it takes the rest of the path.
 * @see pve-common PVE/RESTHandler.pm find_handler
 */
export function createRouter(endpoints: readonly Endpoint[]): (method: string, path: string) => Route | undefined {
  const root = createBranch();
  for (const endpoint of endpoints) {
    schemaOf(endpoint);
    let branch = root;
    for (const part of endpoint.path.split('/').filter((name) => name !== '')) {
      const name = /^\{(.+)\}$/.exec(part)?.[1];
      if (name === undefined) {
        const next = branch.literal.get(part) ?? createBranch();
        branch.literal.set(part, next);
        branch = next;
      } else {
        branch.parameter ??= { name, branch: createBranch() };
        branch = branch.parameter.branch;
      }
    }
    branch.methods.set(endpoint.method, endpoint);
  }
  return (method, path) => {
    const parts = path.split('/').filter((part) => part !== '');
    const pathParameters: Record<string, string> = {};
    let branch = root;
    for (const [n, part] of parts.entries()) {
      const next = branch.literal.get(part);
      if (next !== undefined) {
        branch = next;
        continue;
      }
      if (branch.parameter === undefined) return undefined;
      const { name } = branch.parameter;
      branch = branch.parameter.branch;
      if (name === 'volume') {
        pathParameters[name] = parts.slice(n).join('/');
        break;
      }
      pathParameters[name] = part;
    }
    const endpoint = branch.methods.get(method);
    return endpoint === undefined ? undefined : { endpoint, pathParameters };
  };
}
