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
