import type { CheckReadiness } from './readiness.ts';
import type { RouteTable } from './route-table.ts';

export interface ProbeRoutesOptions {
  readonly checkReadiness: CheckReadiness;
  /** Milliseconds that never jump back. */
  readonly now: () => number;
  readonly version: string;
  readonly isAuthRequired: boolean;
  readonly perMinute: number;
  /** What the operator has opened further than is wise. */
  readonly securityWarnings: readonly string[];
}

/** `GET /readyz` and `/health`: 200 while the server can do its work, 503 with what is wrong while it cannot. */
export function addProbeRoutes(routes: RouteTable, options: ProbeRoutesOptions): void {
  const { checkReadiness, now, version, isAuthRequired, perMinute, securityWarnings } = options;
  const startedAt = now();
  const ready = async (): Promise<Response> => {
    const checks = await checkReadiness();
    const isReady = checks.every(({ ok, required }) => ok || !required);
    const body = {
      status: checks.every(({ ok }) => ok) ? 'ok' : 'degraded',
      connected_to_mcp: isReady,
      uptime_seconds: Math.round(now() - startedAt) / 1000,
      server_type: 'in-process',
      version,
      wrong: checks.filter(({ ok }) => !ok).map(({ name }) => name),
      checks,
      auth: { api_key_configured: isAuthRequired, strict_auth: isAuthRequired },
      rate_limit: { enabled: perMinute > 0, requests_per_minute: perMinute },
      jobs: { enabled: true },
      security_warnings: securityWarnings,
    };
    return Response.json(body, { status: isReady ? 200 : 503 });
  };
  routes.get('/readyz', ready);
  routes.get('/health', ready);
}
