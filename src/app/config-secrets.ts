import type { Secrets } from '../domain/secrets.ts';
import { configFields } from './config-fields.ts';
import { sectionOf } from './config-rules.ts';
import { configSchema } from './config-schema.ts';

/** A secret of the configuration, and where it was given, e.g. `auth.token_value` or `webhooks[0].secret`. */
interface ConfigSecret {
  readonly where: string;
  readonly value: string;
}

const SECRET_FIELDS = configFields(configSchema).filter(({ secret }) => secret);

/** Every secret that a configuration holds, as it was written or as it was understood: what the schema marks, and webhooks. */
export function secretsIn(given: Readonly<Record<string, unknown>>): readonly ConfigSecret[] {
  const webhooks: readonly unknown[] = Array.isArray(given['webhooks']) ? given['webhooks'] : [];
  const found = [
    ...SECRET_FIELDS.map(({ path: [section, key] }) => ({ where: `${section}.${key}`, value: sectionOf(given, section)[key] })),
    ...webhooks.map((webhook, index) => ({ where: `webhooks[${index}].secret`, value: sectionOf({ webhook }, 'webhook')['secret'] })),
  ];
  return found.filter((secret): secret is ConfigSecret => typeof secret.value === 'string' && secret.value !== '');
}

/** Has every secret of the configuration taken out of what is shown. Answers, in sentences, which of them are too short for that. */
export function registerSecrets(given: Readonly<Record<string, unknown>>, secrets: Secrets): readonly string[] {
  const found = secretsIn(given);
  const inUrls = found.flatMap(({ where, value }) => {
    const password = URL.canParse(value) ? new URL(value).password : '';
    return password === ''
      ? []
      : [
          { where, value: password },
          { where, value: decoded(password) },
        ];
  });
  const short = [...found, ...inUrls].filter(({ value }) => !secrets.add(value));
  return [...new Set(short.map(({ where }) => where))].map(
    (where) => `${where} holds a secret of fewer than 4 characters, which is not taken out of logs and answers: use a long random one.`,
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
