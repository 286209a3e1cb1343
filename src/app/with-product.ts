import { createSecrets } from '../domain/secrets.ts';
import type { Invocation } from '../cli/command.ts';
import { compose, type Product } from './compose.ts';
import { ConfigError } from './config-problem.ts';
import { policyRefused, readConfig } from './read-config.ts';
import { createLogger } from './logging.ts';

/** Composes the product for one command and closes it afterwards. Logs go to the configured file, and to a terminal only when something breaks. */
export async function withProduct<T>({ environment }: Invocation, use: (product: Product) => Promise<T>): Promise<T> {
  const { config } = readConfig(environment);
  const secrets = createSecrets();
  const toFile = typeof config.logging.file === 'string';
  const logger = createLogger(toFile ? config.logging : { level: 'CRITICAL' }, secrets);
  const product = await compose({ config, environment, logger, secrets }).catch((error: unknown) => {
    throw error instanceof ConfigError ? policyRefused(error) : error;
  });
  try {
    return await use(product);
  } finally {
    await product.close();
  }
}
