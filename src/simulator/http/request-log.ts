import { requestPattern } from './pattern.ts';

/** One request as it came in; `status` is undefined while it is being answered, or when it never was. */
export interface LoggedRequest {
  readonly method: string;
  /** Decoded, without /api2/json and without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly at: number;
  status: number | undefined;
}

/** The newest requests, oldest first. */
export interface RequestLog {
  list(pattern?: string): readonly LoggedRequest[];
  count(pattern?: string): number;
  clear(): void;
}

const LIMIT = 5000;

export function createRequestLog(): RequestLog & { add(request: LoggedRequest): void } {
  let requests: LoggedRequest[] = [];
  const list = (pattern?: string): readonly LoggedRequest[] => {
    if (pattern === undefined) return [...requests];
    const matches = requestPattern(pattern);
    return requests.filter((request) => matches(request.method, request.path));
  };
  return {
    list,
    count: (pattern) => list(pattern).length,
    clear() {
      requests = [];
    },
    add(request) {
      requests.push(request);
      if (requests.length > LIMIT * 1.2) requests = requests.slice(-LIMIT);
    },
  };
}
