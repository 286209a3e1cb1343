// Asks the server in this container whether it lives: exit code 0 or 1. Any answer of the MCP door counts.
const isMcp = /^(?:mcp|streamable)/i.test((process.env.PROXMOX_MCP_MODE ?? '').trim());
const { API_PORT = '8811', MCP_PORT = '8000', MCPO_PATH_PREFIX = '' } = process.env;
const url = isMcp ? `http://127.0.0.1:${MCP_PORT}/mcp` : `http://127.0.0.1:${API_PORT}${MCPO_PATH_PREFIX.replace(/\/$/, '')}/livez`;
try {
  const { status } = await fetch(url, { signal: AbortSignal.timeout(5000) });
  process.exitCode = status === 200 || (isMcp && status < 500) ? 0 : 1;
} catch {
  process.exitCode = 1;
}
