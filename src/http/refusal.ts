/** A request that is turned away before it means anything: the body and status as clients of the predecessor know them. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, body: Readonly<Record<string, unknown>>, headers: Readonly<Record<string, string>> = {}) {
    super(String(body['detail'] ?? body['message'] ?? status));
    this.status = status;
    this.body = body;
    this.headers = headers;
  }

  get response(): Response {
    return Response.json(this.body, { status: this.status, headers: this.headers });
  }
}
