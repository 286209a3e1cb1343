/** One thing that this server needs in order to work. */
export interface ReadinessCheck {
  readonly name: 'proxmox' | 'token' | 'quorum' | 'clock' | 'job_store' | 'follower';
  readonly ok: boolean;
  /** False for what is worth knowing and does not keep the server from serving. */
  readonly required: boolean;
  /** What was found, for people. */
  readonly detail: string;
}

/** Looks at everything once. Never rejects. */
export type CheckReadiness = () => Promise<readonly ReadinessCheck[]>;

/** Shares one look among all who ask within a short time, so that probes cost Proxmox nothing. */
export function sharedReadiness(check: CheckReadiness, now: () => number, keepMs = 3000): CheckReadiness {
  let latest: { readonly at: number; readonly checks: ReturnType<CheckReadiness> } | undefined;
  return () => {
    if (latest && now() - latest.at < keepMs) return latest.checks;
    latest = { at: now(), checks: check() };
    return latest.checks;
  };
}
