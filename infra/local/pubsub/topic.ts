/** A topic as created. Labels, storage policy and key name are kept and shown, and change nothing here. */
export interface Topic {
  /** `projects/{project}/topics/{id}` */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Keeps messages for a seek, acknowledged or not, even when no subscription wants them. */
  readonly messageRetentionMs?: number;
  readonly allowedPersistenceRegions: readonly string[];
}
