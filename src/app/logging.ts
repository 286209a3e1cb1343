import { closeSync, fchmodSync, openSync, writeSync } from 'node:fs';
import { pino, type Logger } from 'pino';
import type { Secrets } from '../domain/secrets.ts';

export type { Logger };

const STDERR = 2;
const LEVELS = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error', CRITICAL: 'fatal' } as const;
/** By key, for values that nobody registered. */
const SECRET_KEYS = /pass(?:word|phrase)?$|secret|token_?value|^token$|authorization|private_?key|ssh_?public_?keys|cookie/i;

export interface LogSettings {
  readonly level: keyof typeof LEVELS;
  /** Appended to, created 0600; standard error when left out. Never standard output: that carries the protocol. */
  readonly file?: string | null | undefined;
}

/** Structured logs as JSON lines. Secrets are taken out by key and, in the finished line, by value. */
export function createLogger(settings: LogSettings, secrets: Secrets): Logger {
  const fd = settings.file === undefined || settings.file === null ? STDERR : openLog(settings.file);
  const destination = {
    write(line: string): void {
      try {
        writeSync(fd, secrets.scrub(line));
      } catch {
        // A log that cannot be written must not take the server down with it.
      }
    },
    close(): void {
      if (fd !== STDERR) closeSync(fd);
    },
  };
  return pino(
    {
      level: LEVELS[settings.level],
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (fields) => redact(fields, 0) as Record<string, unknown> },
    },
    destination,
  );
}

function openLog(path: string): number {
  const fd = openSync(path, 'a', 0o600);
  fchmodSync(fd, 0o600);
  return fd;
}

function redact(value: unknown, depth: number): unknown {
  if (depth > 8 || typeof value !== 'object' || value === null) return value;
  if (value instanceof Error)
    return {
      name: value.name,
      message: value.message,
      stack: value.stack,
      ...(value.cause === undefined ? {} : { cause: redact(value.cause, depth + 1) }),
    };
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, SECRET_KEYS.test(key) ? '<secret>' : redact(item, depth + 1)]),
  );
}
