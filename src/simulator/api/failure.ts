/**
 * An error answer of the API: status, text (also the reason phrase) and, for refused parameters, a text per parameter.
 * @see pve-common PVE/Exception.pm
 */
export class ApiFailure extends Error {
  readonly status: number;
  readonly errors: Record<string, string> | undefined;

  constructor(status: number, message: string, errors?: Record<string, string>) {
    super(message);
    this.name = 'ApiFailure';
    this.status = status;
    this.errors = errors;
  }
}

/** What a plain `die` becomes: 500 with the text and a line end. */
export const failure = (text: string): ApiFailure => new ApiFailure(500, `${text}\n`);

/** 400 with one text per parameter. */
export const parameterFailure = (errors: Record<string, string>): ApiFailure =>
  new ApiFailure(400, 'Parameter verification failed.\n', errors);

/** 403; `what` is usually `path, privilege`. */
export const permissionFailure = (what?: string): ApiFailure =>
  new ApiFailure(403, what === undefined ? 'Permission check failed\n' : `Permission check failed (${what})\n`);

/** 501 for a path or method that Proxmox does not know. */
export const notImplemented = (method: string, path: string): ApiFailure =>
  new ApiFailure(501, `Method '${method} ${path}' not implemented`);
