/** Tables of the job database, the same in SQLite and PostgreSQL. Booleans are 0 or 1, `*_ms` are epoch milliseconds. */
export interface JobsDatabase {
  jobs: JobRow;
  job_events: { job_id: string; position: number; timestamp: string; event: string; details: string };
  /** What jobs under way hold alone. */
  job_targets: { target: string; job_id: string };
  /** Which job a task belongs to. */
  job_upids: { upid: string; job_id: string };
  /** Requests that were given up without a trace, and may yet start such a task. */
  lost_sends: { job_id: string; task_node: string; task_id: string; types: string; lost_at: string };
  idempotency_keys: { principal_id: string; key: string; body_hash: string; job_id: string; created_at: string };
  /** Living servers. */
  processes: { process_id: string; lease_until_ms: number };
  leases: { name: string; holder: string; lease_until_ms: number };
  /** One row. Every write raises it first, which puts all changes of all servers into one order. */
  change_counter: { id: number; value: number };
  /** At most one row: the cluster whose jobs these are. */
  cluster: { id: number; identity: string };
}

export interface JobRow {
  job_id: string;
  seq: number;
  epoch: number;
  owner: string | null;
  state: string;
  phase: string | null;
  operation: string;
  repeat: string;
  summary: string;
  principal_id: string;
  surface: string;
  request_id: string | null;
  input: string;
  has_secrets: number;
  node: string | null;
  targets: string;
  step: string | null;
  /** From `step`, for the search of requests in the air. */
  task_node: string | null;
  task_id: string | null;
  steps_done: number;
  upid: string | null;
  previous_upids: string;
  progress: number | null;
  attempts: number;
  retry_count: number;
  tainted: number;
  cancel_requested: number;
  earlier_effect: string;
  effect: string;
  last_error: string | null;
  error: string | null;
  warnings: string;
  result: string | null;
  metadata: string;
  approval: string | null;
  baseline: string;
  sent_at: string | null;
  implied_key: string | null;
  resolved_at: string | null;
  created_at: string;
  updated_at: string;
  completed_at: string | null;
  expires_at: string | null;
}
